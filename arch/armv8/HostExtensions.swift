internal import ARMv8Assembly

/// The virtualization host extensions (FEAT_VHE): EL2 with HCR_EL2.E2H = 1 has a translation regime of two levels, EL2&0,
/// other layouts of TCR_EL2, CPTR_EL2 and CNTHCTL_EL2, and other names for EL1's registers. TVisor needs none of that, but
/// some CPUs have nothing else (FEAT_E2H0 absent). It never sets TGE: guests are at EL1, and it has no EL0 of its own.
///
/// Entry code takes them wherever they are. HCR_EL2.E2H itself is where everybody looks: it costs no more than a variable,
/// and is right before there is memory.
enum HostExtensions {
  /// True where this CPU runs with E2H = 1.
  @inline(__always)
  static var areInUse: Bool { redirects_el1_names() }

  /// HCR_EL2.E2H.
  static let enable: UInt64 = 1 << 34

  /// True where a CPU shall have E2H = 1, given ID_AA64MMFR1_EL1 (VH, bits 11:8), ID_AA64MMFR4_EL1 (E2H0, bits 27:24, signed:
  /// negative where E2H cannot be 0), and whether somebody asked for 0.
  static func setting(memoryFeatures1: UInt64, memoryFeatures4: UInt64, isDeclined: Bool) -> Bool {
    let isFixed = memoryFeatures4 >> 27 & 1 != 0
    return isFixed || memoryFeatures1 >> 8 & 0xf != 0 && !isDeclined
  }

  /// CPTR_EL2 for guests: trace registers, activity monitors, SVE and SME trap, FP and SIMD where that is asked for. With
  /// E2H = 1 (D19.2.30) SVE's ZEN (17:16), FPEN (21:20) and SME's SMEN (25:24) trap while they are zero, and TTA is bit 28;
  /// CPACR_EL1 does not trap in either (TCPAC clear).
  @inline(__always)
  static func coprocessorTraps(floatingPoint: Bool, isInUse: Bool) -> UInt64 {
    if isInUse { return 1 << 28 | 1 << 30 | (floatingPoint ? 0 : 0b11 << 20) }
    // The RES1 bits are the traps of SVE and SME where those exist.
    return 0x33ff | 1 << 20 | 1 << 30 | (floatingPoint ? 1 << 10 : 0)
  }

  /// CNTHCTL_EL2 for guests: EL1 reads the physical counter (EL1PCTEN) but its physical timer traps (EL1PCEN, or EL1PTEN,
  /// clear). With E2H = 1 the two are bits 10 and 11, and the bits of EL0 matter to a host's programs only.
  static func counterAccess(isInUse: Bool) -> UInt64 { isInUse ? 1 << 10 : 1 }
}

extension Processor {
  /// The exception level that we run at, and in which of its forms, for messages.
  public static var modeName: StaticString {
    if !HostExtensions.areInUse { return "EL2 with E2H = 0" }
    return canDecline ? "EL2 with E2H = 1 (VHE)" : "EL2 with E2H = 1 (VHE, which this CPU fixes)"
  }

  /// True where the image has to be entered anew: this CPU runs with E2H = 1, somebody declines that, and it can do without.
  public static func mustReenter(decliningHostExtensions isDeclined: Bool) -> Bool {
    isDeclined && HostExtensions.areInUse && canDecline
  }

  private static var canDecline: Bool {
    !HostExtensions.setting(
      memoryFeatures1: read_id_aa64mmfr1_el1(), memoryFeatures4: read_identification(7, 4), isDeclined: true)
  }
}
