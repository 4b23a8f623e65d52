internal import Architecture
internal import Configuration
internal import DeviceTree
internal import Kernel

// What a VM starts with: its images, and the device tree that is made for it.

extension SystemBuilder {
  /// Notes what the VM, whose memory and devices are known, needs for each of its starts.
  mutating func record(
    _ description: VMDescription, _ place: VMPlace, _ gic: GICVersion, _ devices: GivenDevices, hasSeeds: Bool
  ) throws(BootFailure) -> StartRecord {
    let images = try images(of: description, place)
    let tree = try buildTree(of: description, gic, devices, hasSeeds: hasSeeds)
    let sizes = GuestDeviceTree.seedSizes
    return StartRecord(
      entry: description.entry, restartsOnReset: description.onReset == .restart, images: images,
      treePlace: description.deviceTree, tree: tree.range,
      seeds: tree.seeds.map { ($0.kaslr..<$0.kaslr + sizes.kaslr, $0.random..<$0.random + sizes.random) })
  }

  /// The images that have bytes, all of them in the VM's memory: others were refused by validation.
  private mutating func images(of description: VMDescription, _ place: VMPlace) throws(BootFailure) -> Storage<
    GuestImage
  > {
    var count = 0
    for image in description.images where GuestImage(image, in: place) != nil { count += 1 }
    return try taking { (arena) throws(OutOfMemory) in
      let images = try arena.storage(of: GuestImage.self, count: count) { _ in
        GuestImage(data: 0, place: GuestPhysicalAddress(0), size: 0)
      }
      var next = 0
      for image in description.images {
        guard let found = GuestImage(image, in: place) else { continue }
        images[next] = found
        next += 1
      }
      return images
    }
  }

  /// A VM's device tree, written here once for all of its starts: libfdt takes a long time for one, and does not let anybody
  /// else have the CPU meanwhile. Empty where the VM needs none, and where the tree does not fit.
  private mutating func buildTree(
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

extension GuestImage {
  fileprivate init?(_ image: ImageDescription, in place: VMPlace) {
    let range = image.range
    guard let data = image.data, !range.isEmpty,
      place.memory.range.contains(range) || place.firmware.range.contains(range)
    else { return nil }
    self.init(
      data: unsafe data.bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }, place: range.start, size: range.size
    )
  }
}
