import Architecture
import ArmCommon
import TestSupport
import Testing

private let page: UInt64 = 0x1000
private let large: UInt64 = 0x20_0000
private let huge: UInt64 = 0x4000_0000

/// A stage-2 tree and its memory.
private struct Tree {
  var memory = ScatteredTables()
  let table: TranslationTable

  init(_ inputBits: Int = 39) throws {
    table = try TranslationTable(stage2InputBits: inputBits, memory: &memory)
  }

  mutating func map(_ input: UInt64, _ output: UInt64, _ size: UInt64) throws(MappingError) {
    try table.map(input, to: PhysicalAddress(output), size: size, as: .guestMemory, in: &memory)
  }

  /// What the manual's walk finds; the model's own answer has to be the same.
  func walk(_ input: UInt64, sourceLocation: SourceLocation = #_sourceLocation) -> (address: UInt64, level: Int)? {
    let walked = memory.walk(
      input, root: table.root.rawValue, rootLevel: table.rootLevel, inputBits: UInt64(table.inputBits))
    let translated = table.translate(input, in: memory)
    #expect(translated?.address.rawValue == walked?.address, sourceLocation: sourceLocation)
    #expect(translated?.level == walked?.level, sourceLocation: sourceLocation)
    return walked.map { ($0.address, $0.level) }
  }
}

@Suite("Translation tables", .timeLimited)
struct TranslationTableTests {
  @Test(
    "Each range is mapped with the largest blocks that both addresses and what remains allow",
    arguments: [
      // input, output, size, the levels of its first and its last page, tables beside the root
      (huge, 2 * huge, huge, 1, 1, 0), (huge, 2 * huge, 3 * huge, 1, 1, 0),
      (large, 3 * large, large, 2, 2, 1), (huge, huge + large, huge, 2, 2, 1),
      (page, 5 * page, page, 3, 3, 2), (huge, huge + page, 2 * large, 3, 3, 3),
      (large - page, 3 * large - page, page + large, 3, 2, 2), (huge - large, 2 * huge - large, large + huge, 2, 1, 1),
      (huge, 0, huge + large + page, 1, 3, 2),
    ] as [(UInt64, UInt64, UInt64, Int, Int, Int)])
  func largestBlocks(input: UInt64, output: UInt64, size: UInt64, first: Int, last: Int, tableCount: Int) throws {
    var tree = try Tree()
    try tree.map(input, output, size)
    let start = try #require(tree.walk(input))
    #expect(start.address == output)
    #expect(start.level == first)
    let end = try #require(tree.walk(input + size - 1))
    #expect(end.address == output + size - 1)
    #expect(end.level == last)
    #expect(tree.walk(input - 1) == nil)
    #expect(tree.walk(input + size) == nil)
    #expect(tree.memory.tableCount == 1 + tableCount)
    #expect(tree.memory.violations == [])
  }

  @Test("A root of each width translates its last page and refuses the one after", arguments: [31, 32, 36, 39, 40])
  func roots(bits: Int) throws {
    var tree = try Tree(bits)
    #expect(tree.table.rootLevel == 1)
    #expect(tree.memory.tableCount == (bits == 40 ? 2 : 1))
    #expect(tree.table.root.isAligned(to: bits == 40 ? 0x2000 : 0x1000))
    let limit: UInt64 = 1 << UInt64(bits)
    try tree.map(limit - page, 0x7000, page)
    try tree.map(0, 0x9000, page)
    #expect(tree.walk(limit - 1)?.address == 0x7fff)
    #expect(tree.walk(0)?.address == 0x9000)
    #expect(throws: MappingError.outOfRange) { try tree.map(limit, 0, page) }
    #expect(throws: MappingError.outOfRange) { try tree.map(limit - page, 0, 2 * page) }
    #expect(throws: MappingError.outOfRange) { try tree.map(0xffff_ffff_ffff_f000, 0, page) }
    #expect(throws: MappingError.outOfRange) { try tree.map(page, 0, 0xffff_ffff_ffff_f000) }
    #expect(tree.walk(limit) == nil)
    #expect(tree.walk(limit + 1) == nil)
    #expect(tree.walk(.max) == nil)
    #expect(tree.memory.violations == [])
  }

  @Test("The two tables of a 40-bit root are one: its upper half is not the lower one again")
  func concatenated() throws {
    var tree = try Tree(40)
    try tree.map(1 << 39, 0, huge)
    #expect(tree.walk(0) == nil)
    #expect(tree.walk(1 << 39 + 5)?.address == 5)
    try tree.map(0, huge, huge)
    #expect(tree.walk(1 << 39)?.address == 0)
    #expect(tree.memory.violations == [])
  }

  @Test("The output ends at 48 bits")
  func outputLimit() throws {
    var tree = try Tree()
    try tree.map(0, 1 << 48 - page, page)
    #expect(tree.walk(0)?.address == 1 << 48 - page)
    #expect(throws: MappingError.outOfRange) { try tree.map(huge, 1 << 48 - page, 2 * page) }
    #expect(throws: MappingError.outOfRange) { try tree.map(huge, 1 << 48, page) }
    #expect(throws: MappingError.outOfRange) { try tree.map(huge, 0xffff_ffff_ffff_f000, 2 * page) }
  }

  @Test("Nothing is mapped that is not whole pages")
  func misalignment() throws {
    var tree = try Tree()
    for bit: UInt64 in [1, 8, 0x800, 0xfff] {
      #expect(throws: MappingError.misaligned) { try tree.map(huge + bit, 0, page) }
      #expect(throws: MappingError.misaligned) { try tree.map(huge, bit, page) }
      #expect(throws: MappingError.misaligned) { try tree.map(huge, 0, page + bit) }
    }
    #expect(tree.memory.tableCount == 1)
    #expect(tree.walk(huge) == nil)
  }

  @Test("No bytes are no mapping")
  func empty() throws {
    var tree = try Tree()
    try tree.map(huge, huge, 0)
    #expect(tree.memory.tableCount == 1)
    #expect(tree.walk(huge) == nil)
  }

  @Test("What is mapped stays as it is: page in block, block over pages, page over page")
  func alreadyMapped() throws {
    for mapped in [(huge, huge), (huge, large), (huge, page), (huge + large, large), (huge + 5 * page, page)] {
      for again in [(huge, huge), (huge, 2 * huge), (huge, large), (huge, page), (0, 2 * huge)]
      where again.0 < mapped.0 + mapped.1 && mapped.0 < again.0 + again.1 {
        var tree = try Tree()
        try tree.map(mapped.0, mapped.0, mapped.1)
        #expect(throws: MappingError.alreadyMapped, "\(mapped) \(again)") { try tree.map(again.0, 7 * huge, again.1) }
        #expect(tree.walk(mapped.0)?.address == mapped.0)
        #expect(tree.walk(mapped.0 + mapped.1 - 1)?.address == mapped.0 + mapped.1 - 1)
        #expect(tree.memory.overwriteCount == 0)
        #expect(tree.memory.violations == [])
      }
    }
  }

  @Test("Ranges beside each other share tables")
  func neighbours() throws {
    var tree = try Tree()
    try tree.map(huge, 0x1_0000, page)
    try tree.map(huge + page, 0x8_0000, page)
    try tree.map(huge + large, 3 * huge, large)
    #expect(tree.memory.tableCount == 3)
    #expect(tree.walk(huge + 1)?.address == 0x1_0001)
    #expect(tree.walk(huge + page + 1)?.address == 0x8_0001)
    #expect(tree.walk(huge + large + 0x12345)?.address == 3 * huge + 0x12345)
  }

  @Test("Where memory for the n-th table is missing the error says so, and what there is keeps its sense")
  func outOfMemory() throws {
    var none = ScatteredTables()
    none.limit = 0
    #expect(throws: MappingError.outOfMemory) { _ = try TranslationTable(stage2InputBits: 39, memory: &none) }
    none.limit = 1
    #expect(throws: MappingError.outOfMemory) { _ = try TranslationTable(stage2InputBits: 40, memory: &none) }
    // Pages at both ends of two different gigabytes: the root and two tables on each way.
    for limit in 1...4 {
      var tree = try Tree()
      tree.memory.limit = limit
      #expect(throws: MappingError.outOfMemory) { try tree.map(2 * huge - page, 2 * huge - page, 2 * page) }
      #expect((tree.walk(2 * huge - page) != nil) == (limit >= 3))
      #expect(tree.walk(2 * huge) == nil)
      tree.memory.limit = 5
      try tree.map(2 * huge, 0x5000, page)
      #expect(tree.walk(2 * huge)?.address == 0x5000)
      #expect(tree.memory.violations == [])
    }
  }

  @Test("Unmapping takes one leaf, of its own size, and lets the place be used again")
  func unmapping() throws {
    for (size, other) in [(page, huge + page), (large, huge + large), (huge, 2 * huge)] {
      var tree = try Tree()
      try tree.map(huge, 0, size)
      try tree.map(other, 5 * huge, size)
      tree.table.unmapLeaf(at: huge + size - 1, in: &tree.memory)
      #expect(tree.walk(huge) == nil)
      #expect(tree.walk(huge + size - 1) == nil)
      #expect(tree.walk(other)?.address == 5 * huge)
      try tree.map(huge, 9 * huge, size)
      #expect(tree.walk(huge)?.address == 9 * huge)
    }
  }

  @Test("Unmapping what is not mapped, or not in the tree's space, does nothing")
  func unmappingNothing() throws {
    var tree = try Tree(36)
    try tree.map(0, huge, huge)
    tree.table.unmapLeaf(at: huge, in: &tree.memory)
    tree.table.unmapLeaf(at: 1 << 36, in: &tree.memory)
    tree.table.unmapLeaf(at: 1 << 63, in: &tree.memory)
    #expect(tree.walk(0)?.address == huge)
    #expect(tree.memory.violations == [])
  }

  @Test("A tree with its root at level 0 reaches 48 bits and has no blocks there")
  func levelZero() throws {
    var memory = ScatteredTables()
    let root = try memory.makeTables(1)
    let table = TranslationTable(root: root, rootLevel: 0, inputBits: 48)
    let input: UInt64 = 0xff80_0000_0000
    try table.map(input, to: PhysicalAddress(0), size: 1 << 39, as: .hypervisorData, in: &memory)
    #expect(memory.tableCount == 2)
    for offset: UInt64 in [0, 1 << 30, 1 << 39 - 1] {
      #expect(memory.walk(input + offset, root: root.rawValue, rootLevel: 0, inputBits: 48)?.address == offset)
      #expect(table.translate(input + offset, in: memory)?.address.rawValue == offset)
      #expect(table.translate(input + offset, in: memory)?.attributes == .hypervisorData)
    }
    #expect(table.translate(0, in: memory) == nil)
    #expect(throws: MappingError.alreadyMapped) {
      try table.map(1 << 48 - page, to: PhysicalAddress(0), size: page, as: .hypervisorData, in: &memory)
    }
    #expect(memory.violations == [])
  }

  @Test("The attributes of each range are found again in its leaves")
  func attributes() throws {
    var tree = try Tree()
    let all: [LeafAttributes] = [.guestMemory, .guestReadOnlyMemory, .guestDevice]
    for (index, attributes) in all.enumerated() {
      try tree.table.map(
        UInt64(index) * huge + large, to: PhysicalAddress(huge), size: large + page, as: attributes, in: &tree.memory)
    }
    for (index, attributes) in all.enumerated() {
      let input = UInt64(index) * huge + large
      #expect(tree.table.translate(input, in: tree.memory)?.attributes == attributes)
      #expect(tree.table.translate(input + large, in: tree.memory)?.attributes == attributes)
    }
  }
}
