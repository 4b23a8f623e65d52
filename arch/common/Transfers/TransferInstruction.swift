public import Architecture

/// A load or store as its encoding says it: which registers move between memory and where, before any register's value is
/// known. Registers are numbered as in the instruction.
public struct TransferInstruction: Equatable, Sendable {
  /// True for a store.
  public var isWrite: Bool
  /// How much each access moves.
  public var width: AccessWidth
  /// True where a load extends the sign.
  public var isSignExtended: Bool
  /// True where the registers are written in their 64-bit form.
  public var isSixtyFourBit: Bool
  /// Which registers move.
  public var registers: Registers
  /// What the address is made from.
  public var base: Base
  /// What is added to the base.
  public var offset: Offset
  /// Whether the sum is the address, the base's new value, or both.
  public var indexing: Indexing
  /// From the address to the first access, in bytes: LDM and STM only.
  public var start: Int64
  /// How long the instruction is, in bytes.
  public var byteCount: UInt8

  /// An instruction with every property given.
  public init(
    isWrite: Bool, width: AccessWidth, isSignExtended: Bool = false, isSixtyFourBit: Bool = false,
    registers: Registers, base: Base, offset: Offset, indexing: Indexing = .offset, start: Int64 = 0,
    byteCount: UInt8 = 4
  ) {
    self.isWrite = isWrite
    self.width = width
    self.isSignExtended = isSignExtended
    self.isSixtyFourBit = isSixtyFourBit
    self.registers = registers
    self.base = base
    self.offset = offset
    self.indexing = indexing
    self.start = start
    self.byteCount = byteCount
  }

  /// Which registers move, the first to the lowest address.
  public enum Registers: Equatable, Sendable {
    case one(UInt8)
    case two(UInt8, UInt8)
    /// By bit, R0 in bit 0.
    case list(UInt16)
  }

  /// What an address is made from.
  public enum Base: Equatable, Sendable {
    case register(UInt8)
    /// The program counter as the instruction reads it: of AArch32 aligned to four bytes.
    case programCounter
  }

  /// What is added to the base.
  public enum Offset: Equatable, Sendable {
    case immediate(Int64)
    /// An index register of AArch32, shifted as in DDI 0406C, A8.4.1, by `amount` 1 to 32 (0 is RRX), and negated where
    /// `isSubtracted`.
    case index(UInt8, shift: Shift, amount: UInt8, isSubtracted: Bool)
    /// An index register of AArch64, extended and shifted left (DDI 0487, ExtendReg).
    case extended(UInt8, Extension, leftShift: UInt8)
  }

  /// How AArch32 shifts an index.
  public enum Shift: UInt8, Sendable {
    case left, logicalRight, arithmeticRight, rotateRight
  }

  /// What AArch64 takes of an index register.
  public enum Extension: Sendable {
    case unsignedWord, signedWord, doubleword
  }

  /// Whether the sum of base and offset is the address, the base's new value, or both.
  public enum Indexing: Sendable {
    case offset, preIndexed, postIndexed
  }

  /// True where the base register is written back.
  public var isWrittenBack: Bool { indexing != .offset }
}

/// What an instruction word comes to.
public enum DecodedTransfer: Equatable, Sendable {
  case transfer(TransferInstruction)
  /// A prefetch, which accesses nothing that anybody could see.
  case prefetch(byteCount: UInt8)
  case refused(TransferRefusal)
}

extension UInt32 {
  /// The bits from `high` down to `low`.
  func bits(_ high: UInt32, _ low: UInt32) -> UInt32 { self &>> low & (2 &<< (high &- low) &- 1) }

  /// Whether bit `index` is set.
  func bit(_ index: UInt32) -> Bool { self &>> index & 1 != 0 }

  /// The register number of `count` bits, 4 or 5, at bit `low`.
  func register(_ low: UInt32, _ count: UInt32 = 4) -> UInt8 {
    UInt8(truncatingIfNeeded: bits(low &+ count &- 1, low))
  }

  /// The signed number in bits `high` to `low`.
  func signed(_ high: UInt32, _ low: UInt32) -> Int64 {
    Int64(Int32(bitPattern: self &<< (31 &- high)) &>> Int32(31 &- high &+ low))
  }
}
