internal import ARMv8Assembly
public import Architecture
internal import ArmRegisters

/// What traps from a guest, and where a guest's memory is: the EL2 registers that stand between the two.
public enum TrapControls {
  /// HCR_EL2 (DDI 0487, D19.2.53). Beside stage 2 (VM) and interrupts routed to EL2 (FMO, IMO, AMO): set/way cache
  /// instructions clean as well (SWIO); table walks may not touch device memory (PTW); the guest's barriers and TLB
  /// maintenance reach all CPUs that may run it (BSU, FB); WFI and WFE give a shared CPU away (TWI, TWE); ID registers, SMC,
  /// implementation-defined registers, ACTLR, LORegions and error records are answered by us (TID3, TSC, TIDCP, TACR,
  /// TLOR, TERR); so are SMIDR_EL1, with REVIDR_EL1 and AIDR_EL1 (TID1), and GMID_EL1 (TID5), which would tell of SME and
  /// tags; EL1 is AArch64 (RW). Pointer authentication (API, APK), tags (ATA) and SCXTNUM (EnSCXT) stay off: hidden. E2H
  /// comes to these as entry code has it.
  static let configuration: UInt64 =
    1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 9 | 1 << 10 | 1 << 13 | 1 << 14 | 1 << 16 | 1 << 18
    | 1 << 19 | 1 << 20 | 1 << 21 | 1 << 31 | 1 << 35 | 1 << 36 | 1 << 58
  /// What of it a guest in AArch32 has clear: RW, and TID1, by which it reads TCMTR, TLBTR, REVIDR and AIDR.
  private static let only64: UInt64 = 1 << 31 | 1 << 16

  /// MDCR_EL2 (D19.3.17): performance monitors (TPM, TPMCR), profiling (TPMS), debug registers (TDA, TDOSA, TDRA),
  /// trace filters (TTRF) trap; breakpoint instructions stay the guest's own (TDE clear). HPMN keeps its reset value, which is PMCR_EL0.N.
  static let debug: UInt64 = 1 << 5 | 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 14 | 1 << 19

  /// TWI and TWE.
  private static let trapWaiting: UInt64 = 1 << 13 | 1 << 14

  /// Sets this CPU up for guests, once, before the first of them runs. Where it is given to a single vCPU, nobody else wants
  /// it while that one waits, and `trapsWaiting` is false: it waits by itself, and its interrupts cost nothing more than
  /// while it runs. `emptySpace` is a root of stage 2 that maps nothing.
  public static func configure(stage2Control: UInt64, emptySpace: PhysicalAddress, trapsWaiting: Bool) {
    // Both are unknown after reset, and HCR_EL2.VM has them used.
    write_vtcr_el2(stage2Control)
    parkGuestSpace(emptySpace)
    let form = HostExtensions.areInUse ? HostExtensions.enable : 0
    write_hcr_el2((trapsWaiting ? configuration : configuration & ~trapWaiting) | form)
    // CP15 c15 of AArch32 is implementation defined (T15).
    write_hstr_el2(1 << 15)
    setCoprocessorTraps(floatingPoint: true)
    write_mdcr_el2(read_mdcr_el2() & 0x1f | debug)
    write_cnthctl_el2(HostExtensions.counterAccess(isInUse: HostExtensions.areInUse))
    write_vpidr_el2(read_midr_el1())
    // PMUVer (ID_AA64DFR0_EL1, bits 11:8) 0 and 0xf have no such register: user programs never get at the counters.
    let monitors = read_id_aa64dfr0_el1() >> 8 & 0xf
    if monitors != 0 && monitors != 0xf { write_pmuserenr_el0(0) }
    HiddenFeatures.hide()
    // No debug exception comes to anybody while the OS lock is locked, as it is after reset: each vCPU has a model of it.
    write_oslar_el1(0)
    write_mdscr_el1(0)
    // Unknown after reset; guests have no vector catch.
    if Processor.hostedInstructionSets.aarch32 { write_dbgvcr32_el2(0) }
    RareRegisters.probe()
    GuestRegister.timerControl = 0
    // With E2H = 1 that name means EL2's own virtual timer, which nobody uses.
    write_cntv_ctl_el0(0)
    write_cnthp_ctl(0)
    // Whoever ran here before may have left translations under our VMIDs.
    invalidate_tlb_guests()
  }

  /// Makes EL1 execute A64, or A32 and T32 (HCR_EL2.RW).
  static func setInstructionSet(_ instructionSet: InstructionSet) {
    let others = read_hcr_el2() & ~only64
    write_hcr_el2(instructionSet == .aarch64 ? others | only64 : others)
  }

  @inline(__always)
  private static func setCoprocessorTraps(floatingPoint: Bool) {
    write_cptr_el2(
      HostExtensions.coprocessorTraps(floatingPoint: floatingPoint, isInUse: HostExtensions.areInUse))
  }

  /// Whether the guest's next FP or SIMD instruction traps.
  public static func setFloatingPointTrap(_ traps: Bool) {
    // For a guest in AArch32 only what FPEXC.EN lets through comes as far as our trap, by which it reads FPEXC too.
    if traps && read_hcr_el2() >> 31 & 1 == 0 {
      setCoprocessorTraps(floatingPoint: false)
      barrier_instruction()
      write_fpexc32_el2(1 << 30)
    }
    setCoprocessorTraps(floatingPoint: traps)
    barrier_instruction()
  }

  /// Whether the guest's virtual IRQ (VI) and FIQ (VF) are up, where no virtual CPU interface says so.
  @inline(__always)
  public static func setVirtualInterrupts(isInterrupt: Bool, isFastInterrupt: Bool) {
    write_hcr_el2(read_hcr_el2() & ~(3 << 6) | (isInterrupt ? 1 << 7 : 0) | (isFastInterrupt ? 1 << 6 : 0))
  }

  /// Makes `root` the stage-2 table and `vmid` the tag of the guest that runs next on this CPU.
  @inline(__always)
  public static func setGuestSpace(root: PhysicalAddress, vmid: UInt16) {
    write_vttbr_el2(root.rawValue | UInt64(vmid) << 48)
  }

  /// Leaves stage 2 to nobody, whose VMID is 0: while EL1's registers are changed one by one, a core whose AT instructions
  /// speculate (Cortex-A53, A55, A57, A72 and others: `Erratum.Kind.speculativeTranslation`) would walk by some of one guest's and some
  /// of another's, and the TLB would keep what it finds. Under an empty root it finds nothing. KVM and Xen do likewise.
  @inline(__always)
  public static func parkGuestSpace(_ emptyRoot: PhysicalAddress) {
    write_vttbr_el2(emptyRoot.rawValue)
    barrier_instruction()
  }
}
