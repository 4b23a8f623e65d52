/// What a guest sees of one identification register.
struct IdentificationRow {
  /// The bits that pass as the CPU has them.
  let passed: UInt64
  /// The bits that are one whatever the CPU has.
  let fixed: UInt64
  /// The fields that say no more than a number, one byte for each, the lowest first: the field's place in its upper half (in
  /// units of four bits), that number in its lower half. Zero ends the list, so the lowest field comes last.
  let limits: UInt64
  /// Where the register says that there is a GICv3, as a bit; 0 where it does not.
  let controller: UInt64

  /// A register of which these bits pass.
  @inline(__always)
  init(_ passed: UInt64, fixed: UInt64 = 0, limits: UInt64 = 0, controller: UInt64 = 0) {
    self.passed = passed
    self.fixed = fixed
    self.limits = limits
    self.controller = controller
  }

  /// A register that reads as zero.
  @inline(__always)
  static var hidden: IdentificationRow { IdentificationRow(0) }

  /// What the guest reads where the CPU has `hardware`.
  @inline(__always)
  func value(hardware: UInt64) -> UInt64 {
    var value = hardware & passed | fixed
    var rest = limits
    while rest != 0 {
      let shift = (rest & 0xf0) &>> 2
      let most = rest & 15
      if value &>> shift & 15 > most { value = value & ~(15 &<< shift) | most &<< shift }
      rest &>>= 8
    }
    return value
  }
}

/// The identification registers, S3_0_C0_C1_0 to S3_0_C0_C7_7 in this order (DDI 0487, D23.2).
///
/// A whitelist: a field passes only where the feature works in a guest with nothing done for it on a vCPU switch and
/// nothing enabled at EL2, or where TVisor does that. What the manual adds later therefore reads as zero, "not
/// implemented", until somebody has looked at it. What is hidden is trapped or disabled as well: see `SystemRegisterTable`.
enum IdentificationTable {
  static let rows: [56 of IdentificationRow] = [
    // ID_PFR0. Pass: DIT, CSV2 up to 1, State2 to State0. Hidden: RAS, AMU, and State3: T32EE of ARMv7, which is deprecated
    // and whose loads and stores nobody decodes.
    .init(0x0f0f_0fff, limits: 0x41),
    // ID_PFR1. Pass: GenTimer, ProgMod. Hidden: Virtualization and Security with their fractions.
    .init(0x000f_000f, controller: 1 << 28),
    // ID_DFR0. CopDbg no newer than Armv8.0's. Hidden: PerfMon, trace, memory-mapped debug.
    .init(0x0000_000f, limits: 0x06),
    .hidden,  // ID_AFR0: implementation-defined
    .init(0xffff_ffff), .init(0xffff_ffff), .init(0xffff_ffff), .init(0xffff_ffff),  // ID_MMFR0 to ID_MMFR3

    // ID_ISAR0 to ID_ISAR5: instructions of EL0 and EL1, which need nothing from EL2.
    .init(0xffff_ffff), .init(0xffff_ffff), .init(0xffff_ffff), .init(0xffff_ffff), .init(0xffff_ffff),
    .init(0xffff_ffff),
    .init(0x0fff_f0f0),  // ID_MMFR4. Pass: CCIDX, LSM, HPDS, CnP, AC2. Hidden: EVT, XNX, SpecSEI.
    .init(0xffff_ffff),  // ID_ISAR6

    .init(0xffff_ffff), .init(0xffff_ffff), .init(0xffff_ffff), .hidden,  // MVFR0 to MVFR2; reserved
    .init(0x0000_00ff),  // ID_PFR2. Pass: SSBS, CSV3. Hidden: RAS_frac.
    .hidden,  // ID_DFR1: MTPMU, HPMN0
    .init(0x0000_00ff),  // ID_MMFR5. Pass: nTLBPA, ETS.
    .hidden,  // reserved

    // ID_AA64PFR0. Pass: CSV3, CSV2, DIT, AdvSIMD, FP, EL1, EL0. Hidden: RME, AMU, MPAM, SEL2, SVE, RAS, EL3, EL2. CSV2 = 2
    // would promise SCXTNUM_ELx; EL1 = 2 would promise AArch32 there, which HCR_EL2.RW excludes.
    .init(0xff0f_0000_00ff_00ff, limits: 0x11e1, controller: 1 << 24),
    // ID_AA64PFR1. Pass: SSBS, BT, which are bits of PSTATE and of page tables. Hidden: MTE, RAS, MPAM, SME, NMI, GCS.
    .init(0x0000_0000_0000_00ff),
    // ID_AA64PFR2; reserved; ID_AA64ZFR0, ID_AA64SMFR0; reserved; ID_AA64FPFR0: FP8's FPMR needs HCRX_EL2.
    .hidden, .hidden, .hidden, .hidden, .hidden, .hidden,

    // ID_AA64DFR0. Pass: how many breakpoints, watchpoints and context-aware breakpoints there are, for they go with their
    // vCPU. The architecture is Armv8.0's; no OS double lock (15), PMU, trace, SPE, BRBE.
    .init(0x0000_0000_f0f0_f000, fixed: 0xf0_0000_0006),
    // ID_AA64DFR1, ID_AA64DFR2; reserved; ID_AA64AFR0, ID_AA64AFR1; reserved
    .hidden, .hidden, .hidden, .hidden, .hidden, .hidden, .hidden,

    // ID_AA64ISAR0: all but TME. LSE, crypto, CRC32, RNDR and TLBI ranges need nothing from EL2.
    .init(0xffff_ffff_f0ff_fff0),
    // ID_AA64ISAR1. Pass: I8MM, DGH, BF16, SPECRES, SB, FRINTTS, LRCPC, FCMA, JSCVT, DPB. Hidden: pointer authentication
    // (GPI, GPA, API, APA: keys would have to be switched), and LS64 and XS, which HCRX_EL2 must enable.
    .init(0x00ff_ffff_00ff_f00f),
    // ID_AA64ISAR2. Pass: CSSC, RPRFM, CLRBHB, BC, RPRES. Hidden: PAC_frac, APA3, GPA3, MOPS (HCRX_EL2), and WFxT, whose
    // time-out a trapped WFI would forget.
    .init(0x00ff_0000_f0f0_00f0),
    // ID_AA64ISAR3: checked pointer arithmetic (SCTLR2_EL1) and what is new; reserved
    .hidden, .hidden, .hidden, .hidden, .hidden,

    // ID_AA64MMFR0. Pass: ECV, ExS, TGran4, TGran64, TGran16, BigEndEL0, BigEnd, ASIDBits, PARange. Hidden: FGT, the granules
    // of stage 2 (there is no EL2), SNSMem (there is no EL3), the physical offset of ECV = 2, and 52-bit addresses, which
    // stage 2 does not take in (PARange, TGran16 = 2; TGran4, see `value`).
    .init(0xf000_f000_ffff_0fff, limits: 0x0551f1),
    // ID_AA64MMFR1. Pass: ECBHB, nTLBPA, AFP, ETS, PAN, HPDS, HAFDBS up to the dirty bit. Hidden: CMOW, TIDCP1, HCX, TWED,
    // XNX, SpecSEI, LO (LORegions are trapped), VH, VMIDBits.
    .init(0xf00f_f0f0_00f0_f00f, limits: 0x02),
    // ID_AA64MMFR2. Pass: E0PD, BBM, TTL, IDS, AT, ST, CCIDX, VARange, LSM, UAO, CnP. Hidden: EVT, FWB, NV, IESB; IDS = 2 is
    // EL3's, VARange = 1 is the most that stage 1 needs nothing of EL2 for.
    .init(0xf0ff_00ff_f0ff_0fff, limits: 0x9141),
    // ID_AA64MMFR3 and on: permission indirection, 128-bit descriptors and the like, all enabled by HCRX_EL2.
    .hidden, .hidden, .hidden, .hidden, .hidden,
  ]
}
