internal import ARMv8Assembly

/// What newer CPUs let EL2 keep away from guests beside HCR_EL2, CPTR_EL2 and MDCR_EL2. The identification registers deny
/// these features, and here they stop working, whatever firmware has left in the registers: never half.
enum HiddenFeatures {
  /// Hides them on this CPU.
  static func hide() {
    // ID_AA64MMFR1_EL1.HCX. All enables are clear: TCR2_EL1, SCTLR2_EL1, MOPS, LS64, GCS, FPMR, 128-bit descriptors are
    // undefined or trap. TALLINT (6) traps what would mask NMIs.
    if read_id_aa64mmfr1_el1() >> 40 & 0xf != 0 { write_hcrx(1 << 6) }
    // ID_AA64MMFR0_EL1.FGT. The bits whose names begin with n trap while they are clear: TPIDR2_EL0, PIR, POR, GCS,
    // ACCDATA_EL1, AMAIR2_EL1, MAIR2_EL1, BRBE; the others are traps that we do not need.
    let fineGrained = read_id_aa64mmfr0_el1() >> 56 & 0xf
    if fineGrained >= 1 { clear_fine_grained_traps() }
    if fineGrained >= 2 { clear_fine_grained_traps_2() }
    hidePartitioning()
  }

  /// MPAM1_EL1, MPAM0_EL1 and MPAMIDR_EL1 trap (DDI 0598, MPAM2_EL2, MPAMHCR_EL2).
  private static func hidePartitioning() {
    // ID_AA64PFR0_EL1.MPAM, ID_AA64PFR1_EL1.MPAM_frac.
    let hasPartitioning = read_id_aa64pfr0_el1() >> 40 & 0xf != 0 || read_identification(4, 1) >> 16 & 0xf != 0
    guard hasPartitioning else { return }
    // TRAPMPAM0EL1 and TRAPMPAM1EL1; guests are of partition 0, as we are.
    write_mpam2(1 << 49 | 1 << 48)
    // MPAMIDR_EL1.HAS_HCR; TRAP_MPAMIDR_EL1.
    if read_mpamidr() >> 17 & 1 != 0 { write_mpamhcr(1 << 31) }
  }
}
