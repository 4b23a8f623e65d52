import Architecture
import DeviceTree
import TestSupport
import Testing

@Suite("Damaged device trees", .timeLimited)
struct DamageTests {
  /// A tree with something of everything that the reader looks at.
  private func makeSample() throws -> [UInt8] {
    try makeBlob(reserving: [region(0x8000_0000, 0x1000)]) { (root) throws(DeviceTreeError) in
      try root.property("#address-cells", 2)
      try root.property("#size-cells", 2)
      try root.property("interrupt-parent", 1)
      try root.node("aliases") { (node) throws(DeviceTreeError) in try node.property("serial0", "/soc/serial@1000") }
      try root.node("gic") { (node) throws(DeviceTreeError) in
        try node.property("phandle", 1)
        try node.property("#interrupt-cells", 3)
      }
      try root.node("soc") { (soc) throws(DeviceTreeError) in
        try soc.property("#address-cells", 1)
        try soc.property("#size-cells", 1)
        try soc.property("ranges", cells: [0, 0, 0x4000_0000, 0, 0x1000_0000])
        try soc.node("serial", at: 0x1000) { (node) throws(DeviceTreeError) in
          try node.property("compatible", strings: ["arm,pl011", "arm,primecell"])
          try node.property("reg", cells: [0x1000, 0x100])
          try node.property("interrupts", cells: [0, 1, 4])
          try node.property("interrupts-extended", cells: [1, 0, 1, 4])
        }
      }
    }
  }

  /// Reads all that there is to read, and returns how much that was.
  private func readEverything(_ tree: DeviceTree) -> Int {
    var transcript = Transcript()
    var count = 0
    for node in tree.nodes {
      node.writePath(to: &transcript)
      for (name, value) in node.properties {
        count += name.count + value.count + value.strings.reduce(0) { $0 + $1.count }
        count += Int(truncatingIfNeeded: value.number(at: 0, cells: 2) ?? 0) & 1
        count += node[name]?.count ?? 0
      }
      for index in 0..<3 {
        if (try? node.region(at: index)) != nil { count += 1 }
        if (try? node.interrupt(at: index)) != nil { count += 1 }
      }
      count += node.isEnabled ? 1 : 0
      count += node.isCompatible(with: "arm,primecell") ? 1 : 0
      count += node.parent?.name.count ?? 0
      count += Int(node.phandle ?? 0) & 1
    }
    for index in 0..<tree.reservationCount where tree.reservation(at: index) != nil { count += 1 }
    count += tree.node(path: "serial0")?.name.count ?? 0
    return count + transcript.bytes.count
  }

  @Test("a blob that ends early is refused, wherever it ends")
  func truncated() throws {
    let sample = try makeSample()
    for count in 0..<sample.count {
      #expect(throws: DeviceTreeError.self) { try unsafe DeviceTree(unsafeBytes: place(Array(sample[..<count]))) }
    }
  }

  @Test("a blob that ends early and whose header admits it is refused too, unless only strings are cut")
  func truncatedWithHeader() throws {
    let sample = try makeSample()
    for count in stride(from: 40, to: sample.count, by: 1) {
      var bytes = Array(sample[..<count])
      bytes[6] = UInt8(count >> 8)
      bytes[7] = UInt8(count & 255)
      #expect(throws: DeviceTreeError.self) { try unsafe DeviceTree(unsafeBytes: place(bytes)) }
    }
  }

  @Test("the faults of a header have their own errors")
  func header() throws {
    let sample = try makeSample()
    func error(_ change: (inout [UInt8]) -> Void) -> DeviceTreeError.Kind? {
      var bytes = sample
      change(&bytes)
      do throws(DeviceTreeError) {
        _ = try unsafe DeviceTree(unsafeBytes: place(bytes))
        return nil
      } catch {
        return error.kind
      }
    }
    #expect(error { $0[0] = 0 } == .notADeviceTree)
    #expect(error { $0[23] = 16 } == .version(16))
    #expect(error { $0[27] = 18 } == .version(17))
    #expect(error { $0[5] = 1 } == .truncated)
    #expect(error { $0[11] = 1 } == .structure)
    #expect(error { _ in } == nil)
    #expect(throws: DeviceTreeError(.misaligned)) {
      let buffer = unsafe makeBuffer(byteCount: 64)
      _ = try unsafe DeviceTree(unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[4...]))
    }
  }

  @Test("a property's length that wraps around does not lead the reader in a circle")
  func lengthThatWraps() throws {
    let sample = try makeSample()
    // The structure block starts with the root: its tag, its empty name, and the first property's tag and length.
    let structure = sample[8..<12].reduce(0) { $0 << 8 | Int($1) }
    for length: UInt32 in [0xffff_fff4, 0xffff_fff8, 0x7fff_fff8, 0xffff_ffff, 0x8000_0000] {
      var bytes = sample
      for index in 0..<4 {
        bytes[structure + 12 + index] = UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32(index)))
      }
      #expect(throws: DeviceTreeError(.structure)) { try unsafe DeviceTree(unsafeBytes: place(bytes)) }
    }
  }

  @Test("a tree that is deeper than any real one is refused")
  func depth() throws {
    func tree(levels: Int) throws -> DeviceTree {
      try makeTree { (root) throws(DeviceTreeError) in
        for _ in 1..<levels { try root.begin(Text("n").span) }
        for _ in 1..<levels { try root.end() }
      }
    }
    #expect(try tree(levels: 32).nodes.reduce(0) { count, _ in count + 1 } == 32)
    #expect(throws: DeviceTreeError(.structure)) { try tree(levels: 33) }
  }

  @Test("flipped bits and bytes never trap: a tree is refused or read to its end")
  func flipped() throws {
    let sample = try makeSample()
    let buffer = unsafe makeBuffer(byteCount: sample.count)
    var generator = SplitMix(state: 0x7469_636b)
    var readCount = 0
    var refusedCount = 0
    for _ in 0..<20_000 {
      unsafe buffer.copyBytes(from: sample)
      for _ in 0...Int(generator.next() % 4) {
        let place = Int(generator.next() % UInt64(sample.count))
        let isBit = generator.next() % 2 == 0
        let value = UInt8(truncatingIfNeeded: generator.next())
        unsafe buffer[place] = isBit ? buffer[place] ^ (1 << (value & 7)) : value
      }
      do {
        let tree = try unsafe DeviceTree(unsafeBytes: UnsafeRawBufferPointer(buffer))
        if readEverything(tree) > 0 { readCount += 1 }
      } catch {
        refusedCount += 1
      }
    }
    #expect(readCount > 1000)
    #expect(refusedCount > 1000)
  }
}

/// A generator with a seed, so that a failure can be had again.
struct SplitMix {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return value ^ value >> 31
  }
}
