import Architecture
import DeviceTree
import TestSupport

/// virt with devices to give, as QEMU describes them, and some that cannot be given.
enum HostDevices {
  static var machine: VirtMachine { VirtMachine(gic: .v3, more: write) }

  private static func write(_ root: inout DeviceTreeWriter) throws(DeviceTreeError) {
    try device("pl061", 0x903_0000, compatible: "arm,pl061", interrupt: [0, 7, 4], to: &root) {
      (node) throws(DeviceTreeError) in
      try node.property("phandle", 0x8006)
      try node.property("clock-names", "apb_pclk")
      try node.property("clocks", 0x8000)
      try node.property("#gpio-cells", 2)
      try node.property("gpio-controller")
      try node.property("pinctrl-0", 0x77)
      try node.property("power-domains", cells: [0x78, 3])
      try node.property("vcc-supply", 0x79)
      try node.property("reset-gpio", cells: [0x7c, 1])
      try node.property("cs-gpios", cells: [0x7c, 2])
    }
    try device("pl031", 0x901_0000, compatible: "arm,pl031", interrupt: [0, 2, 4], to: &root)
    try device("virtio_mmio", 0xa00_2000, compatible: "virtio,mmio", interrupt: [0, 24, 1], to: &root)
    try device("virtio_mmio", 0xa00_3c00, size: 0x200, compatible: "virtio,mmio", interrupt: [0, 46, 1], to: &root)
    try device("virtio_mmio", 0xa00_3e00, size: 0x200, compatible: "virtio,mmio", interrupt: [0, 47, 1], to: &root) {
      (node) throws(DeviceTreeError) in try node.property("dma-coherent")
    }
    try device("framebuffer", 0x5000_0000, compatible: "simple-framebuffer", to: &root)
    try device("beside-the-console", 0x900_0800, size: 0x100, compatible: "arm,pl061", to: &root)
    try device("off", 0x905_0000, compatible: "arm,pl061", to: &root) { (node) throws(DeviceTreeError) in
      try node.property("status", "disabled")
    }
    try root.node("bus") { (bus) throws(DeviceTreeError) in
      try bus.property("#address-cells", 2)
      try bus.property("#size-cells", 2)
      try bus.property("ranges")
      try bus.property("status", "disabled")
      try device("behind", 0x906_0000, compatible: "arm,pl061", to: &bus)
    }
    try device("private", 0x907_0000, compatible: "arm,pl061", interrupt: [1, 3, 4], to: &root)
    try device("elsewhere", 0x908_0000, compatible: "arm,pl061", interrupt: [5], to: &root) {
      (node) throws(DeviceTreeError) in try node.property("interrupt-parent", 0x7a)
    }
    try device("twin", 0x909_0000, compatible: "arm,pl061", interrupt: [0, 7, 4], to: &root)
    try device("far", 0x80_0000_0000, compatible: "arm,pl061", interrupt: [0, 300, 4], to: &root)
    try device("late", 0x90c_0000, compatible: "arm,pl061", interrupt: [0, 255, 1], to: &root)
    for (address, other) in [(0x90a_0000, "arm,pl011"), (0x90b_0000, "vendor,dma")] as [(UInt64, String)] {
      try device("uart", address, size: 0x200, compatible: "arm,pl011", to: &root)
      try device("other", address + 0x400, size: 0x200, compatible: other, to: &root) {
        (node) throws(DeviceTreeError) in try node.property("status", "disabled")
      }
    }
    try device("timed", 0x90d_0000, compatible: "arm,pl061", to: &root) { (node) throws(DeviceTreeError) in
      try node.property("clock-names", strings: ["fast", "apb_pclk"])
      try node.property("clocks", cells: [0x7b, 19, 0x8000])
    }
    try root.node("gaps", at: 0x90e_0000) { (node) throws(DeviceTreeError) in
      try node.property("reg", numbers: [0x90e_0000, 0x100, 0x90f_0800, 0, 0x910_0000, 0x100])
      try node.property("compatible", "arm,pl061")
    }
    try root.node("empty", at: 0x911_0000) { (node) throws(DeviceTreeError) in
      try node.property("reg", numbers: [0x911_0000, 0, 0x912_0000, 0])
      try node.property("compatible", "arm,pl061")
    }
    try hardToPlace(to: &root)
    try root.node("clock-controller") { (node) throws(DeviceTreeError) in
      try node.property("phandle", 0x7b)
      try node.property("#clock-cells", 1)
      try node.property("compatible", "vendor,clocks")
    }
    try root.node("regulator") { (node) throws(DeviceTreeError) in
      try node.property("phandle", 0x79)
      try node.property("compatible", "vendor,pmic-output")
      try node.property("regulator-min-microvolt", 3_300_000)
      try node.property("regulator-max-microvolt", 3_300_000)
    }
    try root.node("other-controller") { (node) throws(DeviceTreeError) in
      try node.property("phandle", 0x7a)
      try node.property("interrupt-controller")
      try node.property("#interrupt-cells", 1)
    }
  }

  /// Devices that lie, or want interrupts, where few guests have any.
  private static func hardToPlace(to root: inout DeviceTreeWriter) throws(DeviceTreeError) {
    try device("low", 0x10_0000, compatible: "arm,pl061", to: &root)
    try device("high", 0x1_0000_0000, compatible: "arm,pl061", to: &root)
    try device("far-twin", 0x80_0001_0000, compatible: "arm,pl061", interrupt: [0, 300, 4], to: &root)
    try device("immense", 1 << 47, size: 1 << 48, compatible: "arm,pl061", to: &root)
    try device("beyond", 1 << 49, compatible: "arm,pl061", to: &root)
    // On the line of the hypervisor's console.
    try device("listener", 0x913_0000, compatible: "arm,pl061", interrupt: [0, 1, 4], to: &root)
    for (address, first) in [(0x914_0000, 300), (0x915_0000, 500)] as [(UInt64, UInt32)] {
      let lines = (first..<first + 127).flatMap { [0, $0, 4] as [UInt32] }
      try device("crowd", address, compatible: "arm,pl061", interrupt: lines, to: &root)
    }
    try device("whole", 0x916_0000, compatible: "arm,pl061", to: &root) { (node) throws(DeviceTreeError) in
      try node.property("#address-cells", 2)
      try node.property("#size-cells", 2)
      try node.property("ranges")
      try device("part", 0x916_0100, size: 0x100, compatible: "vendor,part", to: &node)
    }
    // Three in one page.
    for offset in [0, 0x400, 0x800] as [UInt64] {
      try device("third", 0x917_0000 + offset, size: 0x100, compatible: "arm,pl061", to: &root)
    }
    // As much as devices that move have room for, past where guests reach, and a page more.
    try device("vast", 0x80_1000_0000, size: 0x500_0000, compatible: "arm,pl061", to: &root)
    try device("engine", 0x918_0000, compatible: "qcom,geni-uart", to: &root)
  }

  private static func device(
    _ name: String, _ address: UInt64, size: UInt64 = 0x1000, compatible: String, interrupt: [UInt32] = [],
    to bus: inout DeviceTreeWriter,
    _ more: (inout DeviceTreeWriter) throws(DeviceTreeError) -> Void = { (_) throws(DeviceTreeError) in }
  ) throws(DeviceTreeError) {
    try bus.begin(Array("\(name)@\(String(address, radix: 16))".utf8).span)
    try bus.property("reg", numbers: [address, size])
    let compatible = Array(compatible.utf8)
    try bus.property("compatible", string: compatible.span)
    if !interrupt.isEmpty { try bus.property("interrupts", cells: interrupt.span) }
    try more(&bus)
    try bus.end()
  }
}
