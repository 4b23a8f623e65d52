internal import Architecture
internal import ArmRegisters
internal import Backend
internal import Configuration
internal import DeviceTree
internal import Virtualization

// A VM's memory before its first instruction: its images, and the device tree that we made for it.

/// How far a VM is on its way to its first instruction. All of it is done in the time of its first vCPU, some at a time.
enum Loading: Equatable {
  /// A restart: the next step in which its models go back to power on.
  case resetting(step: Int)
  /// A restart: how much of the memory's old contents has left the caches, in bytes.
  case cleaning(offset: UInt64)
  /// The next image, by its index: it is still to be found.
  case finding(image: Int)
  /// The next byte of an image to copy.
  case copying(image: Int, offset: UInt64)
  /// How much of the device tree is there, in bytes.
  case tree(offset: UInt64)
  /// The tree is there, and has the bytes of its last start in the place of fresh ones: of the first kind still, or of the
  /// second only.
  case seeds(hasFirst: Bool)
  /// All is there.
  case done
  /// The VM's device tree does not fit.
  case failed
}

/// The image that is being loaded.
struct LoadedImage {
  /// Where its bytes are in the bundle.
  var data: UInt = 0
  /// Where they go, all of them in the RAM or all in the firmware's memory.
  var place = GuestPhysicalAddress(0)
  /// How many they are; what the file has less of is not in the bundle.
  var size: UInt64 = 0
}

extension HostedVM {
  /// What one step copies at the most, in bytes: the time for which the others' interrupts wait.
  private static let loadingStep: UInt64 = 2048
  /// The same where memory is only cleaned out of the caches.
  private static let cleaningStep: UInt64 = 4096

  /// Goes on with the loading, for a bounded time: a VM that starts must not hold up the others. `loading` says how far
  /// it is.
  ///
  /// A guest starts with its caches off: what we write goes out to memory before it runs.
  mutating func loadSome() {
    switch loading {
    case .cleaning(let offset): cleanSome(from: offset)
    case .finding(let index): beginImage(index)
    case .copying(let index, let offset): copySome(of: index, from: offset)
    case .tree(let offset): loadTree(from: offset)
    case .seeds(let hasFirst): sow(hasFirst: hasFirst)
    case .resetting, .done, .failed: break
    }
  }

  private mutating func copySome(of index: Int, from offset: UInt64) {
    let count = unsafe load(
      UnsafeRawPointer(bitPattern: image.data).unsafelyUnwrapped + Int(offset), image.size - offset,
      to: image.place.advanced(by: offset))
    loading = offset + count < image.size ? .copying(image: index, offset: offset + count) : .finding(image: index + 1)
  }

  /// Finds the next image in the bundle, which takes a step of its own.
  private mutating func beginImage(_ index: Int) {
    var found: ImageDescription?
    for candidate in description.images where candidate.index == index { found = candidate }
    guard let found else { return finishLoading() }
    guard let data = found.data, holds(found.range) else {
      loading = .finding(image: index + 1)
      return
    }
    image = LoadedImage(
      data: unsafe data.bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }, place: found.range.start,
      size: found.range.size)
    loading = .copying(image: index, offset: 0)
  }

  /// What the guest wrote before its restart must not leave the caches later, over what it writes uncached then.
  private mutating func cleanSome(from offset: UInt64) {
    let piece = memory.piece(at: memory.start.advanced(by: offset)) ?? AddressRange(start: PhysicalAddress(0), size: 0)
    let count = min(Self.cleaningStep, piece.size)
    clean(piece.start, count)
    loading = count > 0 && offset + count < memory.size ? .cleaning(offset: offset + count) : .finding(image: 0)
  }

  private mutating func finishLoading() {
    Processor.invalidateInstructionCaches()
    loading = origin.deviceTree == nil ? .done : .tree(offset: 0)
  }

  /// The device tree comes last.
  private mutating func loadTree(from offset: UInt64) {
    guard let address = origin.deviceTree, !deviceTree.isEmpty,
      memory.range.contains(AddressRange(start: address, size: deviceTree.size))
    else {
      loading = .failed
      return
    }
    let count = unsafe load(
      UnsafeRawPointer(deviceTree.start.advanced(by: offset).unsafePointer), deviceTree.size - offset,
      to: address.advanced(by: offset))
    guard offset + count >= deviceTree.size else {
      loading = .tree(offset: offset + count)
      return
    }
    loading = seeds == nil ? .done : .seeds(hasFirst: false)
  }

  /// Copies what one step does of so many bytes at `source` to the guest's memory, which has them all, and says how many those
  /// are: at least one, and none of them past the end of a piece.
  private func load(_ source: UnsafeRawPointer, _ size: UInt64, to address: GuestPhysicalAddress) -> UInt64 {
    // Nothing is left of what would lie outside.
    guard let piece = piece(at: address) else { return size }
    let count = min(Self.loadingStep, size, piece.size)
    unsafe piece.start.unsafePointer.copyMemory(from: source, byteCount: Int(count))
    clean(piece.start, count)
    return count
  }

  /// Puts fresh seeds into the device tree, one at a time. Nobody else uses the VM's models before its first instruction.
  private mutating func sow(hasFirst: Bool) {
    if let seeds, let tree = origin.deviceTree {
      let (count, offset) =
        hasFirst
        ? (GuestDeviceTree.seedSizes.random, seeds.random) : (GuestDeviceTree.seedSizes.kaslr, seeds.kaslr)
      sow(count, at: tree.advanced(by: UInt64(offset)))
    }
    loading = hasFirst ? .done : .seeds(hasFirst: true)
  }

  /// Fills up to 32 bytes, a multiple of four.
  @inline(never)
  private mutating func sow(_ count: Int, at address: GuestPhysicalAddress) {
    let words = machine.random.next(at: read_physical_counter())
    for index in 0..<count / 4 {
      // Trees have words at multiples of four, and no piece ends within one.
      guard let place = memory.piece(at: address.advanced(by: UInt64(index * 4))) else { return }
      unsafe place.start.unsafePointer.storeBytes(of: words[index], as: UInt32.self)
      clean(place.start, 4)
    }
  }

  /// True where the guest's RAM or its firmware's memory has all of a range.
  private func holds(_ range: AddressRange<GuestPhysicalAddress>) -> Bool {
    !range.isEmpty && (memory.range.contains(range) || firmware.range.contains(range))
  }

  /// Where the host has the byte at a guest's address, and what follows it up to the end of its piece of memory; nil outside.
  func piece(at address: GuestPhysicalAddress) -> AddressRange<PhysicalAddress>? {
    memory.piece(at: address) ?? firmware.piece(at: address)
  }

  private func clean(_ start: PhysicalAddress, _ size: UInt64) {
    let line = Processor.dataCacheLineSize
    var address = start.mapped & ~(line &- 1)
    let end = start.mapped &+ UInt(size)
    while address < end {
      Processor.cleanAndInvalidateDataLine(at: address)
      address &+= line
    }
    barrier_complete()
  }
}

extension SystemBuilder {
  /// A VM's device tree, written here once for all of its starts: libfdt takes a long time for one, and does not let anybody
  /// else have the CPU meanwhile. Empty where the VM needs none, and where the tree does not fit.
  mutating func buildTree(
    of description: VMDescription, _ gic: GICVersion, _ devices: GivenDevices, hasSeeds: Bool
  ) throws(BootFailure) -> (range: AddressRange<PhysicalAddress>, seeds: (kaslr: Int, random: Int)?) {
    let nothing = (range: AddressRange(start: PhysicalAddress(0), size: 0), seeds: nil as (kaslr: Int, random: Int)?)
    guard description.deviceTree != nil else { return nothing }
    let size = UInt64(GuestDeviceTree.sizeBound(for: description))
    let place = try taking(atMost: size) { (arena) throws(OutOfMemory) in try arena.take(size, alignment: 16) }
    // AArch32 has no name for just any CPU; `virt` has this one by default.
    let cpu: Text = description.instructionSet == .aarch32 ? "arm,cortex-a15" : "arm,armv8"
    do throws(DeviceTreeError) {
      let written = try unsafe GuestDeviceTree.write(
        description, gic: gic, cpu: cpu, given: devices, host: machine, hasSeeds: hasSeeds,
        unsafeInto: UnsafeMutableRawBufferPointer(start: place.unsafePointer, count: Int(size)))
      arena.takeBack(from: place.advanced(by: UInt64(written.byteCount)))
      return (AddressRange(start: place, size: UInt64(written.byteCount)), written.seeds)
    } catch { return nothing }
  }
}
