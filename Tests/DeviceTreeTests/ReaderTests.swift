import Architecture
import DeviceTree
import TestSupport
import Testing

@Suite("Reading a device tree", .timeLimited)
struct ReaderTests {
  /// A small tree with one of each kind of value.
  let tree: DeviceTree

  init() throws {
    let reserved = [region(0x8000_0000, 0x1000), region(0x1_0000_0000, 0x20_0000)]
    tree = try makeTree(reserving: reserved) { (root) throws(DeviceTreeError) in
      try root.property("compatible", strings: ["maker,board", "maker,chip"])
      try root.node("aliases") { (node) throws(DeviceTreeError) in
        try node.property("serial0", "/soc/serial@1000")
        try node.property("loop", "loop")
      }
      try root.node("soc") { (soc) throws(DeviceTreeError) in
        try soc.node("serial", at: 0x1000) { (node) throws(DeviceTreeError) in
          try node.property("phandle", 7)
          try node.property("one", 0x0102_0304)
          try node.property("two", u64: 0x0102_0304_0506_0708)
          try node.property("three", cells: [1, 2, 3])
          try node.property("empty")
          try node.property("status", "okay")
        }
        try soc.node("serial", at: 0x2000) { (node) throws(DeviceTreeError) in try node.property("status", "disabled") }
        try soc.node("serial", at: 0x3000) { (node) throws(DeviceTreeError) in
          try unsafe node.property("status", bytes: [UInt8(ascii: "o"), UInt8(ascii: "k")].span.bytes)
        }
      }
    }
  }

  @Test("a node is found by its path, with or without unit address")
  func path() {
    #expect(tree.node(path: "/soc/serial@2000")?.name.string == "serial@2000")
    #expect(tree.node(path: "/soc/serial")?.name.string == "serial@1000")
    #expect(tree.node(path: "/")?.parent == nil)
    #expect(tree.node(path: "/soc/parallel") == nil)
    #expect(tree.node(path: "") == nil)
  }

  @Test("an alias stands for a path, and one that names itself is none")
  func alias() {
    #expect(tree.node(path: "serial0")?.name.string == "serial@1000")
    #expect(tree.node(path: "loop") == nil)
    #expect(tree.node(path: "serial1") == nil)
  }

  @Test("a name has a base and a unit address")
  func name() throws {
    let node = try #require(tree.node(path: "serial0"))
    #expect(node.baseName.string == "serial")
    #expect(node.unitAddress?.string == "1000")
    #expect(tree.node(path: "/soc")?.unitAddress == nil)
  }

  @Test("children come in the order of the blob, and know their parent")
  func children() throws {
    let soc = try #require(tree.node(path: "/soc"))
    #expect(soc.children.map(\.name.string) == ["serial@1000", "serial@2000", "serial@3000"])
    #expect(soc.children.allSatisfy { $0.parent == soc })
    #expect(tree.nodes.map(\.name.string) == ["", "aliases", "soc", "serial@1000", "serial@2000", "serial@3000"])
  }

  @Test("numbers are big-endian, and only of their own length")
  func numbers() throws {
    let node = try #require(tree.node(path: "serial0"))
    #expect(node["one"]?.u32 == 0x0102_0304)
    #expect(node["one"]?.u64 == nil)
    #expect(node["one"]?.number == 0x0102_0304)
    #expect(node["two"]?.u64 == 0x0102_0304_0506_0708)
    #expect(node["two"]?.number == 0x0102_0304_0506_0708)
    #expect(node["two"]?.u32 == nil)
    #expect(node["three"]?.number == nil)
    #expect(node["three"]?.number(at: 1, cells: 2) == 0x2_0000_0003)
    #expect(node["three"]?.number(at: 2, cells: 2) == nil)
    #expect(node["three"]?.number(at: .max, cells: 2) == nil)
    #expect(node["three"]?.number(at: 0, cells: 3) == nil)
    #expect(node["three"]?.cell(at: 3) == nil)
    #expect(node["three"]?.cell(at: -1) == nil)
    #expect(node["empty"]?.isEmpty == true)
    #expect(node["empty"]?.string == nil)
    #expect(node["nothing"] == nil)
  }

  @Test("compatible is a list, of which whole strings count")
  func compatible() {
    #expect(tree.root.isCompatible(with: "maker,board"))
    #expect(tree.root.isCompatible(with: "maker,chip"))
    #expect(!tree.root.isCompatible(with: "maker,boar"))
    #expect(!tree.root.isCompatible(with: "maker"))
    #expect(tree.root["compatible"]?.strings.map(\.string) == ["maker,board", "maker,chip"])
    #expect(tree.firstNode(compatible: "maker,chip") == tree.root)
    #expect(tree.firstNode(compatible: "other") == nil)
  }

  @Test("only okay, or nothing said, enables a node; a string without its end is not okay")
  func status() throws {
    let soc = try #require(tree.node(path: "/soc"))
    #expect(soc.isEnabled)
    #expect(soc.children.map(\.isEnabled) == [true, false, false])
    for (status, isEnabled) in [("ok", true), ("okay", true), ("o", false), ("fail", false), ("OK", false)]
      as [(Text, Bool)]
    {
      let tree = try makeTree { (root) throws(DeviceTreeError) in try root.property("status", status) }
      #expect(tree.root.isEnabled == isEnabled, "\(status.string)")
    }
  }

  @Test("a node is found by its phandle")
  func phandle() {
    #expect(tree.node(phandle: 7)?.name.string == "serial@1000")
    #expect(tree.node(phandle: 7)?.phandle == 7)
    for absent: UInt32 in [0, 8, .max] { #expect(tree.node(phandle: absent) == nil) }
  }

  @Test("the memory reservation block is read in order")
  func reservations() {
    #expect(tree.reservationCount == 2)
    #expect(tree.reservation(at: 0) == region(0x8000_0000, 0x1000))
    #expect(tree.reservation(at: 1) == region(0x1_0000_0000, 0x20_0000))
    #expect(tree.reservation(at: 2) == nil)
    #expect(tree.reservation(at: -1) == nil)
  }

  @Test("properties come with their names")
  func properties() throws {
    let node = try #require(tree.node(path: "serial0"))
    #expect(node.properties.map(\.name.string) == ["phandle", "one", "two", "three", "empty", "status"])
    #expect(node.properties.map(\.value.count) == [4, 4, 8, 12, 0, 5])
  }

  @Test("a path is written from the root, and an error with path and property")
  func writing() throws {
    let node = try #require(tree.node(path: "serial0"))
    var transcript = Transcript()
    node.writePath(to: &transcript)
    #expect(transcript.text == "/soc/serial@1000")
    transcript = Transcript()
    tree.root.writePath(to: &transcript)
    #expect(transcript.text == "/")
    transcript = Transcript()
    DeviceTreeError(.missing, node: node, property: "reg").write(to: &transcript)
    #expect(transcript.text == "/soc/serial@1000 reg: missing")
  }

  @Test(
    "A word of a text is what stands between spaces, whole",
    arguments: [
      ("tvisor.e2h=0", true), ("quiet tvisor.e2h=0", true), ("tvisor.e2h=0 quiet", true), ("a  tvisor.e2h=0  b", true),
      ("", false), (" ", false), ("tvisor.e2h=01", false), ("xtvisor.e2h=0", false), ("tvisor.e2h =0", false),
    ] as [(Text, Bool)])
  func words(text: Text, isThere: Bool) {
    #expect(text.hasWord("tvisor.e2h=0") == isThere)
  }
}
