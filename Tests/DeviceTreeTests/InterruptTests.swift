import DeviceTree
import TestSupport
import Testing

@Suite("Interrupts in a tree", .timeLimited)
struct InterruptTests {
  /// A GIC with phandle 1, a two-cell controller with phandle 2, and devices that refer to them in every way.
  private func makeControllers() throws -> DeviceTree {
    try makeTree { (root) throws(DeviceTreeError) in
      try root.property("interrupt-parent", 1)
      try root.node("gic") { (node) throws(DeviceTreeError) in
        try node.property("phandle", 1)
        try node.property("#interrupt-cells", 3)
        try node.property("interrupts", cells: [1, 9, 0xf04])
      }
      try root.node("local") { (node) throws(DeviceTreeError) in
        try node.property("phandle", 2)
        try node.property("#interrupt-cells", 2)
        try node.node("child") { (child) throws(DeviceTreeError) in try child.property("interrupts", cells: [5, 6]) }
      }
      try root.node("bus") { (bus) throws(DeviceTreeError) in
        try bus.node("timer") { (node) throws(DeviceTreeError) in
          try node.property("interrupts", cells: [1, 13, 0x304, 1, 14, 0x308, 0, 987, 1])
        }
        try bus.node("other") { (node) throws(DeviceTreeError) in
          try node.property("interrupt-parent", 2)
          try node.property("interrupts", cells: [3, 4])
        }
        try bus.node("extended") { (node) throws(DeviceTreeError) in
          try node.property("interrupts-extended", cells: [2, 8, 9, 1, 0, 33, 2])
        }
        try bus.node("absurd") { (node) throws(DeviceTreeError) in
          try node.property("interrupts", cells: [0, 988, 4, 1, 16, 4, 2, 0, 4, 0, 1, 3])
        }
        try bus.node("ragged") { (node) throws(DeviceTreeError) in try node.property("interrupts", cells: [0, 1]) }
        try bus.node("nowhere") { (node) throws(DeviceTreeError) in
          try node.property("interrupt-parent", 99)
          try node.property("interrupts", cells: [0, 1, 4])
        }
        try bus.node("cut") { (node) throws(DeviceTreeError) in
          try node.property("interrupts-extended", cells: [1, 0, 33])
        }
      }
      try root.node("circle") { (node) throws(DeviceTreeError) in
        try node.property("phandle", 3)
        try node.property("interrupt-parent", 3)
        try node.property("interrupts", cells: [0, 1, 4])
      }
    }
  }

  @Test("three cells are kind, number and flags, whose low bits are the trigger")
  func threeCells() throws {
    let timer = try #require(makeControllers().node(path: "/bus/timer"))
    #expect(try timer.interrupt(at: 0) == TreeInterrupt(.privatePeripheral(13), trigger: .levelHigh))
    #expect(try timer.interrupt(at: 0)?.identifier == 29)
    #expect(try timer.interrupt(at: 1) == TreeInterrupt(.privatePeripheral(14), trigger: .levelLow))
    #expect(try timer.interrupt(at: 2) == TreeInterrupt(.shared(987), trigger: .edgeRising))
    #expect(try timer.interrupt(at: 2)?.identifier == 1019)
    #expect(try timer.interrupt(at: 3) == nil)
  }

  @Test("the parent is inherited from above, or is the controller that the node lies in")
  func parents() throws {
    let tree = try makeControllers()
    #expect(tree.node(path: "/bus/timer")?.interruptParent == tree.node(path: "/gic"))
    #expect(tree.node(path: "/bus/other")?.interruptParent == tree.node(path: "/local"))
    #expect(tree.node(path: "/local/child")?.interruptParent == tree.node(path: "/local"))
    #expect(tree.node(path: "/circle")?.interruptParent == nil)
  }

  @Test("cells for another controller are given as they are, and are no GIC's")
  func otherController() throws {
    let tree = try makeControllers()
    let node = try #require(tree.node(path: "/bus/other"))
    let specifier = try #require(try node.interruptSpecifier(at: 0))
    #expect(specifier.controller == tree.node(path: "/local"))
    #expect((0...2).map(specifier.cell(at:)) == [3, 4, nil])
    #expect(throws: DeviceTreeError(.malformed, node: node, property: "interrupts")) { try node.interrupt(at: 0) }
  }

  @Test("interrupts-extended names the controller of each")
  func extended() throws {
    let tree = try makeControllers()
    let node = try #require(tree.node(path: "/bus/extended"))
    #expect(try node.interruptSpecifier(at: 0)?.controller == tree.node(path: "/local"))
    #expect(try node.interrupt(at: 1) == TreeInterrupt(.shared(33), trigger: .edgeFalling))
    #expect(try node.interruptSpecifier(at: 2) == nil)
  }

  @Test("numbers and kinds that no GIC has are malformed", arguments: 0..<4)
  func absurd(index: Int) throws {
    let node = try #require(makeControllers().node(path: "/bus/absurd"))
    #expect(throws: DeviceTreeError(.malformed, node: node, property: "interrupts")) { try node.interrupt(at: index) }
  }

  /// A bus of three devices whose map has a row each for the first two, by unit address or by interrupt, on a controller with
  /// unit addresses of its own; and a nexus that leads to itself.
  @Test("a bus that passes interrupts on under other names has a map of them, with a mask")
  func map() throws {
    let tree = try makeTree { (root) throws(DeviceTreeError) in
      try root.node("gic") { (node) throws(DeviceTreeError) in
        try node.property("phandle", 1)
        try node.property("#address-cells", 1)
        try node.property("#interrupt-cells", 3)
      }
      try root.node("bus") { (bus) throws(DeviceTreeError) in
        try bus.property("#address-cells", 1)
        try bus.property("#size-cells", 1)
        try bus.property("#interrupt-cells", 1)
        try bus.property("interrupt-map-mask", cells: [0xf000, 0x3f])
        try bus.property("interrupt-map", cells: [0x1000, 5, 1, 0, 0, 7, 4, 0x2000, 5, 1, 0, 0, 9, 1])
        for (address, interrupt) in [(0x1234, 5), (0x2000, 0x45), (0x3000, 5)] as [(UInt32, UInt32)] {
          try bus.node("device", at: UInt64(address)) { (node) throws(DeviceTreeError) in
            try node.property("reg", cells: [address, 0x100])
            try node.property("interrupts", interrupt)
          }
        }
      }
      try root.node("circle") { (node) throws(DeviceTreeError) in
        try node.property("phandle", 2)
        try node.property("#address-cells", 0)
        try node.property("#interrupt-cells", 1)
        try node.property("interrupt-map", cells: [1, 2, 1])
        try node.node("device") { (device) throws(DeviceTreeError) in try device.property("interrupts", 1) }
      }
    }
    #expect(
      try tree.node(path: "/bus/device@1234")?.interrupt(at: 0) == TreeInterrupt(.shared(7), trigger: .levelHigh))
    #expect(
      try tree.node(path: "/bus/device@2000")?.interrupt(at: 0) == TreeInterrupt(.shared(9), trigger: .edgeRising))
    for path in ["/bus/device@3000", "/circle/device"] as [Text] {
      let node = try #require(tree.node(path: path))
      #expect(throws: DeviceTreeError(.interruptParent, node: node, property: "interrupts")) {
        try node.interrupt(at: 0)
      }
    }
  }

  @Test("a nexus behind a nexus knows the interrupt, and not the device's address")
  func twoNexuses() throws {
    // `mask` is of the second one's addresses: where it asks for one, nobody can say what that would be.
    func interrupt(mask: UInt32) throws -> TreeInterrupt? {
      let tree = try makeTree { (root) throws(DeviceTreeError) in
        try root.node("gic") { (node) throws(DeviceTreeError) in
          try node.property("phandle", 1)
          try node.property("#interrupt-cells", 3)
        }
        try root.node("outer") { (outer) throws(DeviceTreeError) in
          try outer.property("phandle", 2)
          try outer.property("#address-cells", 1)
          try outer.property("#size-cells", 1)
          try outer.property("#interrupt-cells", 1)
          try outer.property("interrupt-map-mask", cells: [mask, 0xff])
          // Unit address 0x1000, interrupt 8, to SPI 7.
          try outer.property("interrupt-map", cells: [0x1000, 8, 1, 0, 7, 4])
        }
        try root.node("inner") { (inner) throws(DeviceTreeError) in
          try inner.property("#address-cells", 1)
          try inner.property("#size-cells", 1)
          try inner.property("#interrupt-cells", 1)
          // Whatever the device, interrupt 5 is the outer one's 8, at its unit address 0.
          try inner.property("interrupt-map-mask", cells: [0, 0xff])
          try inner.property("interrupt-map", cells: [0, 5, 2, 0, 8])
          try inner.node("device", at: 0x1000) { (node) throws(DeviceTreeError) in
            try node.property("reg", cells: [0x1000, 0x100])
            try node.property("interrupts", 5)
          }
        }
      }
      return try tree.node(path: "/inner/device@1000")?.interrupt(at: 0)
    }
    #expect(try interrupt(mask: 0) == TreeInterrupt(.shared(7), trigger: .levelHigh))
    #expect(throws: DeviceTreeError.self) { try interrupt(mask: 0xf000) }
  }

  /// BCM2835 ARM Peripherals, chapter 7: the basic bank has eight interrupts, the other two 32 each.
  @Test("the Raspberry Pi's peripherals have a bank of eight interrupts and two of 32")
  func broadcom() throws {
    let tree = try makeTree { (root) throws(DeviceTreeError) in
      try root.node("intc") { (node) throws(DeviceTreeError) in
        try node.property("compatible", "brcm,bcm2836-armctrl-ic")
        try node.property("#interrupt-cells", 2)
        try node.node("device") { (device) throws(DeviceTreeError) in
          try device.property("interrupts", cells: [0, 7, 0, 8, 1, 31, 2, 0, 2, 32, 3, 0])
        }
      }
    }
    let node = try #require(tree.node(path: "/intc/device"))
    #expect(try node.interrupt(at: 0) == TreeInterrupt(.shared(7), trigger: .levelHigh))
    #expect(try node.interrupt(at: 2) == TreeInterrupt(.shared(63), trigger: .levelHigh))
    #expect(try node.interrupt(at: 3) == TreeInterrupt(.shared(64), trigger: .levelHigh))
    for absent in [1, 4, 5] { #expect(throws: DeviceTreeError.self) { try node.interrupt(at: absent) } }
  }

  @Test("a controller that is missing, and cells that do not come out even, are errors")
  func broken() throws {
    let tree = try makeControllers()
    let expected: [(Text, DeviceTreeError.Kind, Text)] = [
      ("/bus/nowhere", .interruptParent, "interrupts"), ("/circle", .interruptParent, "interrupts"),
      ("/bus/ragged", .malformed, "interrupts"), ("/bus/cut", .malformed, "interrupts-extended"),
    ]
    for (path, kind, property) in expected {
      let node = try #require(tree.node(path: path))
      #expect(throws: DeviceTreeError(kind, node: node, property: property)) { try node.interrupt(at: 0) }
    }
  }
}
