internal import GuestEntry

/// Instructions of AArch64, as random as they may be without leaving their group. Bases are x1, values x0.
enum Code {
  /// A load or store of any form, allocated or not: of one register, a pair, vectors, exclusive, atomic, tagged.
  static func transfer(_ random: inout Random) -> UInt32 {
    let base: UInt32 = random.oneIn(16) ? random.below(32) : 1
    let word = random.word() & ~0x0a00_03e0 | 0x0800_0000 | base << 5
    // Of what has an immediate or nothing, more than chance gives.
    return random.oneIn(3) ? (word | 0x3000_0000) & ~0x0000_0c00 : word
  }

  /// `LDR`, `STR` of a width: of 1 << `size` bytes.
  static func load(_ size: UInt32) -> UInt32 { 0x3940_0020 | size << 30 }
  static func store(_ size: UInt32) -> UInt32 { 0x3900_0020 | size << 30 }

  /// A system instruction or a register's access, by x0 to x3 most of the time.
  static func system(_ random: inout Random) -> UInt32 {
    while true {
      let register: UInt32 = random.oneIn(16) ? random.below(32) : random.below(4)
      var word = 0xd500_0000 | random.word() & 0x003f_ffe0 | register
      switch random.below(8) {
      case 0: word = word & ~0x000f_f000 | 0x0018_c000 | random.below(8) << 16
      case 1: word = word & ~0x000f_f000 | 0x0018_0000 | random.pick(14, 9, 4, 1) << 12 | random.below(8) << 16
      case 2: word = word & ~0x0018_0000 | 0x0010_0000
      case 3: word = word & ~0x0018_f000 | 0x0008_0000 | random.pick(7, 8, 7, 11) << 12
      default: break
      }
      if !isSleep(word) && (!isLossy(word) || Places.losesGround(&random)) { return binaryPointsTamed(word) }
    }
  }

  /// The binary points take their value from x3, which is below 8: QEMU's model of the GIC (10.0) ends itself where a
  /// greater one has zeros in its low bits.
  private static func binaryPointsTamed(_ word: UInt32) -> UInt32 {
    let register = word & 0xffff_ffe0
    return register == 0xd518_cc60 || register == 0xd518_c860 ? register | 3 : word
  }

  /// WFI, WFE and their kin.
  private static func isSleep(_ word: UInt32) -> Bool {
    word & 0xffff_f01f == 0xd503_201f && (word >> 5 & 0x7f == 2 || word >> 5 & 0x7f == 3)
      || word & 0xffff_f000 == 0xd503_1000
  }

  /// True for what may take the ground from under the guest: SCTLR_EL1, TTBR and TCR, MAIR, VBAR_EL1.
  private static func isLossy(_ word: UInt32) -> Bool {
    guard word & 0xfff8_0000 == 0xd518_0000, word >> 16 & 7 == 0 else { return false }
    let primary = word >> 12 & 15
    return primary == 1 || primary == 2 || primary == 10 || word & 0xffe0 == 0xc000
  }

  /// Any instruction that is no branch, system instruction or exception.
  static func any(_ random: inout Random) -> UInt32 {
    while true {
      let word = random.word()
      if word & 0x1c00_0000 == 0x1400_0000 { continue }
      return word
    }
  }

  /// A floating-point or SIMD instruction.
  static func vector(_ random: inout Random) -> UInt32 { random.word() & ~0x1000_0000 | 0x0e00_0000 }

  static func hypervisorCall(_ immediate: UInt32) -> UInt32 { 0xd400_0002 | immediate & 0xffff << 5 }
  static func monitorCall(_ immediate: UInt32) -> UInt32 { 0xd400_0003 | immediate & 0xffff << 5 }
  static let supervisorCall: UInt32 = 0xd400_0001
  static let unmask: UInt32 = 0xd503_4fff
  static let undefined: UInt32 = 0
  static let pause: UInt32 = 0xd503_203f
  static let waitForInterrupt: UInt32 = 0xd503_207f
  static let waitForEvent: UInt32 = 0xd503_205f
  static let barrier: UInt32 = 0xd503_3fdf
  /// SCTLR_EL1 from x0; the landing puts it right.
  static let writeControl: UInt32 = 0xd518_1000
  /// SCTLR_EL1 with translation off.
  static let untranslated: UInt64 = 0x30d0_1804

  /// A branch from one address to another.
  static func branch(from place: UInt64, to target: UInt64) -> UInt32 {
    0x1400_0000 | UInt32(truncatingIfNeeded: (target &- place) >> 2) & 0x03ff_ffff
  }

  /// Writes x0 to a register of the GIC's CPU interface, or reads it.
  static func interruptRegister(_ random: inout Random) -> UInt32 {
    let place: UInt32 = random.oneIn(16) ? 0x4 << 12 | 6 << 8 : 0xc << 12 | random.pick(8, 9, 11, 12) << 8
    return binaryPointsTamed(0xd518_0000 | random.below(3) / 2 << 21 | place | random.below(8) << 5)
  }

  /// Writes x0 to a timer's register: TVAL, CTL or CVAL of either, or CNTKCTL.
  static func timerRegister(_ random: inout Random) -> UInt32 {
    if random.oneIn(16) { return 0xd518_e100 }
    return 0xd51b_e000 | random.pick(2, 3, 3, 2) << 8 | random.below(3) << 5
  }

  /// Writes x0 to a debug register or the PMU's.
  static func debugRegister(_ random: inout Random) -> UInt32 {
    switch random.below(8) {
    case 0: 0xd510_0240
    case 1: 0xd510_1080 | random.below(5) << 8
    case 2: 0xd51b_9000 | random.pick(12, 13, 14, 12) << 8 | random.below(8) << 5
    case 3: 0xd51b_e000 | (8 | random.below(8)) << 8 | random.below(8) << 5
    default: 0xd510_0080 | random.below(16) << 8 | random.below(4) << 5
    }
  }

  /// What debug exceptions need besides: MDSCR_EL1 from x2 with D clear.
  static let writeDebugControl: UInt32 = 0xd510_0242
  static let unmaskDebug: UInt32 = 0xd503_48ff
}
