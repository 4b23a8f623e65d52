import Architecture
import ArmCommon
import TestSupport
import Testing

/// SplitMix64: the same numbers in every run.
private struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}

@Suite("Translation tables, at random", .timeLimited)
struct TranslationPropertyTests {
  private struct Mapping {
    var input: UInt64
    var output: UInt64
    var size: UInt64
    func overlaps(_ other: Mapping) -> Bool { input < other.input + other.size && other.input < input + size }
  }

  /// Addresses and sizes that like the borders of blocks, where mistakes live.
  private func mapping(_ generator: inout SeededGenerator, inputBits: UInt64) -> Mapping {
    let unit: UInt64 = [0x1000, 0x20_0000, 0x4000_0000].randomElement(using: &generator)!
    let wanted =
      UInt64.random(in: 1...4, using: &generator) * unit + UInt64.random(in: 0...2, using: &generator) * 0x1000
    let limit: UInt64 = 1 << inputBits
    let size = min(wanted, limit / 2)
    var input = UInt64.random(in: 0..<8, using: &generator) * 0x4000_0000
    input +=
      UInt64.random(in: 0..<3, using: &generator) * 0x20_0000 + UInt64.random(in: 0..<3, using: &generator) * 0x1000
    if Bool.random(using: &generator) { input = limit &- 0x1000 &- input }
    input &= limit - 1
    input = min(input, limit - size)
    var output = UInt64.random(in: 0..<(1 << 35), using: &generator) & ~0xfff
    // Gigabytes by single pages would only take long.
    if unit == 0x4000_0000 || Bool.random(using: &generator) { output = output & ~0x1f_ffff | input & 0x1f_ffff }
    if Bool.random(using: &generator) { output = output & ~0x3fff_ffff | input & 0x3fff_ffff }
    return Mapping(input: input, output: output, size: size)
  }

  @Test(
    "Whatever is mapped, the manual's walk finds each range and nothing beside",
    arguments: [32, 36, 39, 40] as [UInt64])
  func roundTrip(inputBits: UInt64) throws {
    var generator = SeededGenerator(state: 0x7eed_0000 + inputBits)
    for _ in 0..<25 {
      var memory = ScatteredTables()
      let table = try TranslationTable(stage2InputBits: Int(inputBits), memory: &memory)
      var mapped: [Mapping] = []
      for _ in 0..<8 {
        let new = mapping(&generator, inputBits: inputBits)
        let overlaps = mapped.contains { $0.overlaps(new) }
        do throws(MappingError) {
          try table.map(new.input, to: PhysicalAddress(new.output), size: new.size, as: .guestMemory, in: &memory)
          #expect(!overlaps)
          mapped.append(new)
        } catch {
          #expect(error == .alreadyMapped && overlaps)
          // A part of it may have been mapped: this tree's ranges are not known any more.
          break
        }
        check(mapped, memory, table, inputBits)
      }
      #expect(memory.overwriteCount == 0)
      #expect(memory.violations == [])
    }
  }

  @Test("a guest's memory in pieces is found where its pieces are, in blocks wherever both sides are at one's start")
  func guestMemory() throws {
    var generator = SeededGenerator(state: 0x70_6965_6365)
    for _ in 0..<40 {
      var storage = HeapStorage()
      var guest = try GuestMemory(at: GuestPhysicalAddress(0x4000_0000), in: &storage)
      var place: UInt64 = 0x8000_0000
      for _ in 0..<UInt64.random(in: 1...8, using: &generator) {
        place += UInt64.random(in: 1...600, using: &generator) << 21
        let size = UInt64.random(in: 1...600, using: &generator) << 21
        let isAdded = guest.append(AddressRange(start: PhysicalAddress(place), size: size))
        #expect(isAdded)
        place += size
      }
      var memory = ScatteredTables()
      let table = try TranslationTable(stage2InputBits: 39, memory: &memory)
      try table.map(guest, as: .guestMemory, in: &memory)
      var offset: UInt64 = 0
      while offset < guest.size {
        let address = guest.start.advanced(by: offset)
        let walked = memory.walk(address.rawValue, root: table.root.rawValue, rootLevel: 1, inputBits: 39)
        #expect(walked?.address == guest.piece(at: address)?.start.rawValue)
        #expect((walked?.level ?? 3) < 3)
        offset += 0x20_0000 - 0x1000
      }
      for outside in [guest.start.rawValue - 1, guest.range.end.rawValue] {
        #expect(memory.walk(outside, root: table.root.rawValue, rootLevel: 1, inputBits: 39) == nil)
      }
      // A root, and at most one table for each GiB that the guest has a part of.
      #expect(memory.tableCount <= 1 + Int((guest.size + 0x3fff_ffff) >> 30))
    }
  }

  private func check(_ mapped: [Mapping], _ memory: ScatteredTables, _ table: TranslationTable, _ inputBits: UInt64) {
    for range in mapped {
      for offset in [0, 0x1000, range.size / 2, range.size &- 0x1000, range.size - 1, range.size, 0 &- 1 as UInt64] {
        let input = range.input &+ offset
        let owner = mapped.first { input >= $0.input && input - $0.input < $0.size }
        let expected = owner.map { $0.output + (input - $0.input) }
        let walked = memory.walk(input, root: table.root.rawValue, rootLevel: 1, inputBits: inputBits)
        #expect(walked?.address == expected)
        #expect(table.translate(input, in: memory)?.address.rawValue == expected)
      }
    }
  }
}
