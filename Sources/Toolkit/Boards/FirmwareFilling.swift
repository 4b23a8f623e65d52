internal import Architecture
internal import Configuration
internal import DeviceTree
internal import Foundation

/// What firmware writes into a tree before it hands it over, as U-Boot does on the boards whose trees leave it open: the memory
/// where the file has none, a RAM disk and what reserves it, the console's path by the alias that boards use, and how CPUs are started
/// where the file does not say it: PSCI, with its node, or a spin table. What the file says stays.
struct FirmwareFilling {
  /// The memory, where the tree has none of its own.
  var memory: [Board.MemoryBank]?
  /// Where the RAM disk lies; nil to leave /chosen alone.
  var initialRAMDisk: AddressRange<PhysicalAddress>?
  /// The console's path, where the tree has none.
  var console: Text?
  /// The tree lacks the node of PSCI that its CPUs want.
  var addsFirmware = false
  /// What CPUs whose `enable-method` is missing get.
  var enableMethod: Text?
  /// Where spin tables lie that the tree leaves open.
  var spinTable: UInt64 = 0

  /// This memory in place of the tree's own, and nothing else.
  init(memory: [Board.MemoryBank]) { self.memory = memory }

  /// What the tree leaves open.
  init(for tree: DeviceTree) {
    var first: AddressRange<PhysicalAddress>?
    MachineDescription.forEachMemoryBank(of: tree) { first = first ?? $0 }
    if first == nil {
      // Files that leave the size open mostly say where memory begins.
      let start = tree.root.children.lazy.compactMap(\.startOfMemory).first { $0 < 1 << 40 } ?? 0x4000_0000
      memory = [Board.MemoryBank(start: start, size: 1 << 30)]
      first = AddressRange(start: PhysicalAddress(start), size: 1 << 30)
    }
    if let first {
      initialRAMDisk = AddressRange(
        start: first.start.advanced(by: first.size / 2), size: min(first.size / 4, 16 << 20))
      spinTable = first.start.advanced(by: first.size / 4).rawValue
    }
    let chosen = tree.node(path: "/chosen")
    if chosen?["stdout-path"] == nil, chosen?["linux,stdout-path"] == nil {
      console = tree.node(path: "/aliases")?["serial0"]?.string
    }
    let hasFirmware = ((try? FirmwareDescription(in: tree)) ?? nil) != nil
    let methods = MachineDescription.CPUs(tree).map(\.enableMethod)
    // 64-bit boards without PSCI have spin tables (arm64's booting.rst); 32-bit ones get U-Boot's own PSCI.
    let is64Bit = tree.firstNode(compatible: "arm,armv8-timer") != nil
    if methods.count > 1, !hasFirmware, methods.contains(nil) { enableMethod = is64Bit ? "spin-table" : "psci" }
    addsFirmware = !hasFirmware && (enableMethod == "psci" || methods.contains { $0 == "psci" })
  }
}

extension DeviceTree.Node {
  /// Where memory begins, by `reg` or the name, for a node of memory.
  fileprivate var startOfMemory: UInt64? {
    guard self["device_type"]?.string == "memory" || baseName == "memory" else { return nil }
    if let region = try? region(at: 0) { return region.start.rawValue }
    return unitAddress.flatMap { UInt64(String(decoding: $0, as: UTF8.self), radix: 16) }
  }
}

// Writing the copy.

extension FirmwareFilling {
  /// A copy of the tree with all of that.
  func filled(_ tree: DeviceTree, of owner: String) throws(Failure) -> Data {
    do {
      let room = AlignedBytes(count: 2 * tree.byteCount + 8192 + 64 * (memory?.count ?? 0))
      return try unsafe room.fill { buffer in
        var writer = try unsafe DeviceTreeWriter(unsafeBuffer: buffer)
        for index in 0..<tree.reservationCount {
          if let range = tree.reservation(at: index) { try writer.reserve(range) }
        }
        if let initialRAMDisk { try writer.reserve(initialRAMDisk) }
        try writer.copy(tree.root, with: self)
        return try writer.finish()
      }
    } catch {
      throw Failure("\(owner): the tree cannot be filled (\((error as? DeviceTreeError)?.text ?? "\(error)"))")
    }
  }
}

extension DeviceTreeWriter {
  /// Writes a root and all below it.
  fileprivate mutating func copy(_ root: DeviceTree.Node, with filling: FirmwareFilling) throws(DeviceTreeError) {
    try begin(root.name.span)
    try copyProperties(of: root)
    if let memory = filling.memory { try write(memory, below: root) }
    for child in root.children {
      if child.name == "chosen" {
        try copy(chosen: child, with: filling)
      } else if child.name == "cpus" {
        try copy(processors: child, with: filling)
      } else if filling.memory == nil || child["device_type"]?.string != "memory" && child.baseName != "memory" {
        try copy(child)
      }
    }
    if root.child(named: "chosen") == nil { try copy(chosen: nil, with: filling) }
    if filling.addsFirmware {
      try node("tvisor-psci") { (node) throws(DeviceTreeError) in
        try node.property("compatible", strings: ["arm,psci-1.0", "arm,psci-0.2"])
        try node.property("method", "smc")
      }
    }
    try end()
  }

  /// Writes a node and all below it as they are.
  private mutating func copy(_ node: DeviceTree.Node) throws(DeviceTreeError) {
    try begin(node.name.span)
    try copyProperties(of: node)
    for child in node.children { try copy(child) }
    try end()
  }

  private mutating func copyProperties(of node: DeviceTree.Node) throws(DeviceTreeError) {
    for (name, value) in node.properties { try property(name, bytes: value.bytes) }
  }

  private mutating func copy(chosen: DeviceTree.Node?, with filling: FirmwareFilling) throws(DeviceTreeError) {
    guard chosen != nil || filling.initialRAMDisk != nil else { return }
    try begin(Text("chosen").span)
    if let chosen {
      for (name, value) in chosen.properties
      where filling.initialRAMDisk == nil || name != "linux,initrd-start" && name != "linux,initrd-end" {
        try property(name, bytes: value.bytes)
      }
    }
    if let disk = filling.initialRAMDisk {
      try property("linux,initrd-start", u64: disk.start.rawValue)
      try property("linux,initrd-end", u64: disk.end.rawValue)
    }
    if let console = filling.console { try property("stdout-path", console) }
    if let chosen { for child in chosen.children { try copy(child) } }
    try end()
  }

  private mutating func copy(processors: DeviceTree.Node, with filling: FirmwareFilling) throws(DeviceTreeError) {
    try begin(processors.name.span)
    try copyProperties(of: processors)
    let common = processors["enable-method"]?.string
    for child in processors.children {
      try begin(child.name.span)
      try copyProperties(of: child)
      if child["device_type"]?.string == "cpu" {
        var method = child["enable-method"]?.string ?? common
        if method == nil, let added = filling.enableMethod {
          method = added
          try property("enable-method", added)
        }
        if method == "spin-table", child["cpu-release-addr"] == nil {
          try property("cpu-release-addr", u64: filling.spinTable)
        }
      }
      for below in child.children { try copy(below) }
      try end()
    }
    try end()
  }

  /// Writes the node of memory, in cells as the root has them.
  private mutating func write(_ memory: [Board.MemoryBank], below root: DeviceTree.Node) throws(DeviceTreeError) {
    try begin("memory", at: memory.map(\.start).min() ?? 0)
    try property("device_type", "memory")
    var cells: [UInt32] = []
    for bank in memory {
      for (number, count) in [(bank.start, root.addressCellCount), (bank.size, root.sizeCellCount)] {
        guard count == 1 || count == 2, count == 2 || number <= UInt32.max else { throw DeviceTreeError(.malformed) }
        if count == 2 { cells.append(UInt32(truncatingIfNeeded: number >> 32)) }
        cells.append(UInt32(truncatingIfNeeded: number))
      }
    }
    try property("reg", cells: cells.span)
    try end()
  }
}
