internal import Architecture

extension DecodedTransfer {
  /// Decodes an A32 instruction (DDI 0406C, A5.1), whose condition has been met.
  public init(a32 word: UInt32) {
    if word.bits(31, 28) == 15 {
      self = Self.unconditional(word)
      return
    }
    switch word.bits(27, 25) {
    case 0b000: self = word.bit(7) && word.bit(4) ? Self.extra(word) : .refused(.unrecognized)
    case 0b010: self = Self.single(word, .immediate(Self.signed(Int64(word.bits(11, 0)), word)))
    case 0b011:
      // Bit 4 belongs to the media instructions.
      if word.bit(4) {
        self = .refused(.unrecognized)
      } else {
        self = word.register(0) == 15 ? .refused(.unpredictable) : Self.single(word, Self.shifted(word))
      }
    case 0b100: self = Self.multiple(word)
    case 0b110: self = Self.coprocessor(word)
    default: self = .refused(.unrecognized)
    }
  }

  /// Instructions without a condition (A5.7).
  private static func unconditional(_ word: UInt32) -> DecodedTransfer {
    // PLD, PLDW, PLI.
    if word & 0xfc30_0000 == 0xf410_0000 { return .prefetch(byteCount: 4) }
    // VLD1 to VST4.
    if word & 0xff10_0000 == 0xf400_0000 { return .refused(.floatingPoint) }
    // RFE, SRS.
    if word.bits(27, 25) == 0b100 { return .refused(.otherMode) }
    return word.bits(27, 25) == 0b110 ? coprocessor(word) : .refused(.unrecognized)
  }

  /// U, bit 23, says whether an offset is added.
  private static func signed(_ offset: Int64, _ word: UInt32) -> Int64 { word.bit(23) ? offset : -offset }

  /// P 24 and W 21. P = 0 with W = 1 is LDRT and the like: post-indexed, and the guest's permissions have been checked.
  private static func indexing(_ word: UInt32) -> TransferInstruction.Indexing {
    word.bit(24) ? word.bit(21) ? .preIndexed : .offset : .postIndexed
  }

  /// Rm 3:0 shifted by imm5 11:7 as type 6:5 says (A8.4.3).
  private static func shifted(_ word: UInt32) -> TransferInstruction.Offset {
    let shift: TransferInstruction.Shift =
      switch word.bits(6, 5) {
      case 0: .left
      case 1: .logicalRight
      case 2: .arithmeticRight
      default: .rotateRight
      }
    var amount = UInt8(truncatingIfNeeded: word.bits(11, 7))
    if amount == 0 && (shift == .logicalRight || shift == .arithmeticRight) { amount = 32 }
    return .index(word.register(0), shift: shift, amount: amount, isSubtracted: !word.bit(23))
  }

  /// LDR, STR, LDRB, STRB (A5.3): P 24, U 23, B 22, W 21, L 20, Rn 19:16, Rt 15:12.
  private static func single(_ word: UInt32, _ offset: TransferInstruction.Offset) -> DecodedTransfer {
    let isByte = word.bit(22)
    if isByte && word.register(12) == 15 { return .refused(.unpredictable) }
    return finished(
      TransferInstruction(
        isWrite: !word.bit(20), width: isByte ? .byte : .word, registers: .one(word.register(12)),
        base: base(word), offset: offset, indexing: indexing(word)))
  }

  private static func base(_ word: UInt32) -> TransferInstruction.Base {
    word.register(16) == 15 ? .programCounter : .register(word.register(16))
  }

  /// Halfwords, signed bytes and doublewords (A5.2.8), synchronisation (A5.2.10): bits 7 and 4 are set.
  private static func extra(_ word: UInt32) -> DecodedTransfer {
    let (kind, isLoadBit) = (word.bits(6, 5), word.bit(20))
    if kind == 0 { return synchronization(word) }
    let first = word.register(12)
    // LDRD is 10 and STRD is 11 with L clear; LDRSB and LDRSH are the same with L set.
    let isDouble = kind > 1 && !isLoadBit
    let registers: TransferInstruction.Registers = isDouble ? .two(first, first &+ 1) : .one(first)
    if isDouble && (first & 1 != 0 || first == 14 || !word.bit(24) && word.bit(21)) { return .refused(.unpredictable) }
    let offset: TransferInstruction.Offset
    if word.bit(22) {
      offset = .immediate(signed(Int64(word.bits(11, 8) &<< 4 | word.bits(3, 0)), word))
    } else {
      let index = word.register(0)
      if index == 15 || isDouble && kind == 2 && (index == first || index == first &+ 1) {
        return .refused(.unpredictable)
      }
      offset = .index(index, shift: .left, amount: 0, isSubtracted: !word.bit(23))
    }
    return finished(
      TransferInstruction(
        isWrite: isDouble ? kind == 3 : !isLoadBit, width: isDouble ? .word : kind == 2 ? .byte : .halfword,
        isSignExtended: !isDouble && kind > 1, registers: registers, base: base(word), offset: offset,
        indexing: indexing(word)))
  }

  /// LDREX, STREX and their kin, SWP; LDA and STL of ARMv8, which are plain but for their order (bits 11:8 are 1100).
  private static func synchronization(_ word: UInt32) -> DecodedTransfer {
    if word & 0x0fb0_0ff0 == 0x0100_0090 { return .refused(.exclusive) }
    guard word & 0x0f80_00f0 == 0x0180_0090 else { return .refused(.unrecognized) }
    let size = word.bits(22, 21)
    guard word.bits(11, 8) == 0b1100, size != 1 else { return .refused(.exclusive) }
    let isLoad = word.bit(20)
    let register = word.register(isLoad ? 12 : 0)
    if word.register(16) == 15 || register == 15 { return .refused(.unpredictable) }
    return finished(
      TransferInstruction(
        isWrite: !isLoad, width: size == 0 ? .word : size == 2 ? .byte : .halfword, registers: .one(register),
        base: base(word), offset: .immediate(0)))
  }

  /// LDM and STM (A5.5): P 24, U 23, S 22, W 21, L 20, Rn 19:16, the list 15:0.
  private static func multiple(_ word: UInt32) -> DecodedTransfer {
    if word.bit(22) { return .refused(.otherMode) }
    return multiple(
      list: UInt16(truncatingIfNeeded: word), base: word.register(16), isLoad: word.bit(20), isUp: word.bit(23),
      isBefore: word.bit(24), isWrittenBack: word.bit(21), byteCount: 4)
  }

  /// Several registers at addresses that go up, from the base on or up to it, with it or next to it.
  static func multiple(
    list: UInt16, base: UInt8, isLoad: Bool, isUp: Bool, isBefore: Bool, isWrittenBack: Bool, byteCount: UInt8
  ) -> DecodedTransfer {
    if list == 0 || base == 15 { return .refused(.unpredictable) }
    if list >> 15 != 0 { return .refused(.programCounter) }
    // A base that is stored and written back must be the first, or what is stored is UNKNOWN.
    let mentionsBase = list >> UInt16(base) & 1 != 0
    if isWrittenBack && mentionsBase && (isLoad || list & (1 &<< UInt16(base) &- 1) != 0) {
      return .refused(.unpredictable)
    }
    let size = Int64(list.nonzeroBitCount) &* 4
    let start = isUp ? (isBefore ? 4 : 0) : (isBefore ? -size : 4 &- size)
    return .transfer(
      TransferInstruction(
        isWrite: !isLoad, width: .word, registers: .list(list), base: .register(base),
        offset: .immediate(isWrittenBack ? (isUp ? size : -size) : 0),
        indexing: isWrittenBack ? .postIndexed : .offset, start: start, byteCount: byteCount))
  }

  /// LDC, STC, and with coprocessor 10 or 11 those of FP and SIMD (A5.6). MCRR and MRRC are no loads or stores.
  static func coprocessor(_ word: UInt32) -> DecodedTransfer {
    if word.bits(24, 21) == 0b0010 { return .refused(.unrecognized) }
    return .refused(word.bits(11, 9) == 0b101 ? .floatingPoint : .coprocessor)
  }

  /// What holds for all of AArch32's loads and stores of one register or two.
  static func finished(_ transfer: TransferInstruction) -> DecodedTransfer {
    let (first, second): (UInt8, UInt8) =
      switch transfer.registers {
      case .one(let register): (register, register)
      case .two(let first, let second): (first, second)
      case .list: (0, 0)
      }
    if first == 15 || second == 15 { return .refused(.programCounter) }
    if transfer.isWrittenBack {
      guard case .register(let base) = transfer.base, base != first, base != second else {
        return .refused(.unpredictable)
      }
    }
    return .transfer(transfer)
  }
}
