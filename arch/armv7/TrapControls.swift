internal import ARMv7Assembly
public import Architecture
internal import ArmRegisters

/// What traps from a guest, and where a guest's memory is: the PL2 registers that stand between the two.
public enum TrapControls {
  /// HCR (DDI 0406C, B4.1.66). Beside stage 2 (VM) and interrupts routed to Hyp mode (FMO, IMO, AMO): set/way cache
  /// instructions clean as well (SWIO); table walks may not touch device memory (PTW); the guest's barriers and TLB
  /// maintenance reach all CPUs that may run it (BSU, FB); WFI and WFE give a shared CPU away (TWI, TWE); ID registers, SMC,
  /// implementation-defined registers and ACTLR are answered by us (TID3, TSC, TIDCP, TAC).
  static let configuration: UInt32 =
    1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 9 | 1 << 10 | 1 << 13 | 1 << 14 | 1 << 18 | 1 << 19
    | 1 << 20 | 1 << 21

  /// HCPTR (B4.1.65): trace (TTA), and coprocessors 0 to 9, 12 and 13, which no CPU has.
  static let coprocessors: UInt32 = 1 << 20 | 0x33ff
  /// HCPTR.{TASE, TCP11, TCP10}.
  private static let trapFloatingPoint: UInt32 = 1 << 15 | 1 << 11 | 1 << 10

  /// HDCR (B4.1.64): performance monitors (TPM, TPMCR), which nobody has, and debug registers (TDA, TDOSA, TDRA) trap; breakpoint
  /// instructions stay the guest's own (TDE clear). HPMN keeps its reset value, which is PMCR.N.
  static let debug: UInt32 = 1 << 5 | 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11

  /// HSTR (B4.1.72): CP15 c15, which is implementation defined, and Jazelle (TJDBX), which is hidden. ThumbEE (TTEE) is not
  /// trapped but switched: emulated CPUs show it to guests whatever TID3 says.
  static let systemRegisters: UInt32 = 1 << 15 | 1 << 17

  /// TWI and TWE.
  private static let trapWaiting: UInt32 = 1 << 13 | 1 << 14

  /// Sets this CPU up for guests, once, before the first of them runs. Where it is given to a single vCPU, nobody else wants
  /// it while that one waits, and `trapsWaiting` is false: it waits by itself, and its interrupts cost nothing more than
  /// while it runs. `emptySpace` is a root of stage 2 that maps nothing.
  public static func configure(stage2Control: UInt64, emptySpace: PhysicalAddress, trapsWaiting: Bool) {
    // Both are unknown after reset, and HCR.VM has them used.
    write_vtcr(UInt32(truncatingIfNeeded: stage2Control))
    parkGuestSpace(emptySpace)
    write_hcr(trapsWaiting ? configuration : configuration & ~trapWaiting)
    write_hstr(systemRegisters)
    setFloatingPointTrap(true)
    write_hdcr(read_hdcr() & 0x1f | debug)
    // PL1 reads the physical counter (PL1PCTEN) but its physical timer traps (PL1PCEN clear).
    write_cnthctl(1)
    write_vpidr(read_midr())
    // ID_DFR0.PerfMon, bits 27:24: 0 and 0xf have no such register. User programs never get at the counters.
    let monitors = read_id_dfr0() >> 24 & 0xf
    if monitors != 0 && monitors != 0xf { write_pmuserenr(0) }
    // No debug event comes to anybody while the OS lock is locked, as it is after reset: each vCPU has a model of it. The key
    // locks, anything else unlocks.
    write_dbgoslar(0)
    write_dbgdscr(0)
    // Unknown after reset; guests have no vector catch.
    write_dbgvcr(0)
    RareRegisters.probe()
    write_fcseidr(0)
    write_cntv_ctl(0)
    write_cnthp_ctl(0)
    // Whoever ran here before may have left translations under our VMIDs.
    invalidate_tlb_guests()
  }

  /// Whether the guest's next FP or SIMD instruction traps.
  public static func setFloatingPointTrap(_ traps: Bool) {
    // Only what FPEXC.EN lets through comes as far as our trap, by which a guest reads FPEXC too.
    if traps {
      write_hcptr(coprocessors)
      barrier_instruction()
      write_fpexc(1 << 30)
    }
    write_hcptr(traps ? coprocessors | trapFloatingPoint : coprocessors)
    barrier_instruction()
  }

  /// Whether the guest's virtual IRQ (VI) and FIQ (VF) are up, where no virtual CPU interface says so.
  @inline(__always)
  public static func setVirtualInterrupts(isInterrupt: Bool, isFastInterrupt: Bool) {
    write_hcr(read_hcr() & ~(3 << 6) | (isInterrupt ? 1 << 7 : 0) | (isFastInterrupt ? 1 << 6 : 0))
  }

  /// Makes `root` the stage-2 table and `vmid`, of eight bits, the tag of the guest that runs next on this CPU.
  @inline(__always)
  public static func setGuestSpace(root: PhysicalAddress, vmid: UInt16) {
    write_vttbr(root.rawValue | UInt64(vmid & 0xff) << 48)
  }

  /// Leaves stage 2 to nobody, whose VMID is 0.
  @inline(__always)
  public static func parkGuestSpace(_ emptyRoot: PhysicalAddress) {
    write_vttbr(emptyRoot.rawValue)
    barrier_instruction()
  }
}
