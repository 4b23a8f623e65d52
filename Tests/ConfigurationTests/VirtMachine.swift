import Architecture
import DeviceTree
import TestSupport

/// A tree of QEMU's `virt` with virtualization=on and 512 MiB, in the parts that matter here: the numbers are those that
/// QEMU 10 writes with -machine dumpdtb.
struct VirtMachine {
  var gic = GICVersion.v2
  var cpuCount = 4
  /// Stands in for a node's content: the key is the node's name.
  var changes: [String: (inout DeviceTreeWriter) throws(DeviceTreeError) -> Void] = [:]

  /// Writes further nodes.
  var more: ((inout DeviceTreeWriter) throws(DeviceTreeError) -> Void)?

  func makeBlob() throws -> [UInt8] {
    try TestSupport.makeBlob { (root) throws(DeviceTreeError) in
      try root.property("interrupt-parent", 0x8003)
      try root.property("#size-cells", 2)
      try root.property("#address-cells", 2)
      try root.property("compatible", "linux,dummy-virt")
      try node("psci", &root) { (node) throws(DeviceTreeError) in
        try node.property("method", "smc")
        try node.property("compatible", strings: ["arm,psci-1.0", "arm,psci-0.2", "arm,psci"])
      }
      try node("memory@40000000", &root) { (node) throws(DeviceTreeError) in
        try node.property("reg", cells: [0, 0x4000_0000, 0, 0x2000_0000])
        try node.property("device_type", "memory")
      }
      try node("pl011@9000000", &root) { (node) throws(DeviceTreeError) in
        try node.property("clocks", cells: [0x8000, 0x8000])
        try node.property("interrupts", cells: [0, 1, 4])
        try node.property("reg", cells: [0, 0x900_0000, 0, 0x1000])
        try node.property("compatible", strings: ["arm,pl011", "arm,primecell"])
      }
      try node("intc@8000000", &root) { (node) throws(DeviceTreeError) in try interruptController(&node) }
      try node("cpus", &root) { (node) throws(DeviceTreeError) in
        try node.property("#size-cells", 0)
        try node.property("#address-cells", 1)
        for index in 0..<cpuCount {
          try node.node("cpu", at: UInt64(index)) { (cpu) throws(DeviceTreeError) in
            try cpu.property("reg", UInt32(index))
            if cpuCount > 1 { try cpu.property("enable-method", "psci") }
            try cpu.property("compatible", "arm,cortex-a53")
            try cpu.property("device_type", "cpu")
          }
        }
      }
      try node("timer", &root) { (node) throws(DeviceTreeError) in
        try node.property("interrupts", cells: [1, 13, 0xf04, 1, 14, 0xf04, 1, 11, 0xf04, 1, 10, 0xf04])
        try node.property("compatible", strings: ["arm,armv8-timer", "arm,armv7-timer"])
      }
      try node("apb-pclk", &root) { (node) throws(DeviceTreeError) in
        try node.property("phandle", 0x8000)
        try node.property("clock-frequency", 0x16e_3600)
        try node.property("compatible", "fixed-clock")
      }
      try node("aliases", &root) { (node) throws(DeviceTreeError) in try node.property("serial0", "/pl011@9000000") }
      try node("reserved-memory", &root) { (_) throws(DeviceTreeError) in }
      try node("chosen", &root) { (node) throws(DeviceTreeError) in
        try node.property("stdout-path", "/pl011@9000000")
        try node.property("linux,initrd-start", 0x4800_0000)
        try node.property("linux,initrd-end", 0x4810_0000)
        try node.property("bootargs", "loud")
      }
      if let more { try more(&root) }
    }
  }

  func makeTree() throws -> DeviceTree { try unsafe DeviceTree(unsafeBytes: place(makeBlob())) }

  private func node(
    _ name: String, _ root: inout DeviceTreeWriter,
    _ content: (inout DeviceTreeWriter) throws(DeviceTreeError) -> Void
  ) throws(DeviceTreeError) {
    try root.begin(Array(name.utf8).span)
    if let change = changes[name] { try change(&root) } else { try content(&root) }
    try root.end()
  }

  private func interruptController(_ node: inout DeviceTreeWriter) throws(DeviceTreeError) {
    try node.property("phandle", 0x8003)
    try node.property("interrupts", cells: [1, 9, 4])
    try node.property("interrupt-controller")
    try node.property("#interrupt-cells", 3)
    switch gic {
    case .v2:
      try node.property("compatible", "arm,cortex-a15-gic")
      try node.property(
        "reg", numbers: [0x800_0000, 0x1_0000, 0x801_0000, 0x1_0000, 0x803_0000, 0x1_0000, 0x804_0000, 0x1_0000])
    case .v3:
      try node.property("compatible", "arm,gic-v3")
      try node.property("#redistributor-regions", 1)
      try node.property("reg", numbers: [0x800_0000, 0x1_0000, 0x80a_0000, 0xf6_0000])
    }
  }
}
