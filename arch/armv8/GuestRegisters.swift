internal import ARMv8Assembly
public import Architecture

/// What a vCPU owns of EL1 and EL0 beside the general and FP registers: kept in the hardware while the vCPU is loaded,
/// here otherwise.
///
/// This is the one layer that names EL1's registers. A host with E2H = 1 reaches them by other names (`_EL12`); that
/// form belongs in this file, beside this one, and nobody else needs to know.
public struct GuestRegisters {
  var sctlr: UInt64 = 0
  var actlr: UInt64 = 0
  var cpacr: UInt64 = 0
  var ttbr0: UInt64 = 0
  var ttbr1: UInt64 = 0
  var tcr: UInt64 = 0
  var esr: UInt64 = 0
  var afsr0: UInt64 = 0
  var afsr1: UInt64 = 0
  var far: UInt64 = 0
  var mair: UInt64 = 0
  var amair: UInt64 = 0
  var vbar: UInt64 = 0
  var contextID: UInt64 = 0
  var threadEL0: UInt64 = 0
  var threadReadOnlyEL0: UInt64 = 0
  var threadEL1: UInt64 = 0
  var par: UInt64 = 0
  var timerControl: UInt64 = 0
  var cacheSelection: UInt64 = 0
  var debugControl: UInt64 = 0
  /// VDISR_EL2: what the guest's DISR_EL1 is while SErrors are routed to EL2.
  var deferredError: UInt64 = 0
  var elr: UInt64 = 0
  var spsr: UInt64 = 0
  var stackEL0: UInt64 = 0
  var stackEL1: UInt64 = 0

  /// The registers as they are after reset: the MMU and caches off, RES1 bits of SCTLR_EL1 set (DDI 0487, D19.2.120).
  public init() { sctlr = 0x30d0_0800 }

  /// The same for the instruction set of EL1: of AArch32's SCTLR the RES1 bits and CP15BEN (G8.2.126).
  public init(_ instructionSet: InstructionSet) {
    self.init()
    if instructionSet == .aarch32 { sctlr = 0x30c5_0838 }
  }

  /// True where the CPU has RAS, and with it VDISR_EL2, which guests reach by DISR_EL1 although RAS is hidden.
  private static var hasErrorStatus: Bool { read_id_aa64pfr0_el1() >> 28 & 0xf != 0 }

  /// Takes the registers out of the hardware.
  public mutating func save() {
    sctlr = read_sctlr_el1()
    actlr = read_actlr_el1()
    cpacr = read_cpacr_el1()
    ttbr0 = read_ttbr0_el1()
    ttbr1 = read_ttbr1_el1()
    tcr = read_tcr_el1()
    esr = read_esr_el1()
    afsr0 = read_afsr0_el1()
    afsr1 = read_afsr1_el1()
    far = read_far_el1()
    mair = read_mair_el1()
    amair = read_amair_el1()
    vbar = read_vbar_el1()
    contextID = read_contextidr_el1()
    threadEL0 = read_tpidr_el0()
    threadReadOnlyEL0 = read_tpidrro_el0()
    threadEL1 = read_tpidr_el1()
    par = read_par_el1()
    timerControl = read_cntkctl_el1()
    cacheSelection = read_csselr_el1()
    debugControl = read_mdscr_el1()
    if Self.hasErrorStatus { deferredError = read_vdisr() }
    elr = read_elr_el1()
    spsr = read_spsr_el1()
    stackEL0 = read_sp_el0()
    stackEL1 = read_sp_el1()
  }

  /// Puts the registers into the hardware. The return to the guest is the context synchronisation.
  ///
  /// `mutating` so that nothing is copied.
  public mutating func load() {
    write_sctlr_el1(sctlr)
    write_actlr_el1(actlr)
    write_cpacr_el1(cpacr)
    write_ttbr0_el1(ttbr0)
    write_ttbr1_el1(ttbr1)
    write_tcr_el1(tcr)
    write_esr_el1(esr)
    write_afsr0_el1(afsr0)
    write_afsr1_el1(afsr1)
    write_far_el1(far)
    write_mair_el1(mair)
    write_amair_el1(amair)
    write_vbar_el1(vbar)
    write_contextidr_el1(contextID)
    write_tpidr_el0(threadEL0)
    write_tpidrro_el0(threadReadOnlyEL0)
    write_tpidr_el1(threadEL1)
    write_par_el1(par)
    write_cntkctl_el1(timerControl)
    write_csselr_el1(cacheSelection)
    write_mdscr_el1(debugControl)
    if Self.hasErrorStatus { write_vdisr(deferredError) }
    write_elr_el1(elr)
    write_spsr_el1(spsr)
    write_sp_el0(stackEL0)
    write_sp_el1(stackEL1)
  }
}
