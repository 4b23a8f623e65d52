import Architecture
import DeviceTree
import TestSupport
import Testing

@Suite("The index of a tree", .timeLimited)
struct IndexTests {
  @Test("nodes know parents and children at every depth, whatever stands between them")
  func family() throws {
    let tree = try makeTree { (root) throws(DeviceTreeError) in
      try root.node("a") { (a) throws(DeviceTreeError) in
        try a.node("b") { (b) throws(DeviceTreeError) in try b.node("c") { (_) throws(DeviceTreeError) in } }
        try a.node("d") { (_) throws(DeviceTreeError) in }
      }
      try root.node("e") { (_) throws(DeviceTreeError) in }
    }
    #expect(tree.nodes.map { $0.name.string } == ["", "a", "b", "c", "d", "e"])
    #expect(tree.root.children.map { $0.name.string } == ["a", "e"])
    #expect(tree.node(path: "/a")?.children.map { $0.name.string } == ["b", "d"])
    #expect(tree.node(path: "/a/b/c")?.parent == tree.node(path: "/a/b"))
    #expect(tree.node(path: "/a/d")?.parent?.name.string == "a")
    #expect(tree.node(path: "/e")?.parent == tree.root)
    #expect(tree.root.parent == nil)
    #expect(tree.node(path: "/a/e") == nil)
  }

  @Test("a phandle of either name is found, the newer name counts, and 0 and -1 are none")
  func phandles() throws {
    let tree = try makeTree { (root) throws(DeviceTreeError) in
      try root.node("new") { (node) throws(DeviceTreeError) in try node.property("phandle", 1) }
      try root.node("old") { (node) throws(DeviceTreeError) in try node.property("linux,phandle", 2) }
      try root.node("both") { (node) throws(DeviceTreeError) in
        try node.property("linux,phandle", 3)
        try node.property("phandle", 4)
      }
      try root.node("turned") { (node) throws(DeviceTreeError) in
        try node.property("phandle", 5)
        try node.property("linux,phandle", 6)
      }
      try root.node("none") { (node) throws(DeviceTreeError) in try node.property("phandle", 0) }
      try root.node("all") { (node) throws(DeviceTreeError) in try node.property("phandle", UInt32.max) }
    }
    let names = ([1, 2, 3, 4, 5, 6, 0, UInt32.max] as [UInt32]).map { tree.node(phandle: $0)?.name.string }
    #expect(names == ["new", "old", nil, "both", "turned", nil, nil, nil])
    #expect(tree.node(path: "/old")?.phandle == 2)
    #expect(tree.node(path: "/turned")?.phandle == 5)
    #expect(tree.root.phandle == nil)
  }

  @Test("a property's name is compared to its end, and a longer or shorter one is another")
  func names() throws {
    let tree = try makeTree { (root) throws(DeviceTreeError) in
      try root.property("reg-shift", 2)
      try root.property("reg", 1)
      try root.property("re", 3)
    }
    #expect(tree.root["reg"]?.u32 == 1)
    #expect(tree.root["reg-shift"]?.u32 == 2)
    #expect(tree.root["re"]?.u32 == 3)
    #expect(tree.root["r"] == nil)
    #expect(tree.root["reg-shift-more"] == nil)
  }

  @Test("where memory for the index is missing, the error says so")
  func memory() throws {
    let bytes = try unsafe place(makeBlob { (root) throws(DeviceTreeError) in try root.property("x", 1) })
    for limit in [0, 8, 24] {
      #expect(throws: DeviceTreeError(.memory)) {
        var storage = HeapStorage(byteLimit: limit)
        _ = try unsafe DeviceTree(unsafeBytes: bytes, in: &storage)
      }
    }
  }
}
