internal import Architecture

extension DecodedTransfer {
  /// Decodes a 16-bit T32 instruction (DDI 0406C, A6.2).
  public init(t16 halfword: UInt16) {
    let word = UInt32(halfword)
    switch word.bits(15, 11) {
    case 0b01001:
      // LDR of a literal: Rt 10:8, imm8.
      self = Self.short(word.register(8, 3), isWrite: false, .word, .programCounter, word.bits(7, 0) &* 4)
    case 0b01010, 0b01011: self = Self.shortIndexed(word)
    case 0b01100...0b10001: self = Self.shortImmediate(word)
    case 0b10010, 0b10011:
      // Relative to SP: L 11, Rt 10:8, imm8.
      self = Self.short(word.register(8, 3), isWrite: !word.bit(11), .word, .register(13), word.bits(7, 0) &* 4)
    case 0b11000, 0b11001: self = Self.shortMultiple(word)
    case 0b10110, 0b10111: self = Self.pushOrPop(word)
    default: self = .refused(.unrecognized)
    }
  }

  private static func short(
    _ register: UInt8, isWrite: Bool, _ width: AccessWidth, _ base: TransferInstruction.Base, _ offset: UInt32
  ) -> DecodedTransfer {
    .transfer(
      TransferInstruction(
        isWrite: isWrite, width: width, registers: .one(register), base: base, offset: .immediate(Int64(offset)),
        byteCount: 2))
  }

  /// imm5 10:6, Rn 5:3, Rt 2:0; bit 11 is a load; the immediate counts accesses.
  private static func shortImmediate(_ word: UInt32) -> DecodedTransfer {
    let width: AccessWidth =
      switch word.bits(15, 12) {
      case 0b0110: .word
      case 0b0111: .byte
      default: .halfword
      }
    return short(
      word.register(0, 3), isWrite: !word.bit(11), width, .register(word.register(3, 3)),
      word.bits(10, 6) &* UInt32(width.rawValue))
  }

  /// opB 11:9, Rm 8:6, Rn 5:3, Rt 2:0: STR, STRH, STRB, LDRSB, LDR, LDRH, LDRB, LDRSH.
  private static func shortIndexed(_ word: UInt32) -> DecodedTransfer {
    let kind = word.bits(11, 9)
    let width: AccessWidth =
      switch kind {
      case 0, 4: .word
      case 1, 5, 7: .halfword
      default: .byte
      }
    return .transfer(
      TransferInstruction(
        isWrite: kind < 3, width: width, isSignExtended: kind == 3 || kind == 7, registers: .one(word.register(0, 3)),
        base: .register(word.register(3, 3)),
        offset: .index(word.register(6, 3), shift: .left, amount: 0, isSubtracted: false), byteCount: 2))
  }

  /// STM and LDM: L 11, Rn 10:8, the list 7:0. LDM writes back unless it loads the base.
  private static func shortMultiple(_ word: UInt32) -> DecodedTransfer {
    let (base, list, isLoad) = (word.register(8, 3), UInt16(truncatingIfNeeded: word & 0xff), word.bit(11))
    return multiple(
      list: list, base: base, isLoad: isLoad, isUp: true, isBefore: false,
      isWrittenBack: !isLoad || list >> UInt16(base) & 1 == 0, byteCount: 2)
  }

  /// PUSH (1011 010 M list) and POP (1011 110 P list): M is LR, P is PC.
  private static func pushOrPop(_ word: UInt32) -> DecodedTransfer {
    let list = UInt16(truncatingIfNeeded: word & 0xff)
    switch word.bits(15, 9) {
    case 0b1011010:
      return multiple(
        list: list | (word.bit(8) ? 1 << 14 : 0), base: 13, isLoad: false, isUp: false, isBefore: true,
        isWrittenBack: true, byteCount: 2)
    case 0b1011110:
      return multiple(
        list: list | (word.bit(8) ? 1 << 15 : 0), base: 13, isLoad: true, isUp: true, isBefore: false,
        isWrittenBack: true, byteCount: 2)
    default: return .refused(.unrecognized)
    }
  }

  /// True where `halfword` is the first of a 32-bit instruction's two (A6.1).
  public static func isLong(_ halfword: UInt16) -> Bool { halfword >> 11 > 0b11100 }

  /// Decodes a 32-bit T32 instruction (A6.3), its first halfword in the upper half of `word`.
  public init(t32 word: UInt32) {
    if word & 0xfe40_0000 == 0xe800_0000 {
      self = Self.longMultiple(word)
    } else if word & 0xfe40_0000 == 0xe840_0000 {
      self = Self.doubleOrExclusive(word)
    } else if word & 0xfe00_0000 == 0xf800_0000 {
      self = Self.longSingle(word)
    } else if word & 0xee00_0000 == 0xec00_0000 {
      self = Self.coprocessor(word)
    } else {
      self = .refused(.unrecognized)
    }
  }

  /// LDM and STM (A6.3.5): op 24:23, W 21, L 20, Rn 19:16, the list 15:0. The other two ops are SRS and RFE.
  private static func longMultiple(_ word: UInt32) -> DecodedTransfer {
    let (kind, list) = (word.bits(24, 23), UInt16(truncatingIfNeeded: word))
    if kind == 0 || kind == 3 { return .refused(.otherMode) }
    let (base, isWrittenBack) = (word.register(16), word.bit(21))
    let mentionsBase = list >> UInt16(base) & 1 != 0
    if list >> 13 & 1 != 0 || list >> 14 == 3 || list.nonzeroBitCount < 2 || isWrittenBack && mentionsBase {
      return .refused(.unpredictable)
    }
    return multiple(
      list: list, base: base, isLoad: word.bit(20), isUp: kind == 1, isBefore: kind == 2,
      isWrittenBack: isWrittenBack, byteCount: 4)
  }

  /// LDRD, STRD, exclusives, table branches (A6.3.6): P 24, U 23, W 21, L 20, Rn 19:16, Rt 15:12, Rt2 11:8, imm8.
  private static func doubleOrExclusive(_ word: UInt32) -> DecodedTransfer {
    if !word.bit(24) && !word.bit(21) { return exclusive(word) }
    let (first, second, isLoad) = (word.register(12), word.register(8), word.bit(20))
    if first == 13 || second == 13 || isLoad && first == second || !isLoad && word.register(16) == 15 {
      return .refused(.unpredictable)
    }
    let offset = Int64(word.bits(7, 0)) &* 4
    return finished(
      TransferInstruction(
        isWrite: !isLoad, width: .word, registers: .two(first, second),
        base: word.register(16) == 15 ? .programCounter : .register(word.register(16)),
        offset: .immediate(word.bit(23) ? offset : -offset),
        indexing: word.bit(24) ? word.bit(21) ? .preIndexed : .offset : .postIndexed))
  }

  /// U 23 clear: LDREX, STREX. Set: by bits 7:4 table branches, the other exclusives, and LDA and STL of ARMv8 (10xx).
  private static func exclusive(_ word: UInt32) -> DecodedTransfer {
    guard word.bit(23) else { return .refused(.exclusive) }
    let kind = word.bits(7, 4)
    if word.bit(20) && kind < 2 { return .refused(.programCounter) }
    guard kind >> 2 == 0b10, kind != 0b1011 else { return .refused(.exclusive) }
    if word.register(16) == 15 { return .refused(.unpredictable) }
    return finished(
      TransferInstruction(
        isWrite: !word.bit(20), width: kind == 8 ? .byte : kind == 9 ? .halfword : .word,
        registers: .one(word.register(12)), base: .register(word.register(16)), offset: .immediate(0)))
  }

  /// One register (A6.3.7 to A6.3.10): S 24, U or the long immediate 23, size 22:21, L 20, Rn 19:16, Rt 15:12.
  private static func longSingle(_ word: UInt32) -> DecodedTransfer {
    let (isSigned, isLoad, size) = (word.bit(24), word.bit(20), word.bits(22, 21))
    // Where a signed store would be, there are VLD1 to VST4.
    if isSigned && !isLoad { return .refused(.floatingPoint) }
    if size == 3 || isSigned && size == 2 { return .refused(.unrecognized) }
    guard let (base, offset, indexing) = longAddress(word, isLoad: isLoad) else { return .refused(.unrecognized) }
    let register = word.register(12)
    if case .index(let index, _, _, _) = offset, index == 13 || index == 15 { return .refused(.unpredictable) }
    // PLD, PLDW, PLI are loads of less than a word into R15.
    if register == 15 && isLoad && size < 2 {
      return indexing == .offset ? .prefetch(byteCount: 4) : .refused(.unpredictable)
    }
    if register == 13 && size < 2 { return .refused(.unpredictable) }
    return finished(
      TransferInstruction(
        isWrite: !isLoad, width: size == 0 ? .byte : size == 1 ? .halfword : .word, isSignExtended: isSigned,
        registers: .one(register), base: base, offset: offset, indexing: indexing))
  }

  /// Where a load or store of one register goes, or nil where there is no such instruction.
  private static func longAddress(
    _ word: UInt32, isLoad: Bool
  ) -> (TransferInstruction.Base, TransferInstruction.Offset, TransferInstruction.Indexing)? {
    let immediate = Int64(word.bits(11, 0))
    if word.register(16) == 15 {
      return isLoad ? (.programCounter, .immediate(word.bit(23) ? immediate : -immediate), .offset) : nil
    }
    let base = TransferInstruction.Base.register(word.register(16))
    if word.bit(23) { return (base, .immediate(immediate), .offset) }
    if word.bits(11, 6) == 0 {
      let amount = UInt8(truncatingIfNeeded: word.bits(5, 4))
      return (base, .index(word.register(0), shift: .left, amount: amount, isSubtracted: false), .offset)
    }
    guard word.bit(11) else { return nil }
    // P 10, U 9, W 8. P and U without W are LDRT and the like: the guest's permissions have been checked.
    let offset = word.bit(9) ? Int64(word.bits(7, 0)) : -Int64(word.bits(7, 0))
    switch (word.bit(10), word.bit(8)) {
    case (true, false): return (base, .immediate(offset), .offset)
    case (true, true): return (base, .immediate(offset), .preIndexed)
    case (false, true): return (base, .immediate(offset), .postIndexed)
    case (false, false): return nil
    }
  }
}
