internal import Architecture

extension DecodedTransfer {
  /// Decodes an A64 instruction (DDI 0487, C4.1.88, "Loads and stores").
  public init(a64 word: UInt32) {
    let size = word.bits(31, 30)
    if word & 0x3a00_0000 == 0x2800_0000 {
      self = Self.pair(word)
    } else if word & 0x3b00_0000 == 0x1800_0000 {
      self = Self.literal(word)
    } else if word & 0x3a00_0000 == 0x3800_0000 {
      self = Self.single(word, size)
    } else if word & 0x3f20_0c00 == 0x1900_0000 {
      // LDAPUR and STLUR: as LDUR and STUR with an order that nobody here could break.
      self = Self.single(word, size, hasPrefetch: false, .immediate(word.signed(20, 12)))
    } else if word & 0x3f00_0000 == 0x0800_0000 {
      // LDAR, LDLAR, STLR, STLLR have o2 (bit 23) set and o1 (bit 21) clear; the others are exclusives, CAS and CASP.
      self = word.bit(23) && !word.bit(21) ? Self.ordered(word, size) : .refused(.exclusive)
    } else if word & 0xbe00_0000 == 0x0c00_0000 {
      self = .refused(.floatingPoint)
    } else {
      self = .refused(.unrecognized)
    }
  }

  /// LDP, STP, LDPSW, LDNP, STNP: opc 31:30, V 26, mode 24:23, L 22, imm7 21:15, Rt2 14:10, Rn 9:5, Rt 4:0.
  private static func pair(_ word: UInt32) -> DecodedTransfer {
    if word.bit(26) { return .refused(.floatingPoint) }
    let (size, mode, isLoad) = (word.bits(31, 30), word.bits(24, 23), word.bit(22))
    // Size 1 is LDPSW, which has neither a store nor a form without allocation.
    if size == 3 || size == 1 && (!isLoad || mode == 0) { return .refused(.unrecognized) }
    let (first, second) = (word.register(0, 5), word.register(10, 5))
    let width: AccessWidth = size == 2 ? .doubleword : .word
    let indexing: TransferInstruction.Indexing = mode == 1 ? .postIndexed : mode == 3 ? .preIndexed : .offset
    let base = word.register(5, 5)
    if isLoad && first == second { return .refused(.unpredictable) }
    if base == 31 { return .refused(.stackPointer) }
    if indexing != .offset && (base == first || base == second) { return .refused(.unpredictable) }
    return .transfer(
      TransferInstruction(
        isWrite: !isLoad, width: width, isSignExtended: size == 1, isSixtyFourBit: size != 0,
        registers: .two(first, second), base: .register(base),
        offset: .immediate(word.signed(21, 15) &* Int64(width.rawValue)), indexing: indexing))
  }

  /// LDR and LDRSW of a literal, PRFM: opc 31:30, V 26, imm19 23:5, Rt 4:0.
  private static func literal(_ word: UInt32) -> DecodedTransfer {
    if word.bit(26) { return .refused(.floatingPoint) }
    let kind = word.bits(31, 30)
    if kind == 3 { return .prefetch(byteCount: 4) }
    return .transfer(
      TransferInstruction(
        isWrite: false, width: kind == 1 ? .doubleword : .word, isSignExtended: kind == 2, isSixtyFourBit: kind != 0,
        registers: .one(word.register(0, 5)), base: .programCounter, offset: .immediate(word.signed(23, 5) &* 4)))
  }

  /// Every form of LDR and STR but the literal one, by bits 24, 21 and 11:10.
  private static func single(_ word: UInt32, _ size: UInt32) -> DecodedTransfer {
    if word.bit(26) { return .refused(.floatingPoint) }
    if word.bit(24) { return single(word, size, .immediate(Int64(word.bits(21, 10)) &<< Int64(size))) }
    let displacement = TransferInstruction.Offset.immediate(word.signed(20, 12))
    switch (word.bit(21), word.bits(11, 10)) {
    case (false, 0): return single(word, size, displacement)
    case (false, 1): return single(word, size, hasPrefetch: false, displacement, .postIndexed)
    // LDTR and STTR: the guest's permissions have been checked already.
    case (false, 2): return single(word, size, hasPrefetch: false, displacement)
    case (false, _): return single(word, size, hasPrefetch: false, displacement, .preIndexed)
    case (true, 2): return indexed(word, size)
    case (true, 0):
      // LDAPR among the atomics.
      return word & 0x00ff_fc00 == 0x00bf_c000 ? ordered(word | 1 << 22, size) : .refused(.exclusive)
    // LDRAA and LDRAB, of pointer authentication.
    default: return .refused(.unrecognized)
    }
  }

  /// A register as the offset: Rm 20:16, option 15:13, S 12.
  private static func indexed(_ word: UInt32, _ size: UInt32) -> DecodedTransfer {
    let leftShift = word.bit(12) ? UInt8(truncatingIfNeeded: size) : 0
    let kind: TransferInstruction.Extension
    switch word.bits(15, 13) {
    case 0b010: kind = .unsignedWord
    case 0b110: kind = .signedWord
    case 0b011, 0b111: kind = .doubleword
    default: return .refused(.unrecognized)
    }
    return single(word, size, .extended(word.register(16, 5), kind, leftShift: leftShift))
  }

  /// What opc (23:22) and size make of it. `hasPrefetch` where PRFM is one of the forms.
  private static func single(
    _ word: UInt32, _ size: UInt32, hasPrefetch: Bool = true, _ offset: TransferInstruction.Offset,
    _ indexing: TransferInstruction.Indexing = .offset
  ) -> DecodedTransfer {
    let kind = word.bits(23, 22)
    if kind == 2 && size == 3 { return hasPrefetch ? .prefetch(byteCount: 4) : .refused(.unrecognized) }
    if kind == 3 && size > 1 { return .refused(.unrecognized) }
    let (register, base) = (word.register(0, 5), word.register(5, 5))
    if base == 31 { return .refused(.stackPointer) }
    if indexing != .offset && base == register { return .refused(.unpredictable) }
    return .transfer(
      TransferInstruction(
        isWrite: kind == 0, width: width(size), isSignExtended: kind > 1, isSixtyFourBit: kind == 2 || size == 3,
        registers: .one(register), base: .register(base), offset: offset, indexing: indexing))
  }

  /// LDAR and the like: L 22, Rn 9:5, Rt 4:0.
  private static func ordered(_ word: UInt32, _ size: UInt32) -> DecodedTransfer {
    let base = word.register(5, 5)
    if base == 31 { return .refused(.stackPointer) }
    return .transfer(
      TransferInstruction(
        isWrite: !word.bit(22), width: width(size), isSixtyFourBit: size == 3, registers: .one(word.register(0, 5)),
        base: .register(base), offset: .immediate(0)))
  }

  private static func width(_ size: UInt32) -> AccessWidth {
    switch size {
    case 0: .byte
    case 1: .halfword
    case 2: .word
    default: .doubleword
    }
  }
}
