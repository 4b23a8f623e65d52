internal import GuestEntry

/// Instructions of a 32-bit guest. Bases are r1, values r0.
enum Code {
  static func transfer(_ random: inout Random) -> UInt32 { A32Code.transfer(&random) }

  /// `LDR`, `STR` of a width: of 1 << `size` bytes.
  static func load(_ size: UInt32) -> UInt32 {
    switch size {
    case 0: 0xe5d1_0000
    case 1: 0xe1d1_00b0
    case 2: 0xe591_0000
    default: 0xe1c1_20d0
    }
  }
  static func store(_ size: UInt32) -> UInt32 {
    switch size {
    case 0: 0xe5c1_0000
    case 1: 0xe1c1_00b0
    case 2: 0xe581_0000
    default: 0xe1c1_20f0
    }
  }

  /// A coprocessor register's access.
  static func system(_ random: inout Random) -> UInt32 {
    while true {
      let word = A32Code.coprocessor(&random)
      if !A32Code.isLossy(word) || Places.losesGround(&random) { return word }
    }
  }

  static func any(_ random: inout Random) -> UInt32 { A32Code.any(&random) }

  /// A floating-point or NEON instruction.
  static func vector(_ random: inout Random) -> UInt32 {
    let bits = random.word()
    return random.oneIn(2) ? bits & 0x01ff_ffff | 0xf200_0000 : bits & 0x00ff_f1ff | 0xee00_0a00
  }

  static func hypervisorCall(_ immediate: UInt32) -> UInt32 {
    0xe140_0070 | immediate >> 4 & 0xfff << 8 | immediate & 15
  }
  static func monitorCall(_ immediate: UInt32) -> UInt32 { 0xe160_0070 | immediate & 15 }
  static let supervisorCall: UInt32 = 0xef00_0000
  /// CPSIE aif.
  static let unmask: UInt32 = 0xf108_01c0
  static let undefined: UInt32 = 0xe7f0_00f0
  static let pause: UInt32 = 0xe320_f001
  static let waitForInterrupt: UInt32 = 0xe320_f003
  static let waitForEvent: UInt32 = 0xe320_f002
  static let barrier: UInt32 = 0xf57f_f06f
  /// SCTLR from r0; the landing puts it right.
  static let writeControl: UInt32 = 0xee01_0f10
  /// SCTLR with translation off.
  static let untranslated: UInt64 = 0x00c5_187c

  /// A branch from one address to another.
  static func branch(from place: UInt64, to target: UInt64) -> UInt32 {
    0xea00_0000 | UInt32(truncatingIfNeeded: (target &- place &- 8) >> 2) & 0x00ff_ffff
  }

  /// Writes r0 (and r1) to a register of the GIC's CPU interface, or reads it.
  static func interruptRegister(_ random: inout Random) -> UInt32 {
    if random.oneIn(8) { return 0xec41_0f0c | random.below(3) << 4 }
    if random.oneIn(16) { return 0xee04_0f16 }
    return A32Code.binaryPointsTamed(
      0xee0c_0f10 | random.below(3) / 2 << 20 | random.below(8) << 5 | random.pick(8, 9, 11, 12))
  }

  /// Writes r0 (and r2) to a timer's register: TVAL, CTL or CVAL of either, or CNTKCTL.
  static func timerRegister(_ random: inout Random) -> UInt32 {
    if random.oneIn(16) { return 0xee0e_0f11 }
    if random.oneIn(3) { return 0xec42_0f2e | random.below(2) << 4 }
    return 0xee0e_0f12 | random.below(2) | random.below(2) << 5
  }

  /// Writes r0 to a debug register or the PMU's.
  static func debugRegister(_ random: inout Random) -> UInt32 {
    switch random.below(8) {
    case 0: 0xee00_0e52
    case 1: 0xee01_0e90 | random.below(5)
    case 2: 0xee09_0f10 | random.pick(12, 13, 14, 12) | random.below(8) << 5
    case 3: 0xee0e_0f10 | (8 | random.below(8)) | random.below(8) << 5
    default: 0xee00_0e90 | random.below(16) | random.below(4) << 5
    }
  }

  /// What debug exceptions need besides: DBGDSCRext from r2.
  static let writeDebugControl: UInt32 = 0xee00_2e52
  static let unmaskDebug: UInt32 = 0xe320_f000
}
