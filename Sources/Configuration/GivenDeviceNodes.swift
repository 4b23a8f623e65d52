internal import Architecture
internal import DeviceTree

// The nodes of devices of the host's in a guest's tree: what the host's node says, with registers and interrupts where the
// guest has them, with copies of the clocks and regulators that it refers to, and without references to anything else,
// which the guest does not have.

extension GuestDeviceTree {
  /// The most devices that a VM can be given: their nodes go where the tool leaves 2 MiB for the tree.
  public static var deviceCountLimit: Int { 128 }
  /// How many bytes a device may add to a guest's tree.
  static var deviceLimit: Int { 8192 }

  static func writeDevices(_ given: GivenDevices, to root: inout DeviceTreeWriter) throws(DeviceTreeError) {
    var reference: UInt32 = 0
    for index in given.devices.indices {
      let device = given.devices[index]
      let address = device.regions.isEmpty ? 0 : given.regions[device.regions.lowerBound].guest.start.rawValue
      try root.node(device.node.baseName, at: address) { (node) throws(DeviceTreeError) in
        try writeOwnProperties(of: device, given, to: &node)
        try writeReferences(of: device, from: &reference, to: &node)
      }
    }
    reference = 0
    for index in given.devices.indices {
      try writeReferenced(by: given.devices[index], from: &reference, to: &root)
    }
  }

  /// What the guest's own view of the device says, and what means the same everywhere.
  private static func writeOwnProperties(
    of device: GivenDevice, _ given: GivenDevices, to node: inout DeviceTreeWriter
  ) throws(DeviceTreeError) {
    let regions = device.regions
    try node.property("reg", numberCount: regions.count * 2) { index in
      let guest = given.regions[regions.lowerBound + index / 2].guest
      return index % 2 == 0 ? guest.start.rawValue : guest.size
    }
    if !device.interrupts.isEmpty {
      let interrupts = device.interrupts
      try node.property("interrupts", cellCount: interrupts.count * 3) { index in
        let interrupt = given.interrupts[interrupts.lowerBound + index / 3]
        switch index % 3 {
        case 0: return 0
        case 1: return UInt32(interrupt.guest) &- 32
        default: return interrupt.host.trigger.rawValue
        }
      }
    }
    // The guest's tree calls its machine coherent.
    if !device.node.isCoherent { try node.property("dma-noncoherent") }
    for property in device.node.properties where property.name.isPlain {
      try node.property(property.name, bytes: property.value.bytes)
    }
  }

  private static func writeReferences(
    of given: GivenDevice, from reference: inout UInt32, to node: inout DeviceTreeWriter
  ) throws(DeviceTreeError) {
    let device = given.node
    let count = device.clockCount(given.clock)
    if count > 0 {
      let first = reference
      try node.property("clocks", cellCount: count) { index in
        firstReference &+ first &+ UInt32(truncatingIfNeeded: index)
      }
      reference &+= UInt32(truncatingIfNeeded: count)
      if let names = device["clock-names"] { try node.property("clock-names", bytes: names.bytes) }
    }
    for property in device.properties where device.supply(property.name, property.value) != nil {
      try node.property(property.name, firstReference &+ reference)
      reference &+= 1
    }
  }

  /// The nodes that `writeReferences` has referred to, in the same order.
  private static func writeReferenced(
    by given: GivenDevice, from reference: inout UInt32, to root: inout DeviceTreeWriter
  ) throws(DeviceTreeError) {
    let device = given.node
    for index in 0..<device.clockCount(given.clock) {
      let frequency = device.clockFrequency(index) ?? given.clock ?? 0
      let phandle = firstReference &+ reference
      try root.node("given-clock", at: UInt64(reference)) { (node) throws(DeviceTreeError) in
        try node.property("phandle", phandle)
        try node.property("clock-frequency", frequency)
        try node.property("#clock-cells", 0)
        try node.property("clock-output-names", string: clockName(reference).span)
        try node.property("compatible", "fixed-clock")
      }
      reference &+= 1
    }
    for property in device.properties {
      guard let supply = device.supply(property.name, property.value) else { continue }
      let phandle = firstReference &+ reference
      try root.node("given-regulator", at: UInt64(reference)) { (node) throws(DeviceTreeError) in
        try node.property("phandle", phandle)
        for property in supply.properties where property.name.isVoltage {
          try node.property(property.name, bytes: property.value.bytes)
        }
        try node.property("regulator-name", property.name)
        try node.property("regulator-always-on")
        try node.property("compatible", "regulator-fixed")
      }
      reference &+= 1
    }
  }

  /// Names by which a guest tells its clocks apart: Linux takes the node's otherwise, without its unit address, and refuses a
  /// second clock of that name.
  private static func clockName(_ reference: UInt32) -> [10 of UInt8] {
    var name: [10 of UInt8] = [0x67, 0x69, 0x76, 0x65, 0x6e, 0x2d, 0x30, 0x30, 0x30, 0x30]  // given-0000
    for index in 0..<4 {
      name[9 - index] = UInt8(truncatingIfNeeded: 0x30 &+ reference &>> UInt32(index * 3) & 7)
    }
    return name
  }

  /// The phandle of the first copy, past those of the guest's own nodes.
  private static var firstReference: UInt32 { 0x8100 }
}

extension DeviceTree.Node {
  /// An upper bound of the bytes that the device adds to a guest's tree, where clocks without a frequency have that of `clock`.
  func descriptionBound(clock: UInt32?) -> Int {
    // The tags of the node; then each property's tag, length, name and padding, the name among the strings; and for each
    // region, interrupt and reference what is written anew.
    var bound = 256 + name.count + registerRegionCount * 16
    for property in properties { bound += 16 + property.name.count + property.value.count }
    if let interrupts = self["interrupts"] ?? self["interrupts-extended"] { bound += interrupts.count * 3 }
    bound += clockCount(clock) * 256
    for property in properties where supply(property.name, property.value) != nil { bound += 384 }
    return bound
  }

  /// True where what the device reads and writes itself goes through the CPUs' caches.
  fileprivate var isCoherent: Bool {
    if self["dma-coherent"] != nil { return true }
    return parent?.isCoherent ?? false
  }

  /// How many clocks the node refers to, or 0 where neither the tree nor `given` says how fast one of them is: a guest cannot
  /// have part of the list.
  fileprivate func clockCount(_ given: UInt32?) -> Int {
    guard let clocks = self["clocks"] else { return 0 }
    var (count, cell) = (0, 0)
    while cell < clocks.cellCount {
      guard let clock = clock(at: cell, of: clocks), clock.fixedFrequency ?? given != nil else { return 0 }
      cell += 1 + clock.clockCellCount
      count += 1
    }
    return count
  }

  /// True where the node refers to clocks, and a guest has them only if somebody says how fast those are that the tree does not.
  var lacksClockFrequency: Bool { clockCount(nil) == 0 && clockCount(1) > 0 }

  /// How fast the clock at `index` runs, where the tree says it.
  fileprivate func clockFrequency(_ index: Int) -> UInt32? {
    guard let clocks = self["clocks"] else { return nil }
    var cell = 0
    for _ in 0..<index {
      guard let clock = clock(at: cell, of: clocks) else { return nil }
      cell += 1 + clock.clockCellCount
    }
    return clock(at: cell, of: clocks)?.fixedFrequency
  }

  private func clock(at cell: Int, of clocks: DeviceTree.Property) -> DeviceTree.Node? {
    clocks.cell(at: cell).flatMap(tree.node(phandle:))
  }

  private var clockCellCount: Int { Int(min(self["#clock-cells"]?.u32 ?? 0, 8)) }

  private var fixedFrequency: UInt32? { isCompatible(with: "fixed-clock") ? self["clock-frequency"]?.u32 : nil }

  /// The regulator that a property of the node refers to, where it is the property of a supply.
  fileprivate func supply(_ name: Text, _ value: DeviceTree.Property) -> DeviceTree.Node? {
    name.hasSuffix("-supply") ? value.u32.flatMap(tree.node(phandle:)) : nil
  }
}

extension Text {
  fileprivate func hasSuffix(_ suffix: Text) -> Bool {
    guard suffix.count <= count else { return false }
    for index in 0..<suffix.count where self[count - suffix.count + index] != suffix[index] { return false }
    return true
  }

  fileprivate var isVoltage: Bool { self == "regulator-min-microvolt" || self == "regulator-max-microvolt" }

  /// True where a property of this name means the same in another tree: it is no reference to another node, it does not
  /// describe children, and it is not what a guest's node says in its own way.
  fileprivate var isPlain: Bool {
    let others: [41 of Text] = [
      "reg", "interrupts", "interrupts-extended", "interrupt-parent", "phandle", "linux,phandle", "status", "name",
      "dma-coherent", "dma-noncoherent", "dma-ranges", "ranges", "#address-cells", "#size-cells",
      "clocks", "clock-names", "assigned-clocks", "assigned-clock-parents", "assigned-clock-rates",
      "iommus", "iommu-map", "iommu-map-mask", "dmas", "dma-names", "power-domains", "power-domain-names", "resets",
      "reset-names", "interconnects", "interconnect-names", "mboxes", "phys", "phy-names", "phy-handle", "gpios",
      "msi-parent", "msi-map", "memory-region", "nvmem-cells", "nvmem-cell-names", "operating-points-v2",
    ]
    for index in others.indices where self == others[index] { return false }
    return !hasPrefix("pinctrl-") && !hasSuffix("-supply") && !hasSuffix("-gpios") && !hasSuffix("-gpio")
  }
}
