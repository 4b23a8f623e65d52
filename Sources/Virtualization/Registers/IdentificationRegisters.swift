public import Architecture

/// The AArch64 and AArch32 identification registers as a guest sees them (HCR_EL2.TID3; DDI 0487, D23.2.55 to D23.2.92).
///
/// A whitelist: a field passes only where the feature works in a guest with nothing done for it on a vCPU switch and
/// nothing enabled at EL2, or where TVisor does that. What the manual adds later therefore reads as zero, "not
/// implemented", until somebody has looked at it.
public struct IdentificationRegisters: Equatable, Sendable {
  /// Which interrupt controller the guest has: v3 shows in ID_AA64PFR0_EL1.GIC, v2 does not.
  public var gic: GICVersion

  /// The view of a guest with that interrupt controller.
  @inlinable public init(gic: GICVersion) { self.gic = gic }

  /// True for the encodings that HCR_EL2.TID3 traps: op0 = 3, op1 = 0, CRn = 0, CRm = 1 to 7, reserved ones among them.
  @inlinable public static func contains(_ register: SystemRegister) -> Bool {
    register.encoding & ~0x7f == 0xc000 && register.crm &- 1 < 7
  }

  /// ID_DFR0_EL1.
  @inlinable public static var debugFeatures: SystemRegister { SystemRegister(3, 0, 0, 1, 2) }

  /// DBGDIDR of AArch32 (DDI 0406C, C11.11.15; DDI 0487, G8.3.16), where ID_DFR0 of the CPU is `hardware`: two watchpoints
  /// (31:28), two breakpoints (27:24) of which one is context-aware (23:20), as AArch64 sees them, of the debug
  /// architecture (19:16) that ID_DFR0 says. Bit 15 is RES1 in Armv8 and tells in v7.1 that there is DBGDEVID.
  public func debugIdentification(hardware: UInt64) -> UInt64 {
    let version = value(of: Self.debugFeatures, hardware: hardware) & 15
    return version == 0 ? 0 : 1 << 28 | 1 << 24 | version << 16 | 1 << 15
  }

  /// What the guest reads from `register`, where the CPU that runs it has `hardware` there. Reserved encodings read as
  /// zero, as the manual has them.
  public func value(of register: SystemRegister, hardware: UInt64) -> UInt64 {
    switch register.crm {
    case 1: processorFeature32(register.op2, hardware)
    case 2: instructionSet32(register.op2, hardware)
    case 3: otherFeature32(register.op2, hardware)
    case 4: processorFeature64(register.op2, hardware)
    case 5: debugFeature64(register.op2, hardware)
    case 6: instructionSet64(register.op2, hardware)
    case 7: memoryModel64(register.op2, hardware)
    default: 0
    }
  }
}

extension UInt64 {
  /// This value with the unsigned four-bit field at bit `shift` no greater than `most`.
  fileprivate func limiting(fieldAt shift: UInt64, to most: UInt64) -> UInt64 {
    self &>> shift & 15 > most ? self & ~(15 &<< shift) | most &<< shift : self
  }
}

extension IdentificationRegisters {
  /// ID_AA64PFR0_EL1 and its neighbours. ZFR0, SMFR0 and FPFR0 go with SVE, SME and FP8, which are hidden.
  private func processorFeature64(_ op2: UInt16, _ hardware: UInt64) -> UInt64 {
    switch op2 {
    case 0:
      // Pass: CSV3, CSV2, DIT, AdvSIMD, FP, EL1, EL0. Hidden: RME, AMU, MPAM, SEL2, SVE, RAS, EL3, EL2.
      let passed = hardware & 0xff0f_0000_00ff_00ff
      // CSV2 = 2 would promise SCXTNUM_ELx; EL1 = 2 would promise AArch32 there, which HCR_EL2.RW excludes.
      return passed.limiting(fieldAt: 56, to: 1).limiting(fieldAt: 4, to: 1) | (gic == .v3 ? 1 << 24 : 0)
    case 1:
      // Pass: SSBS, BT, which are bits of PSTATE and of page tables. Hidden: MTE, RAS, MPAM, SME, NMI, GCS and others.
      return hardware & 0xff
    default: return 0
    }
  }

  /// ID_AA64DFR0_EL1 and its neighbours: the plain Armv8.0 debug architecture with the fewest resources that it allows
  /// (two breakpoints of which one is context-aware, two watchpoints), no OS double lock, no PMU, no trace, no SPE.
  private func debugFeature64(_ op2: UInt16, _ hardware: UInt64) -> UInt64 {
    switch op2 {
    case 0: 0x0000_00f0_0010_1006
    default: 0
    }
  }

  private func instructionSet64(_ op2: UInt16, _ hardware: UInt64) -> UInt64 {
    switch op2 {
    // ISAR0: all but TME. LSE, crypto, CRC32, RNDR and TLBI ranges need nothing from EL2.
    case 0: hardware & 0xffff_ffff_f0ff_fff0
    // ISAR1. Pass: I8MM, DGH, BF16, SPECRES, SB, FRINTTS, LRCPC, FCMA, JSCVT, DPB. Hidden: pointer authentication (GPI,
    // GPA, API, APA: keys would have to be switched), and LS64 and XS, which HCRX_EL2 must enable.
    case 1: hardware & 0x00ff_ffff_00ff_f00f
    // ISAR2. Pass: CSSC, RPRFM, CLRBHB, BC, RPRES. Hidden: PAC_frac, APA3, GPA3, MOPS (HCRX_EL2), and WFxT, whose
    // time-out a trapped WFI would forget.
    case 2: hardware & 0x00ff_0000_f0f0_00f0
    default: 0
    }
  }

  private func memoryModel64(_ op2: UInt16, _ hardware: UInt64) -> UInt64 {
    switch op2 {
    case 0: translation64(hardware)
    // MMFR1. Pass: ECBHB, nTLBPA, AFP, ETS, PAN, HPDS, HAFDBS up to the dirty bit. Hidden: CMOW, TIDCP1, HCX, TWED, XNX,
    // SpecSEI, LO (LORegions are trapped), VH, VMIDBits.
    case 1: (hardware & 0xf00f_f0f0_00f0_f00f).limiting(fieldAt: 0, to: 2)
    // MMFR2. Pass: E0PD, BBM, TTL, IDS, AT, ST, CCIDX, VARange, LSM, UAO, CnP. Hidden: EVT, FWB, NV, IESB.
    case 2: (hardware & 0xf0ff_00ff_f0ff_0fff).limiting(fieldAt: 36, to: 1).limiting(fieldAt: 16, to: 1)
    // MMFR3 and on: permission indirection, 128-bit descriptors and the like, all enabled by HCRX_EL2.
    default: 0
    }
  }

  /// ID_AA64MMFR0_EL1. Pass: ECV, ExS, TGran4, TGran64, TGran16, BigEndEL0, BigEnd, ASIDBits, PARange. Hidden: FGT, the
  /// granules of stage 2 (there is no EL2), SNSMem (there is no EL3), the physical offset of ECV = 2, and 52-bit
  /// addresses, which stage 2 does not take in.
  private func translation64(_ hardware: UInt64) -> UInt64 {
    let passed = hardware & 0xf000_f000_ffff_0fff
    let limited = passed.limiting(fieldAt: 60, to: 1).limiting(fieldAt: 20, to: 1).limiting(fieldAt: 0, to: 5)
    // TGran4 is signed: 15 says that there is no such granule, 1 is the 52-bit form of it.
    return limited &>> 28 & 15 == 1 ? limited & ~(15 << 28) : limited
  }
}

extension IdentificationRegisters {
  /// ID_PFR0_EL1, ID_PFR1_EL1, ID_DFR0_EL1, ID_AFR0_EL1 and ID_MMFR0_EL1 to ID_MMFR3_EL1.
  private func processorFeature32(_ op2: UInt16, _ hardware: UInt64) -> UInt64 {
    switch op2 {
    // Pass: DIT, CSV2, State2 to State0. Hidden: RAS, AMU, and State3: T32EE of ARMv7, which is deprecated and whose loads
    // and stores nobody decodes.
    case 0: (hardware & 0x0f0f_0fff).limiting(fieldAt: 16, to: 1)
    // Pass: GenTimer, ProgMod. Hidden: Virtualization and Security with their fractions.
    case 1: hardware & 0x000f_000f | (gic == .v3 ? 1 << 28 : 0)
    // CopDbg no newer than Armv8.0's, where there is AArch32 at all. Hidden: PerfMon, trace, memory-mapped debug.
    case 2: min(hardware & 15, 6)
    case 3: 0
    default: hardware & 0xffff_ffff
    }
  }

  /// ID_ISAR0_EL1 to ID_ISAR5_EL1, ID_MMFR4_EL1, ID_ISAR6_EL1.
  private func instructionSet32(_ op2: UInt16, _ hardware: UInt64) -> UInt64 {
    switch op2 {
    // ID_MMFR4. Pass: CCIDX, LSM, HPDS, CnP, AC2. Hidden: EVT, XNX, SpecSEI.
    case 6: hardware & 0x0fff_f0f0
    default: hardware & 0xffff_ffff
    }
  }

  /// MVFR0_EL1 to MVFR2_EL1, ID_PFR2_EL1, ID_DFR1_EL1, ID_MMFR5_EL1.
  private func otherFeature32(_ op2: UInt16, _ hardware: UInt64) -> UInt64 {
    switch op2 {
    case 0, 1, 2: hardware & 0xffff_ffff
    // ID_PFR2. Pass: SSBS, CSV3. Hidden: RAS_frac.
    case 4: hardware & 0xff
    // ID_MMFR5. Pass: nTLBPA, ETS.
    case 6: hardware & 0xff
    default: 0
    }
  }
}
