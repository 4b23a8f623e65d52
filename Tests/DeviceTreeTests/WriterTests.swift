import DeviceTree
import TestSupport
import Testing

@Suite("Writing a device tree", .timeLimited)
struct WriterTests {
  @Test("a header has the magic number, version 17 and the size of the whole")
  func header() throws {
    let blob = try makeBlob { (_) throws(DeviceTreeError) in }
    #expect(Array(blob[0..<4]) == [0xd0, 0x0d, 0xfe, 0xed])
    #expect(Array(blob[20..<28]) == [0, 0, 0, 17, 0, 0, 0, 16])
    #expect(blob[4..<8].reduce(0) { $0 << 8 | Int($1) } == blob.count)
  }

  @Test("strings end with NUL, and lists have one after each")
  func strings() throws {
    let tree = try makeTree { (root) throws(DeviceTreeError) in
      try root.property("one", "a")
      try root.property("list", strings: ["a", "", "bc"])
      try root.property("known-later", string: Array("xyz".utf8).span)
    }
    let value = try #require(tree.root["list"])
    #expect(
      (0..<value.count).map { unsafe value.bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) } == [
        97, 0, 0, 98, 99, 0,
      ])
    #expect(tree.root["one"]?.count == 2)
    #expect(value.strings.map(\.string) == ["a", "", "bc"])
    #expect(tree.root["known-later"]?.string?.string == "xyz")
  }

  @Test(
    "a unit address is hexadecimal without leading zeros",
    arguments: [
      (0, "n@0"), (0x900_0000, "n@9000000"), (UInt64.max, "n@ffffffffffffffff"),
    ])
  func unitAddress(address: UInt64, name: String) throws {
    let tree = try makeTree { (root) throws(DeviceTreeError) in
      try root.node("n", at: address) { (_) throws(DeviceTreeError) in }
    }
    #expect(tree.root.children.map(\.name.string) == [name])
  }

  @Test("a full buffer is an error at every size that is too small, and never a trap")
  func full() throws {
    func content(_ root: inout DeviceTreeWriter) throws(DeviceTreeError) {
      try root.property("compatible", strings: ["maker,board", "maker,chip"])
      try root.node("cpus") { (node) throws(DeviceTreeError) in
        for index in 0..<4 {
          try node.node("cpu", at: UInt64(index)) { (cpu) throws(DeviceTreeError) in
            try cpu.property("reg", UInt32(index))
            try cpu.property("long", numbers: [1, 2, 3, 4])
          }
        }
      }
    }
    let size = try makeBlob(content).count
    var failureCount = 0
    for capacity in 0...size {
      let buffer = unsafe makeBuffer(byteCount: capacity)
      defer { unsafe buffer.deallocate() }
      do throws(DeviceTreeError) {
        var writer = try unsafe DeviceTreeWriter(unsafeBuffer: buffer)
        try writer.root(content)
        #expect(try writer.finish() <= capacity)
      } catch {
        #expect(error == DeviceTreeError(.full))
        failureCount += 1
      }
    }
    #expect(failureCount > size / 2)
  }

  @Test("a property after a child, outside the root, or after the end is out of order")
  func order() throws {
    let buffer = unsafe makeBuffer(byteCount: 4096)
    #expect(throws: DeviceTreeError(.order)) {
      var writer = try unsafe DeviceTreeWriter(unsafeBuffer: buffer)
      try writer.property("early", 1)
    }
    #expect(throws: DeviceTreeError(.order)) {
      _ = try makeBlob { (root) throws(DeviceTreeError) in
        try root.node("child") { (_) throws(DeviceTreeError) in }
        try root.property("late", 1)
      }
    }
    #expect(throws: DeviceTreeError(.order)) {
      var writer = try unsafe DeviceTreeWriter(unsafeBuffer: buffer)
      try writer.root { (_) throws(DeviceTreeError) in }
      _ = try writer.finish()
      try writer.begin(Text("again").span)
    }
  }

  @Test("names that are too long, and NULs in them, are malformed")
  func names() throws {
    for name in [Array(repeating: UInt8(ascii: "n"), count: 128), [1, 0, 2]] {
      #expect(throws: DeviceTreeError(.malformed)) {
        _ = try makeBlob { (root) throws(DeviceTreeError) in try root.begin(name.span) }
      }
    }
    let longest = Array(repeating: UInt8(ascii: "n"), count: 127)
    let tree = try makeTree { (root) throws(DeviceTreeError) in
      try root.begin(longest.span)
      try root.end()
    }
    #expect(tree.root.children.map { Array($0.name) } == [longest])
  }
}
