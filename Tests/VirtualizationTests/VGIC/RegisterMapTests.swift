import Architecture
import TestSupport
import Testing
import Virtualization

/// One word of a register map: how it reads after reset (and after what is `given`), after all ones are written to it, and
/// after zeros are then.
private struct Row {
  var offset: UInt32
  var reset: UInt32
  var ones: UInt32
  var zeros: UInt32
  /// Permits byte accesses as well as words (IHI 0048B §4.1.4, IHI 0069 §12.1.3).
  var hasBytes = false
  /// What is written before, so that there is something to clear.
  var given: UInt32?

  /// A register that cannot be written.
  static func constant(_ offset: UInt32, _ value: UInt32, hasBytes: Bool = false) -> Row {
    Row(offset: offset, reset: value, ones: value, zeros: value, hasBytes: hasBytes)
  }

  /// A register whose bits in `mask` can be written, and whose others read as in `fixed`.
  static func writable(_ offset: UInt32, _ mask: UInt32, fixed: UInt32 = 0, hasBytes: Bool = false) -> Row {
    Row(offset: offset, reset: fixed, ones: mask | fixed, zeros: fixed, hasBytes: hasBytes)
  }

  /// A register of which written ones set, and its partner that clears, both of which read the state. Bits in `fixed` are
  /// always set.
  static func pair(_ set: UInt32, _ clear: UInt32, _ mask: UInt32, fixed: UInt32 = 0, hasBytes: Bool = false) -> [Row] {
    let all = mask | fixed
    return [
      Row(offset: set, reset: fixed, ones: all, zeros: all, hasBytes: hasBytes),
      Row(offset: clear, reset: all, ones: fixed, zeros: fixed, hasBytes: hasBytes, given: set),
    ]
  }
}

private let vcpu = 1
private let vcpuCount = 3
private let spiCount = 64
private let all: UInt32 = 0xffff_ffff

/// A frame of registers as tests reach it.
private struct Face: ~Copyable {
  var gic: VirtualGIC
  let isRedistributor: Bool

  init(_ version: GICVersion, isRedistributor: Bool) throws {
    var storage = HeapStorage()
    gic = try VirtualGIC(
      version: version, vcpuCount: vcpuCount, sharedInterruptCount: spiCount, storage: &storage)
    self.isRedistributor = isRedistributor
  }
}

/// The fields of SPIs, words 1 and 2 of each array, which both versions have.
private let sharedRows: [Row] = (1...2).flatMap { (word: UInt32) -> [Row] in
  let at = word * 4
  let singles: [Row] = [.writable(0x080 + at, all)]
  let pairs = [(UInt32(0x100), UInt32(0x180)), (0x200, 0x280), (0x300, 0x380)]
    .flatMap { Row.pair($0.0 + at, $0.1 + at, all) }
  let priorities = (0..<8).map { Row.writable(0x400 + word * 32 + $0 * 4, 0xf8f8_f8f8, hasBytes: true) }
  let configurations = (0..<2).map { Row.writable(0xc00 + word * 8 + $0 * 4, 0xaaaa_aaaa) }
  return singles + pairs + priorities + configurations
}

/// The fields of SGIs and PPIs that are the same in a GICv2's distributor and in a GICv3's redistributor, from `base` on.
private func privateRows(_ base: UInt32) -> [Row] {
  [.writable(base + 0x080, all), .constant(base + 0xc00, 0xaaaa_aaaa), .writable(base + 0xc04, 0xaaaa_aaaa)]
    + Row.pair(base + 0x300, base + 0x380, all)
    + (0..<8).map { .writable(base + 0x400 + $0 * 4, 0xf8f8_f8f8, hasBytes: true) }
}

private func identification(_ base: UInt32, architecture: UInt32) -> [Row] {
  let bytes: [UInt32] = [0x04, 0, 0, 0, 0x54, 0xb0, architecture << 4 | 0xb, 0, 0x0d, 0xf0, 0x05, 0xb1]
  return bytes.enumerated().map { .constant(base + UInt32($0.offset) * 4, $0.element) }
}

/// IHI 0048B table 4-1, with 96 interrupts, three CPUs and no Security Extensions, as CPU 1 sees it.
private let distributorV2: [Row] =
  [.writable(0x000, 3), .constant(0x004, 2 << 5 | 2), .constant(0x008, 0x5400_043b)]
  + privateRows(0) + sharedRows
  // SGIs are always enabled here, and only SGIR and SPENDSGIR make them pending.
  + Row.pair(0x100, 0x180, all, fixed: 0xffff) + Row.pair(0x200, 0x280, 0xffff_0000)
  + (0..<8).map { .constant(0x800 + $0 * 4, 0x0202_0202, hasBytes: true) }
  + (8..<24).map { .writable(0x800 + $0 * 4, 0x0707_0707, hasBytes: true) }
  + (0..<4).flatMap { Row.pair(0xf20 + $0 * 4, 0xf10 + $0 * 4, 0x0707_0707, hasBytes: true) }
  + identification(0xfd0, architecture: 2)

/// IHI 0069 table 12-25, with 96 interrupts and DS and ARE fixed to one.
private let distributorV3: [Row] =
  [.writable(0x000, 3, fixed: 0x50), .constant(0x004, 2 | 9 << 19 | 3 << 24), .constant(0x008, 0x5400_043b)]
  + sharedRows + identification(0xffd0, architecture: 3)
  + (0..<UInt32(spiCount)).flatMap { (spi: UInt32) -> [Row] in
    [.writable(0x6100 + spi * 8, 0x00ff_ffff), .writable(0x6104 + spi * 8, 0xff)]
  }

/// IHI 0069 tables 12-27 and 12-28: the two frames of a vCPU in the middle, without LPIs.
private let redistributor: [Row] =
  [
    .constant(0x004, 0x5400_043b), .constant(0x008, UInt32(vcpu) << 8), .constant(0x00c, UInt32(vcpu)),
    Row(offset: 0x014, reset: 6, ones: 6, zeros: 0),
  ]
  + privateRows(0x1_0000) + Row.pair(0x1_0100, 0x1_0180, all) + Row.pair(0x1_0200, 0x1_0280, all)
  + identification(0xffd0, architecture: 3)

extension Face {
  func read(_ offset: UInt32, _ width: AccessWidth = .word) -> UInt64 {
    isRedistributor
      ? gic.readRedistributor(offset: offset, frame: vcpu, width: width)
      : gic.readDistributor(offset: offset, width: width, vcpu: vcpu)
  }

  mutating func write(_ offset: UInt32, _ value: UInt64, _ width: AccessWidth = .word) {
    if isRedistributor {
      gic.writeRedistributor(offset: offset, frame: vcpu, width: width, value: value)
    } else {
      gic.writeDistributor(offset: offset, width: width, value: value, vcpu: vcpu)
    }
  }

  /// Expects `value` of the word at `offset`, read by `width`.
  func expect(_ offset: UInt32, _ width: AccessWidth, _ value: UInt32, _ when: String) {
    for part in stride(from: 0, to: 4, by: Int(width.byteCount)) {
      let expected = UInt64(value) >> UInt64(part * 8) & width.mask
      let found = read(offset + UInt32(part), width)
      if found != expected {
        Issue.record("0x\(String(offset, radix: 16)) \(when): \(width) \(part) reads \(found), not \(expected)")
      }
    }
  }

  mutating func writeAll(_ offset: UInt32, _ width: AccessWidth, _ value: UInt64) {
    for part in stride(from: 0, to: 4, by: Int(width.byteCount)) {
      write(offset + UInt32(part), value & width.mask, width)
    }
  }
}

/// Which register map.
enum RegisterMap: CaseIterable {
  case distributorV2, distributorV3, redistributor

  fileprivate var version: GICVersion { self == .distributorV2 ? .v2 : .v3 }
  fileprivate var size: UInt32 { self == .redistributor ? 0x2_0000 : 0x1_0000 }
  fileprivate var rows: [Row] {
    switch self {
    case .distributorV2: VirtualizationTests.distributorV2
    case .distributorV3: VirtualizationTests.distributorV3
    case .redistributor: VirtualizationTests.redistributor
    }
  }
  fileprivate func makeFace() throws -> Face { try Face(version, isRedistributor: self == .redistributor) }
}

@Suite("Every register at every width is what the manuals say", .timeLimited) struct RegisterMapTests {
  @Test("Each register reads, keeps and ignores what it should, by words and by bytes", arguments: RegisterMap.allCases)
  func rows(map: RegisterMap) throws {
    for row in map.rows {
      for width in row.hasBytes ? [AccessWidth.word, .byte] : [.word] {
        var face = try map.makeFace()
        if let given = row.given { face.write(given, UInt64(all)) }
        face.expect(row.offset, width, row.reset, "after reset")
        face.writeAll(row.offset, width, .max)
        face.expect(row.offset, width, row.ones, "after ones")
        if row.hasBytes { face.expect(row.offset, .word, row.ones, "after ones by \(width)") }
        face.writeAll(row.offset, width, 0)
        face.expect(row.offset, width, row.zeros, "after zeros")
      }
    }
  }

  @Test("A byte written changes its interrupt's field and no other", arguments: RegisterMap.allCases)
  func neighbours(map: RegisterMap) throws {
    for row in map.rows where row.hasBytes && row.given == nil && row.ones != row.reset {
      for part in UInt32(0)..<4 {
        var face = try map.makeFace()
        face.write(row.offset + part, 0xff, .byte)
        face.expect(
          row.offset, .word, row.ones & 0xff << (part * 8) | row.reset & ~(0xff << (part * 8)), "by byte \(part)")
      }
    }
  }

  @Test(
    "What is no register, misaligned or of a width that is not permitted reads as zero and changes nothing",
    arguments: RegisterMap.allCases)
  func holes(map: RegisterMap) throws {
    let words = Dictionary(uniqueKeysWithValues: map.rows.map { ($0.offset, $0) })
    func isPermitted(_ offset: UInt32, _ width: AccessWidth) -> Bool {
      guard let row = words[offset & ~3] else { return false }
      switch width {
      case .byte: return row.hasBytes
      case .halfword: return false
      case .word: return offset & 3 == 0
      case .doubleword:
        let isWide = map == .redistributor ? offset == 0x008 : map == .distributorV3 && offset & ~0x1fff == 0x6000
        return isWide && offset & 7 == 0
      }
    }
    var face = try map.makeFace()
    // Something to be seen everywhere, so that a change would be as well.
    for row in map.rows where row.offset & 0xffff != 0x014 { face.write(row.offset, 0x5a5a_5a5a) }
    let before = map.rows.map { face.read($0.offset) }
    var wrongCount = 0
    // GICD_SGIR can be written and reads as zero: the reads only.
    for offset in 0..<map.size {
      for width in [AccessWidth.byte, .halfword, .word, .doubleword] where !isPermitted(offset, width) {
        if face.read(offset, width) != 0 { wrongCount += 1 }
        if !(map == .distributorV2 && offset == 0xf00) { face.write(offset, .max, width) }
      }
    }
    #expect(wrongCount == 0)
    #expect(map.rows.map { face.read($0.offset) } == before)
  }

  @Test("GICD_IROUTER and GICR_TYPER read and are written whole and in halves")
  func wide() throws {
    var distributor = try RegisterMap.distributorV3.makeFace()
    for spi in UInt32(0)..<UInt32(spiCount) {
      let offset = 0x6100 + spi * 8
      distributor.write(offset, .max, .doubleword)
      #expect(distributor.read(offset, .doubleword) == 0xff_00ff_ffff)
      distributor.write(offset + 4, 0x12)
      #expect(distributor.read(offset, .doubleword) == 0x12_00ff_ffff)
      distributor.write(offset, 0x8000_0001)
      #expect(distributor.read(offset, .doubleword) == 0x12_0000_0001)
    }
    let redistributor = try RegisterMap.redistributor.makeFace()
    #expect(redistributor.read(0x008, .doubleword) == 0x0000_0001_0000_0100)
  }

  @Test("Interrupts 1020 to 1023 have no fields, whatever the number of SPIs", arguments: [GICVersion.v2, .v3])
  func special(version: GICVersion) throws {
    var storage = HeapStorage()
    var gic = try VirtualGIC(version: version, vcpuCount: 2, sharedInterruptCount: 988, storage: &storage)
    for base: UInt32 in [0x080, 0x100, 0x200, 0x300] {
      gic.writeDistributor(offset: base + 0x7c, width: .word, value: .max, vcpu: 0)
      #expect(gic.readDistributor(offset: base + 0x7c, width: .word, vcpu: 0) == 0x0fff_ffff)
    }
    for base: UInt32 in [0x400, 0x800] {
      gic.writeDistributor(offset: base + 0x3fc, width: .word, value: .max, vcpu: 0)
      #expect(gic.readDistributor(offset: base + 0x3fc, width: .word, vcpu: 0) == 0)
    }
    gic.writeDistributor(offset: 0xcfc, width: .word, value: .max, vcpu: 0)
    #expect(gic.readDistributor(offset: 0xcfc, width: .word, vcpu: 0) == 0x00aa_aaaa)
    #expect(gic.readDistributor(offset: 0x004, width: .word, vcpu: 0) & 0x1f == 31)
    gic.writeDistributor(offset: 0x7fe0, width: .doubleword, value: .max, vcpu: 0)
    #expect(gic.readDistributor(offset: 0x7fe0, width: .doubleword, vcpu: 0) == 0)
  }
}
