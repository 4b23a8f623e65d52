internal import GuestEntry
internal import GuestSupport

/// All registers of coprocessors 14 and 15 of AArch32, those of FP, and those of other modes.
///
/// By bits 15:14: coprocessor 14, 15, then the rest. For the first two, opc1, CRn, CRm, opc2 as MRC and MCR have them. The rest
/// is, by bits 11:9: MRRC and MCRR of coprocessors 14 and 15, with opc1 and CRm; VMRS and VMSR; MRS and MSR of banked registers,
/// with R, M and M1.
enum Encodings {
  /// How many there are.
  static let count: UInt32 = rest + 4 << 9
  private static let rest: UInt32 = 2 << 14

  /// What the register holds, nil where it is undefined.
  static func read(_ index: UInt32) -> UInt64? {
    guard let instruction = instruction(index, reads: true) else { return nil }
    var value: UInt64 = 0
    let fault = probe { value = hostile_execute(instruction, 0) }
    return fault == nil ? value : nil
  }

  /// Writes it, which may be undefined.
  static func write(_ index: UInt32, _ value: UInt64) {
    guard let instruction = instruction(index, reads: false) else { return }
    _ = probe { _ = hostile_execute(instruction, value) }
  }

  private static func instruction(_ index: UInt32, reads: Bool) -> UInt32? {
    let direction: UInt32 = reads ? 1 << 20 : 0
    let low = index & 0xff
    guard index >= rest else {
      return 0xee00_0010 | direction | (14 | index >> 14) << 8 | (index >> 11 & 7) << 21 | (index >> 7 & 15) << 16
        | (index & 7) << 5 | index >> 3 & 15
    }
    guard index & 0x100 == 0 else { return nil }
    switch index >> 9 & 7 {
    case 0...1: return 0xec41_0000 | direction | (14 | index >> 9 & 1) << 8 | (low >> 4) << 4 | low & 15
    case 2: return low < 16 ? 0xeee0_0a10 | direction | low << 16 : nil
    default:
      guard low < 64, isOfAnotherMode(low & 31, isStatus: low >= 32) else { return nil }
      let place = (low >> 5) << 22 | (low & 15) << 16 | (low >> 4 & 1) << 8
      return (reads ? 0xe100_0200 : 0xe120_f200) | place
    }
  }

  /// What a program in Supervisor mode reaches so, beyond the registers that it has anyway (DDI 0406C, B9.2.3).
  private static func isOfAnotherMode(_ register: UInt32, isStatus: Bool) -> Bool {
    switch register {
    case 5...6, 8...13: !isStatus
    case 14, 16, 20, 22: true
    case 17, 21, 23: !isStatus
    default: false
    }
  }

  /// Registers of features that the identification registers show, one or two for each feature that has some (DDI 0406C, B4.1).
  static func promises() -> [12 of UInt32] {
    // MPIDR, which is always there.
    var promises: [12 of UInt32] = .init(repeating: number(15, 0, 0, 0, 5))
    // The identification register, the field, the register.
    let features: [12 of (UInt32, UInt64, UInt32)] = [
      (number(15, 0, 0, 1, 2), 24, number(15, 0, 9, 12, 0)),  // PerfMon, PMCR
      (number(15, 0, 0, 1, 2), 24, number(15, 0, 9, 13, 0)),  // PerfMon, PMCCNTR
      (number(15, 0, 0, 1, 2), 24, number(15, 0, 9, 12, 1)),  // PerfMon, PMCNTENSET
      (number(15, 0, 0, 1, 2), 24, number(15, 0, 9, 14, 0)),  // PerfMon, PMUSERENR
      (number(15, 0, 0, 1, 2), 0, number(14, 0, 0, 0, 0)),  // CopDbg, DBGDIDR
      (number(15, 0, 0, 1, 2), 0, number(14, 0, 0, 2, 2)),  // CopDbg, DBGDSCRext
      (number(15, 0, 0, 1, 2), 0, number(14, 0, 1, 1, 4)),  // CopDbg, DBGOSLSR
      (number(15, 0, 0, 1, 2), 12, number(14, 1, 0, 0, 0)),  // CopTrc, ETMCR
      (number(15, 0, 0, 1, 0), 12, number(14, 6, 0, 0, 0)),  // State3, TEECR
      (number(15, 0, 0, 1, 0), 8, number(14, 7, 0, 0, 0)),  // State2, JIDR
      (number(15, 0, 0, 1, 1), 16, number(15, 0, 14, 3, 1)),  // GenTimer, CNTV_CTL
      (number(15, 0, 0, 1, 1), 16, number(15, 0, 14, 2, 1)),  // GenTimer, CNTP_CTL
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
    case number(15, 0, 1, 0, 0): 1 << 5  // SCTLR: CP15BEN
    case number(15, 0, 1, 0, 2): 1 << 31  // CPACR: FP stays on
    // TTBR0, of which the 64-bit form has the ASID; TTBCR; VBAR.
    case number(15, 0, 2, 0, 0), number(15, 0, 2, 0, 2), number(15, 0, 12, 0, 0): 0
    case rest | 1 << 9 | 2: 0xff << 48
    case number(15, 0, 10, 2, 0): ~0xffff  // MAIR0: the attributes that are in use stay
    // CNTP_TVAL and CNTV_TVAL, which count down and write the compare values; the controls: IMASK.
    case number(15, 0, 14, 2, 0), number(15, 0, 14, 3, 0): 0
    case number(15, 0, 14, 2, 1), number(15, 0, 14, 3, 1): 1 << 1
    case number(14, 0, 0, 2, 2): 1 << 12  // DBGDSCRext: no debug events
    case _ where index & ~0b111_1010 == number(14, 0, 0, 0, 5): ~1  // DBGBCR<n> and DBGWCR<n>: off
    case number(15, 0, 12, 8, 3), number(15, 0, 12, 12, 3): 7  // ICC_BPR0 and ICC_BPR1
    case rest | 2 << 9 | 8: 0  // FPEXC
    default: ~0
    }
  }

  private static func number(
    _ coprocessor: UInt32, _ opc1: UInt32, _ crn: UInt32, _ crm: UInt32, _ opc2: UInt32
  ) -> UInt32 { (coprocessor & 1) << 14 | opc1 << 11 | crn << 7 | crm << 3 | opc2 }
}
