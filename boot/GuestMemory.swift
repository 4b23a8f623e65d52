internal import Architecture
internal import ArmRegisters
internal import Backend
internal import Configuration
internal import DeviceTree
internal import Virtualization

// A VM's memory before its first instruction: its images, and the device tree that we make for it.

/// How far the loading of a VM's memory has come.
enum Loading: Equatable {
  /// A restart: how much of the memory's old contents has left the caches, in bytes.
  case cleaning(offset: UInt64)
  /// The next byte to copy: the image's index, and how far into it.
  case at(image: Int, offset: UInt64)
  /// All is there.
  case done
  /// The VM's device tree does not fit.
  case failed
}

extension HostedVM {
  /// What one step copies at the most, in bytes: the time for which the others' interrupts wait.
  private static let loadingStep: UInt64 = 8192
  /// The same where memory is only cleaned out of the caches.
  private static let cleaningStep: UInt64 = 65536

  /// Goes on with the loading, for a bounded time: a VM that starts must not hold up the others. `loading` says how far
  /// it is.
  ///
  /// A guest starts with its caches off: what we write goes out to memory before it runs.
  mutating func loadSome() {
    if case .cleaning(let offset) = loading { return cleanSome(from: offset) }
    guard case .at(let index, let offset) = loading else { return }
    var image: ImageDescription?
    for candidate in description.images where candidate.index == index { image = candidate }
    guard let image else { return finishLoading() }
    guard let data = image.data, let place = place(of: image.range), offset < image.range.size else {
      loading = .at(image: index + 1, offset: 0)
      return
    }
    let count = min(Self.loadingStep, image.range.size - offset)
    unsafe data.bytes.withUnsafeBytes { bytes in
      unsafe place.advanced(by: offset).unsafePointer.copyMemory(
        from: bytes.baseAddress.unsafelyUnwrapped + Int(offset), byteCount: Int(count))
    }
    clean(place.advanced(by: offset), count)
    loading = .at(image: index, offset: offset + count)
  }

  /// What the guest wrote before its restart must not leave the caches later, over what it writes uncached then.
  private mutating func cleanSome(from offset: UInt64) {
    let count = min(Self.cleaningStep, memory.size - offset)
    clean(memory.start.advanced(by: offset), count)
    loading = offset + count < memory.size ? .cleaning(offset: offset + count) : .at(image: 0, offset: 0)
  }

  private mutating func finishLoading() {
    Processor.invalidateInstructionCaches()
    loading = writeDeviceTree() ? .done : .failed
  }

  /// Where a range of the guest's memory is, or nil where it is not all in one piece of it.
  func place(of range: AddressRange<GuestPhysicalAddress>) -> PhysicalAddress? {
    guard !range.isEmpty else { return nil }
    if description.memory.contains(range) {
      return memory.start.advanced(by: range.start.offset(from: description.memory.start))
    }
    if description.firmware.contains(range) { return firmware.start.advanced(by: range.start.rawValue) }
    return nil
  }

  private func writeDeviceTree() -> Bool {
    guard let address = description.deviceTree else { return true }
    let room = AddressRange(start: address, size: UInt64(GuestDeviceTree.sizeBound(for: description)))
    guard let place = place(of: room) else { return false }
    // AArch32 has no name for just any CPU; `virt` has this one by default.
    let cpu: Text = description.instructionSet == .aarch32 ? "arm,cortex-a15" : "arm,armv8"
    do throws(DeviceTreeError) {
      _ = try unsafe GuestDeviceTree.write(
        description, gic: machine.interrupts.version, cpu: cpu, given: devices,
        unsafeInto: UnsafeMutableRawBufferPointer(start: place.unsafePointer, count: Int(room.size)))
    } catch { return false }
    clean(place, room.size)
    return true
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
