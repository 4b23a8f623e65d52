import Architecture
import DeviceTree
import TestSupport
import Testing

@Suite("Addresses through buses", .timeLimited)
struct RegionTests {
  /// A bus of one address cell at 0x3f00_0000, as the Raspberry Pi has one, with a second bus below it.
  private func makeBuses() throws -> DeviceTree {
    try makeTree { (root) throws(DeviceTreeError) in
      try root.property("#address-cells", 2)
      try root.property("#size-cells", 1)
      try root.node("soc") { (soc) throws(DeviceTreeError) in
        try soc.property("#address-cells", 1)
        try soc.property("#size-cells", 1)
        try soc.property(
          "ranges", cells: [0x7e00_0000, 0, 0x3f00_0000, 0x0100_0000, 0x4000_0000, 1, 0x4000_0000, 0x1000])
        try soc.node("uart") { (node) throws(DeviceTreeError) in
          try node.property("reg", cells: [0x7e20_1000, 0x200, 0x4000_0000, 0x100])
        }
        try soc.node("beyond") { (node) throws(DeviceTreeError) in
          try node.property("reg", cells: [0x7eff_ff00, 0x200])
        }
        try soc.node("ragged") { (node) throws(DeviceTreeError) in
          try node.property("reg", cells: [0x7e00_0000, 1, 2])
        }
        try soc.node("inner") { (inner) throws(DeviceTreeError) in
          try inner.property("#address-cells", 1)
          try inner.property("#size-cells", 1)
          try inner.property("ranges", cells: [0, 0x7e30_0000, 0x1000])
          try inner.node("device") { (node) throws(DeviceTreeError) in try node.property("reg", cells: [0x10, 4]) }
        }
        try soc.node("same") { (same) throws(DeviceTreeError) in
          try same.property("#address-cells", 1)
          try same.property("#size-cells", 1)
          try same.property("ranges")
          try same.node("device") { (node) throws(DeviceTreeError) in try node.property("reg", cells: [0x7e00_0000, 4])
          }
        }
        try soc.node("bridge") { (bridge) throws(DeviceTreeError) in
          try bridge.property("#address-cells", 1)
          try bridge.property("#size-cells", 0)
          try bridge.node("device") { (node) throws(DeviceTreeError) in try node.property("reg", 0x50) }
        }
        try soc.node("absurd") { (absurd) throws(DeviceTreeError) in
          try absurd.property("#address-cells", 0xffff_ffff)
          try absurd.property("#size-cells", 0xffff_ffff)
          try absurd.property("ranges")
          try absurd.node("device") { (node) throws(DeviceTreeError) in try node.property("reg", 0x50) }
        }
      }
    }
  }

  @Test("an address is translated by the entry of ranges that holds it")
  func oneBus() throws {
    let uart = try #require(makeBuses().node(path: "/soc/uart"))
    #expect(try uart.regionCount == 2)
    #expect(try uart.region(at: 0) == region(0x3f20_1000, 0x200))
    #expect(try uart.region(at: 1) == region(0x1_4000_0000, 0x100))
    #expect(try uart.region(at: 2) == nil)
    #expect(try uart.region(at: -1) == nil)
  }

  @Test("buses below buses translate one after the other, and empty ranges change nothing")
  func nestedBuses() throws {
    let tree = try makeBuses()
    #expect(try tree.node(path: "/soc/inner/device")?.region(at: 0) == region(0x3f30_0010, 4))
    #expect(try tree.node(path: "/soc/same/device")?.region(at: 0) == region(0x3f00_0000, 4))
  }

  @Test("a bus without ranges, and a region past the end of an entry, have no translation")
  func untranslatable() throws {
    let tree = try makeBuses()
    for path: Text in ["/soc/bridge/device", "/soc/beyond"] {
      let node = try #require(tree.node(path: path))
      #expect(throws: DeviceTreeError(.untranslatable, node: node, property: "reg")) { try node.region(at: 0) }
    }
  }

  @Test("cells that do not come out even, and absurd numbers of cells, are malformed")
  func malformed() throws {
    let tree = try makeBuses()
    for path: Text in ["/soc/ragged", "/soc/absurd/device"] {
      let node = try #require(tree.node(path: path))
      #expect(throws: DeviceTreeError(.malformed, node: node, property: "reg")) { try node.region(at: 0) }
    }
  }

  @Test("a count of cells that is no number of one cell is malformed, not the specification's default")
  func malformedCount() throws {
    let tree = try makeTree { (root) throws(DeviceTreeError) in
      try root.property("#address-cells", cells: [0, 2])
      try root.property("#size-cells", 1)
      try root.node("memory") { (node) throws(DeviceTreeError) in try node.property("reg", cells: [1, 2, 3]) }
    }
    #expect(throws: DeviceTreeError.self) { try tree.node(path: "/memory")?.region(at: 0) }
  }

  @Test("without #address-cells and #size-cells the specification's two and one apply")
  func defaults() throws {
    let tree = try makeTree { (root) throws(DeviceTreeError) in
      try root.node("memory") { (node) throws(DeviceTreeError) in try node.property("reg", cells: [1, 2, 3]) }
    }
    #expect(try tree.node(path: "/memory")?.region(at: 0) == region(0x1_0000_0002, 3))
  }
}
