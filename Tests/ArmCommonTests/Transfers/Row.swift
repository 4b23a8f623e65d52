import Architecture
import ArmCommon

/// An instruction and what it is.
struct Row {
  let word: UInt32
  let text: String
  let expected: DecodedTransfer

  init(_ word: UInt32, _ text: String, _ expected: DecodedTransfer) {
    self.word = word
    self.text = text
    self.expected = expected
  }

  /// T32: a number of more than 16 bits is two halfwords.
  var decodedThumb: DecodedTransfer {
    word >> 16 == 0 ? DecodedTransfer(t16: UInt16(word)) : DecodedTransfer(t32: word)
  }
}

typealias Instruction = TransferInstruction

/// LDR and its kin with an immediate.
func load(
  _ width: AccessWidth, _ registers: Instruction.Registers, _ base: UInt8, _ offset: Int64 = 0,
  _ indexing: Instruction.Indexing = .offset, signed: Bool = false, wide: Bool = false, bytes: UInt8 = 4
) -> DecodedTransfer {
  var instruction = Instruction(
    isWrite: false, width: width, registers: registers, base: .register(base), offset: .immediate(offset))
  instruction.isSignExtended = signed
  instruction.isSixtyFourBit = wide
  instruction.indexing = indexing
  instruction.byteCount = bytes
  return .transfer(instruction)
}

/// STR and its kin with an immediate. A64's 64-bit forms are those of 64 bits of memory.
func store(
  _ width: AccessWidth, _ registers: Instruction.Registers, _ base: UInt8, _ offset: Int64 = 0,
  _ indexing: Instruction.Indexing = .offset, bytes: UInt8 = 4
) -> DecodedTransfer {
  var instruction = Instruction(
    isWrite: true, width: width, registers: registers, base: .register(base), offset: .immediate(offset))
  instruction.isSixtyFourBit = width == .doubleword
  instruction.indexing = indexing
  instruction.byteCount = bytes
  return .transfer(instruction)
}

/// A64 with an extended register.
func loadExtended(
  _ width: AccessWidth, _ register: UInt8, _ base: UInt8, _ index: UInt8, _ kind: Instruction.Extension,
  _ leftShift: UInt8, wide: Bool = false
) -> DecodedTransfer {
  var instruction = Instruction(
    isWrite: false, width: width, registers: .one(register), base: .register(base),
    offset: .extended(index, kind, leftShift: leftShift))
  instruction.isSixtyFourBit = wide
  return .transfer(instruction)
}

/// Relative to the program counter.
func loadLiteral(
  _ width: AccessWidth, _ register: UInt8, _ offset: Int64, signed: Bool = false, wide: Bool = false, bytes: UInt8 = 4
) -> DecodedTransfer {
  literal(width, .one(register), offset, signed: signed, wide: wide, bytes: bytes)
}

func literal(
  _ width: AccessWidth, _ registers: Instruction.Registers, _ offset: Int64, signed: Bool = false, wide: Bool = false,
  bytes: UInt8 = 4
) -> DecodedTransfer {
  var instruction = Instruction(
    isWrite: false, width: width, registers: registers, base: .programCounter, offset: .immediate(offset))
  instruction.isSignExtended = signed
  instruction.isSixtyFourBit = wide
  instruction.byteCount = bytes
  return .transfer(instruction)
}

/// AArch32 with a shifted register.
func indexed(
  _ isWrite: Bool, _ width: AccessWidth, _ register: UInt8, _ base: UInt8, _ index: UInt8,
  _ shift: Instruction.Shift = .left, _ amount: UInt8 = 0, _ indexing: Instruction.Indexing = .offset,
  subtracted: Bool = false, signed: Bool = false, bytes: UInt8 = 4
) -> DecodedTransfer {
  indexedPair(isWrite, width, .one(register), base, index, shift, amount, indexing, subtracted, signed, bytes)
}

func indexedPair(
  _ isWrite: Bool, _ width: AccessWidth, _ registers: Instruction.Registers, _ base: UInt8, _ index: UInt8,
  _ shift: Instruction.Shift = .left, _ amount: UInt8 = 0, _ indexing: Instruction.Indexing = .offset,
  _ subtracted: Bool = false, _ signed: Bool = false, _ bytes: UInt8 = 4
) -> DecodedTransfer {
  var instruction = Instruction(
    isWrite: isWrite, width: width, registers: registers, base: .register(base),
    offset: .index(index, shift: shift, amount: amount, isSubtracted: subtracted))
  instruction.isSignExtended = signed
  instruction.indexing = indexing
  instruction.byteCount = bytes
  return .transfer(instruction)
}

/// LDM and STM: `start` is the first access's distance from the base, `back` what is added to the base.
func multiple(
  _ isWrite: Bool, _ list: UInt16, _ base: UInt8, start: Int64 = 0, back: Int64 = 0, bytes: UInt8 = 4
) -> DecodedTransfer {
  var instruction = Instruction(
    isWrite: isWrite, width: .word, registers: .list(list), base: .register(base), offset: .immediate(back))
  instruction.indexing = back == 0 ? .offset : .postIndexed
  instruction.start = start
  instruction.byteCount = bytes
  return .transfer(instruction)
}
