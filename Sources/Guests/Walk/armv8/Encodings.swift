internal import GuestEntry
internal import GuestSupport

/// All system registers of AArch64: op0 (2 or 3), op1, CRn, CRm, op2, packed in this order as MRS and MSR have them.
enum Encodings {
  /// How many there are.
  static let count: UInt32 = 1 << 15

  /// What MRS answers, nil where it is undefined.
  static func read(_ index: UInt32) -> UInt64? {
    var value: UInt64 = 0
    let fault = probe { value = hostile_execute(0xd530_0000 | index << 5, 0) }
    return fault == nil ? value : nil
  }

  /// MSR, which may be undefined.
  static func write(_ index: UInt32, _ value: UInt64) {
    _ = probe { _ = hostile_execute(0xd510_0000 | index << 5, value) }
  }

  /// Registers of features that the identification registers show, one or two for each feature that has some (DDI 0487, D23.2).
  static func promises() -> [12 of UInt32] {
    // MPIDR_EL1, which is always there.
    let something = number(3, 0, 0, 0, 5)
    var promises: [12 of UInt32] = .init(repeating: something)
    // The identification register, the field, the register.
    let features: [12 of (UInt32, UInt64, UInt32)] = [
      (number(3, 0, 0, 5, 0), 8, number(3, 3, 9, 12, 0)),  // PMUVer, PMCR_EL0
      (number(3, 0, 0, 5, 0), 8, number(3, 3, 9, 13, 0)),  // PMUVer, PMCCNTR_EL0
      (number(3, 0, 0, 5, 0), 4, number(2, 1, 0, 0, 1)),  // TraceVer, TRCTRACEIDR
      (number(3, 0, 0, 5, 0), 32, number(3, 0, 9, 9, 0)),  // PMSVer, PMSCR_EL1
      (number(3, 0, 0, 4, 0), 28, number(3, 0, 5, 3, 0)),  // RAS, ERRIDR_EL1
      (number(3, 0, 0, 4, 0), 32, number(3, 0, 1, 2, 0)),  // SVE, ZCR_EL1
      (number(3, 0, 0, 4, 0), 40, number(3, 0, 10, 5, 0)),  // MPAM, MPAM1_EL1
      (number(3, 0, 0, 4, 0), 44, number(3, 3, 13, 2, 0)),  // AMU, AMCR_EL0
      (number(3, 0, 0, 4, 1), 8, number(3, 0, 1, 0, 6)),  // MTE, GCR_EL1
      (number(3, 0, 0, 4, 1), 24, number(3, 0, 1, 2, 6)),  // SME, SMCR_EL1
      (number(3, 0, 0, 6, 1), 4, number(3, 0, 2, 1, 0)),  // APA, APIAKeyLo_EL1
      (number(3, 0, 0, 7, 1), 16, number(3, 0, 10, 4, 3)),  // LO, LORC_EL1
    ]
    for index in features.indices {
      let shown = (read(features[index].0) ?? 0) >> features[index].1 & 15
      if shown != 0, shown != 15 { promises[index] = features[index].2 }
    }
    return promises
  }

  /// The bits of a register that a program can change and still walk on.
  static func writableSafely(_ index: UInt32) -> UInt64 {
    switch index {
    case number(3, 0, 1, 0, 0): 1 << 26 | 1 << 18 | 1 << 16 | 1 << 15 | 1 << 14 | 1 << 9  // SCTLR_EL1: what EL0 may do
    case number(3, 0, 1, 0, 2): 1 << 28  // CPACR_EL1: FP stays on
    case number(3, 0, 2, 0, 0): 0xffff << 48  // TTBR0_EL1: the ASID
    case number(3, 0, 2, 0, 2): 1 << 38  // TCR_EL1: TBI1
    case number(3, 0, 10, 2, 0): ~0xffff  // MAIR_EL1: the attributes that are in use stay
    // VBAR_EL1; SPSel; DAIF; NZCV.
    case number(3, 0, 12, 0, 0), number(3, 0, 4, 2, 0), number(3, 3, 4, 2, 1), number(3, 3, 4, 2, 0): 0
    // CNTP_TVAL_EL0 and CNTV_TVAL_EL0, which count down and write the compare values; the controls: IMASK.
    case number(3, 3, 14, 2, 0), number(3, 3, 14, 3, 0): 0
    case number(3, 3, 14, 2, 1), number(3, 3, 14, 3, 1): 1 << 1
    case number(2, 0, 0, 2, 2): 1 << 12  // MDSCR_EL1: no debug exceptions
    case _ where index & ~0b111_1010 == number(2, 0, 0, 0, 5): ~1  // DBGBCR<n>_EL1 and DBGWCR<n>_EL1: off
    case number(3, 0, 12, 8, 3), number(3, 0, 12, 12, 3): 7  // ICC_BPR0_EL1 and ICC_BPR1_EL1
    default: ~0
    }
  }

  private static func number(_ op0: UInt32, _ op1: UInt32, _ crn: UInt32, _ crm: UInt32, _ op2: UInt32) -> UInt32 {
    (op0 & 1) << 14 | op1 << 11 | crn << 7 | crm << 3 | op2
  }
}
