internal import Architecture
internal import ArmRegisters
internal import ARMv8Assembly
internal import Configuration
internal import DeviceTree
internal import Virtualization

// A VM's memory before its first instruction: its images, and the device tree that we make for it.

extension HostedVM {
  /// Copies the VM's images into its memory and writes its device tree. False where the tree does not fit.
  ///
  /// A guest starts with its caches off: what we write goes out to memory before it runs.
  func loadImages() -> Bool {
    for image in description.images {
      guard let data = image.data, let place = place(of: image.range) else { continue }
      unsafe data.bytes.withUnsafeBytes { bytes in
        unsafe place.unsafePointer.copyMemory(from: bytes.baseAddress.unsafelyUnwrapped, byteCount: bytes.count)
      }
      clean(place, image.range.size)
    }
    invalidate_instruction_caches()
    return writeDeviceTree()
  }

  /// Where a range of the guest's memory is, or nil where it is not all in one piece of it.
  private func place(of range: AddressRange<GuestPhysicalAddress>) -> PhysicalAddress? {
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
    do throws(DeviceTreeError) {
      _ = try unsafe GuestDeviceTree.write(
        description, gic: machine.interrupts.version, cpu: "arm,armv8",
        unsafeInto: UnsafeMutableRawBufferPointer(start: place.unsafePointer, count: Int(room.size)))
    } catch { return false }
    clean(place, room.size)
    return true
  }

  private func clean(_ start: PhysicalAddress, _ size: UInt64) {
    let line = data_cache_line_size()
    var address = UInt64(start.mapped) & ~(line &- 1)
    let end = UInt64(start.mapped) &+ size
    while address < end {
      clean_invalidate_data_line(address)
      address &+= line
    }
    barrier_complete()
  }
}
