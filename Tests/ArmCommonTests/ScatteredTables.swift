import Architecture
import ArmCommon

/// Table memory that no mix-up can pass: tables lie far apart at addresses that have nothing to do with the order in
/// which they were made, those of different trees never look alike, and whoever names a table that was not made, an index
/// outside it, or a place that is not a table's own, is noted.
struct ScatteredTables: TableMemory {
  /// The descriptors, by the address that hardware would fetch them from.
  private var words: [UInt64: UInt64] = [:]
  private var tables: Set<UInt64> = []
  private(set) var tableCount = 0
  /// How many tables there may be.
  var limit = Int.max
  private let mistakes = Mistakes()
  /// Descriptors that were put where a valid one was, which hardware may still hold in its TLB.
  private(set) var overwriteCount = 0

  /// What the code under test did that no walk may do.
  var violations: [String] { mistakes.list }

  mutating func makeTables(_ count: Int) throws(OutOfMemory) -> PhysicalAddress {
    guard tableCount + count <= limit else { throw OutOfMemory(requestedByteCount: count * 4096) }
    // 40 bits of address from a permutation of the counter, at a multiple of the tables' whole size.
    let scattered = (UInt64(tableCount) &+ 1) &* 0x9e37_79b9_7f4a_7c15
    let base = (scattered >> 24) & ~(UInt64(count) * 4096 - 1)
    for index in 0..<count { tables.insert(base + UInt64(index) * 4096) }
    tableCount += count
    return PhysicalAddress(base)
  }

  func descriptor(in table: PhysicalAddress, at index: Int) -> LongDescriptor {
    LongDescriptor(rawValue: words[place(table, index)] ?? 0)
  }

  mutating func setDescriptor(_ descriptor: LongDescriptor, in table: PhysicalAddress, at index: Int) {
    let place = place(table, index)
    if (words[place] ?? 0) & 1 != 0 && descriptor.rawValue & 1 != 0 { overwriteCount += 1 }
    words[place] = descriptor.rawValue
  }

  private func place(_ table: PhysicalAddress, _ index: Int) -> UInt64 {
    let place = table.rawValue &+ UInt64(bitPattern: Int64(index)) &* 8
    if !tables.contains(table.rawValue) { mistakes.list.append("no table at \(table.rawValue)") }
    if index < 0 || !tables.contains(place & ~0xfff) { mistakes.list.append("no entry \(index)") }
    return place
  }

  /// The walk of the manual (DDI 0487, D8.2), 4 KiB granule, by bits of the input address: level 0 resolves 47:39, level 1
  /// 38:30 (more at a concatenated root), level 2 29:21, level 3 20:12. Gives the output address and the descriptor.
  func walk(_ input: UInt64, root: UInt64, rootLevel: Int, inputBits: UInt64)
    -> (address: UInt64, descriptor: UInt64, level: Int)?
  {
    guard input >> inputBits == 0 else { return nil }
    var table = root
    for (level, low) in [(0, UInt64(39)), (1, 30), (2, 21), (3, 12)] where level >= rootLevel {
      let index = level == rootLevel ? input >> low : input >> low & 0x1ff
      let descriptor = words[table + index * 8] ?? 0
      guard descriptor & 1 == 1 else { return nil }
      if level == 3 || descriptor & 2 == 0 {
        guard level == 3 ? descriptor & 2 != 0 : level > 0 else { return nil }
        let inside: UInt64 = 1 << low - 1
        return (descriptor & 0xffff_ffff_f000 & ~inside | input & inside, descriptor, level)
      }
      table = descriptor & 0xffff_ffff_f000
    }
    return nil
  }
}

/// Notes that a read, too, can take.
private final class Mistakes {
  var list: [String] = []
}
