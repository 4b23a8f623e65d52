internal import Architecture
internal import ArmRegisters
internal import Backend
internal import Virtualization

// A VM's memory before its first instruction: its images, and the device tree that we made for it.

/// How far a VM is on its way to its first instruction. All of it is done in the time of its first vCPU, some at a time.
enum Loading: Equatable {
  /// A restart: the next step in which its models go back to power on.
  case resetting(step: Int)
  /// A restart: how much of the memory's old contents has left the caches, in bytes.
  case cleaning(offset: UInt64)
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
    case .copying(let index, let offset): copySome(of: index, from: offset)
    case .tree(let offset): loadTree(from: offset)
    case .seeds(let hasFirst): sow(hasFirst: hasFirst)
    case .resetting, .done, .failed: break
    }
  }

  private mutating func copySome(of index: Int, from offset: UInt64) {
    guard index < origin.images.count else { return finishLoading() }
    let image = origin.images[index]
    let count = unsafe load(
      UnsafeRawPointer(bitPattern: image.data).unsafelyUnwrapped + Int(offset), image.size - offset,
      to: image.place.advanced(by: offset))
    loading =
      offset + count < image.size
      ? .copying(image: index, offset: offset + count) : .copying(image: index + 1, offset: 0)
  }

  /// What the guest wrote before its restart must not leave the caches later, over what it writes uncached then.
  private mutating func cleanSome(from offset: UInt64) {
    let piece = memory.piece(at: memory.start.advanced(by: offset)) ?? AddressRange(start: PhysicalAddress(0), size: 0)
    let count = min(Self.cleaningStep, piece.size)
    clean(piece.start, count)
    loading =
      count > 0 && offset + count < memory.size ? .cleaning(offset: offset + count) : .copying(image: 0, offset: 0)
  }

  private mutating func finishLoading() {
    Processor.invalidateInstructionCaches()
    loading = origin.treePlace == nil ? .done : .tree(offset: 0)
  }

  /// The device tree comes last.
  private mutating func loadTree(from offset: UInt64) {
    let tree = origin.tree
    guard let address = origin.treePlace, !tree.isEmpty,
      memory.range.contains(AddressRange(start: address, size: tree.size))
    else {
      loading = .failed
      return
    }
    let count = unsafe load(
      UnsafeRawPointer(tree.start.advanced(by: offset).unsafePointer), tree.size - offset,
      to: address.advanced(by: offset))
    guard offset + count >= tree.size else {
      loading = .tree(offset: offset + count)
      return
    }
    loading = origin.seeds == nil ? .done : .seeds(hasFirst: false)
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
    if let seeds = origin.seeds, let tree = origin.treePlace {
      let seed = hasFirst ? seeds.random : seeds.kaslr
      sow(seed.count, at: tree.advanced(by: UInt64(seed.lowerBound)))
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
