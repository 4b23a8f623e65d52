/// Where the fields of an ELF file's structures lie: the 64-bit format and the 32-bit one have the same fields in different
/// places (Tool Interface Standard ELF 1.2; the 64-bit extension).
struct ELFFormat: Sendable {
  /// Bytes of an address, offset or size.
  var wordSize: UInt64
  var header: (entry: UInt64, programHeaders: UInt64, sectionHeaders: UInt64, programHeaderSize: UInt64)
  var program: (offset: UInt64, virtualAddress: UInt64, physicalAddress: UInt64, fileSize: UInt64, memorySize: UInt64)
  var section: (flags: UInt64, address: UInt64, offset: UInt64, size: UInt64, link: UInt64)
  var symbol: (value: UInt64, size: UInt64, info: UInt64, section: UInt64, count: UInt64)

  static let bits64 = ELFFormat(
    wordSize: 8, header: (24, 32, 40, 54), program: (8, 16, 24, 32, 40), section: (8, 16, 24, 32, 40),
    symbol: (8, 16, 4, 6, 24))
  static let bits32 = ELFFormat(
    wordSize: 4, header: (24, 28, 32, 42), program: (4, 8, 12, 16, 20), section: (8, 12, 16, 20, 24),
    symbol: (4, 8, 12, 14, 16))

  /// The format that a file's class byte names; nil where it is neither.
  init?(class: UInt8) {
    switch `class` {
    case 1: self = .bits32
    case 2: self = .bits64
    default: return nil
    }
  }

  private init(
    wordSize: UInt64, header: (UInt64, UInt64, UInt64, UInt64), program: (UInt64, UInt64, UInt64, UInt64, UInt64),
    section: (UInt64, UInt64, UInt64, UInt64, UInt64), symbol: (UInt64, UInt64, UInt64, UInt64, UInt64)
  ) {
    self.wordSize = wordSize
    self.header = header
    self.program = program
    self.section = section
    self.symbol = symbol
  }
}

/// An ELF file's bytes with the format that they are in.
struct ELFReader: Sendable {
  let file: ByteReader
  let format: ELFFormat

  /// An integer of a width that both formats share.
  func need<Value: FixedWidthInteger>(at offset: UInt64) throws -> Value {
    guard let value = file.integer(at: offset, as: Value.self) else { throw Self.cutShort }
    return value
  }

  /// An address, offset or size.
  func word(at offset: UInt64) throws -> UInt64 {
    format.wordSize == 8 ? try need(at: offset) : UInt64(try need(at: offset) as UInt32)
  }

  static let cutShort = Failure("this ELF file is cut short")
}
