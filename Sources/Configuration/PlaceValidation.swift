internal import Architecture
internal import DeviceTree

extension VMDescription {
  /// That the images, the entry point, the device tree and the initial RAM disk lie in the VM's memory, apart from one
  /// another, and that the guest finds something where it looks.
  func checkPlaces(_ report: (SystemProblem) -> Void) {
    for image in images { checkImage(image, report) }
    checkEntry(report)
    checkDeviceTree(report)
    checkInitialRAMDisk(report)
  }

  /// True where all of `range` lies in the VM's RAM.
  private func memoryHolds(_ range: AddressRange<GuestPhysicalAddress>) -> Bool { memory.contains(range) }

  private func checkImage(_ image: ImageDescription, _ report: (SystemProblem) -> Void) {
    func problem(_ field: SystemProblem.Field, _ kind: SystemProblem.Kind) {
      report(SystemProblem(.image(vm: index, image: image.index), field, kind))
    }
    guard let data = image.node["data"] else { return problem(.data, .missing) }
    guard let address = image.node["address"] else { return problem(.address, .missing) }
    guard address.u64 != nil else { return problem(.address, .malformed) }
    if data.isEmpty { problem(.data, .empty) }
    // A range that would pass the end of the address space is cut there, and then lies in no memory.
    guard memoryHolds(image.range) || firmware.contains(image.range) else { return problem(.address, .outsideMemory) }
    for other in images where other.index < image.index && other.range.overlaps(image.range) {
      return problem(.address, .overlapsImage(other.index))
    }
  }

  private func checkEntry(_ report: (SystemProblem) -> Void) {
    func problem(_ field: SystemProblem.Field, _ kind: SystemProblem.Kind) {
      report(SystemProblem(.vm(index), field, kind))
    }
    guard needed("entry", .entry, problem) != nil else { return }
    let instruction = AddressRange(start: entry, size: 4)
    guard memoryHolds(instruction) || firmware.contains(instruction) else { return problem(.entry, .outsideMemory) }
    guard entry.isAligned(to: 4) else { return problem(.entry, .misaligned(to: 4)) }
    for image in images where image.range.contains(instruction) { return }
    problem(.entry, .notLoaded)
  }

  private func checkDeviceTree(_ report: (SystemProblem) -> Void) {
    func problem(_ kind: SystemProblem.Kind) { report(SystemProblem(.vm(index), .deviceTree, kind)) }
    guard node["device-tree"] != nil else { return }
    guard let start = deviceTree else { return problem(.malformed) }
    guard start.isAligned(to: 8) else { return problem(.misaligned(to: 8)) }
    let range = AddressRange(start: start, size: UInt64(GuestDeviceTree.sizeBound(for: self)))
    guard memoryHolds(range) else { return problem(.outsideMemory) }
    for image in images where image.range.overlaps(range) { return problem(.overlapsImage(image.index)) }
  }

  private func checkInitialRAMDisk(_ report: (SystemProblem) -> Void) {
    func problem(_ kind: SystemProblem.Kind) { report(SystemProblem(.vm(index), .initialRAMDisk, kind)) }
    guard node["initrd"] != nil else { return }
    guard let disk = initialRAMDisk else { return problem(.malformed) }
    guard !disk.isEmpty else { return problem(.empty) }
    guard memoryHolds(disk) else { return problem(.outsideMemory) }
    if let start = deviceTree {
      let tree = AddressRange(start: start, size: UInt64(GuestDeviceTree.sizeBound(for: self)))
      if tree.overlaps(disk) { problem(.overlapsDeviceTree) }
    }
    for image in images where image.range.contains(disk) { return }
    for image in images where image.range.overlaps(disk) { return problem(.overlapsImage(image.index)) }
    problem(.notLoaded)
  }
}
