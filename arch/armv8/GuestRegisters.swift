internal import ARMv8Assembly
public import Architecture

/// What a vCPU owns of EL1 and EL0 beside the general and FP registers: kept in the hardware while the vCPU is loaded,
/// here otherwise.
///
/// EL2 has two names for most of them (`GuestRegisterNames`): the two functions that move those exist once for each, and
/// one test for each change of vCPU picks one.
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
    if HostExtensions.areInUse { save(by: RedirectedNames.self) } else { save(by: OwnNames.self) }
    actlr = read_actlr_el1()
    threadEL0 = read_tpidr_el0()
    threadReadOnlyEL0 = read_tpidrro_el0()
    threadEL1 = read_tpidr_el1()
    par = read_par_el1()
    cacheSelection = read_csselr_el1()
    debugControl = read_mdscr_el1()
    if Self.hasErrorStatus { deferredError = read_vdisr() }
    stackEL0 = read_sp_el0()
    stackEL1 = read_sp_el1()
  }

  /// Puts the registers into the hardware. The return to the guest is the context synchronisation.
  ///
  /// `mutating` so that nothing is copied.
  public mutating func load() {
    if HostExtensions.areInUse { load(by: RedirectedNames.self) } else { load(by: OwnNames.self) }
    write_actlr_el1(actlr)
    write_tpidr_el0(threadEL0)
    write_tpidrro_el0(threadReadOnlyEL0)
    write_tpidr_el1(threadEL1)
    write_par_el1(par)
    write_csselr_el1(cacheSelection)
    write_mdscr_el1(debugControl)
    if Self.hasErrorStatus { write_vdisr(deferredError) }
    write_sp_el0(stackEL0)
    write_sp_el1(stackEL1)
  }
}

// What has two names.

extension GuestRegisters {
  @inline(__always)
  private mutating func save<Names: GuestRegisterNames>(by names: Names.Type) {
    sctlr = read_guest_sctlr(Names.areRedirected)
    cpacr = read_guest_cpacr(Names.areRedirected)
    ttbr0 = read_guest_ttbr0(Names.areRedirected)
    ttbr1 = read_guest_ttbr1(Names.areRedirected)
    tcr = read_guest_tcr(Names.areRedirected)
    esr = read_guest_esr(Names.areRedirected)
    afsr0 = read_guest_afsr0(Names.areRedirected)
    afsr1 = read_guest_afsr1(Names.areRedirected)
    far = read_guest_far(Names.areRedirected)
    mair = read_guest_mair(Names.areRedirected)
    amair = read_guest_amair(Names.areRedirected)
    vbar = read_guest_vbar(Names.areRedirected)
    contextID = read_guest_contextidr(Names.areRedirected)
    timerControl = read_guest_cntkctl(Names.areRedirected)
    elr = read_guest_elr(Names.areRedirected)
    spsr = read_guest_spsr(Names.areRedirected)
  }

  @inline(__always)
  private func load<Names: GuestRegisterNames>(by names: Names.Type) {
    write_guest_sctlr(Names.areRedirected, sctlr)
    write_guest_cpacr(Names.areRedirected, cpacr)
    write_guest_ttbr0(Names.areRedirected, ttbr0)
    write_guest_ttbr1(Names.areRedirected, ttbr1)
    write_guest_tcr(Names.areRedirected, tcr)
    write_guest_esr(Names.areRedirected, esr)
    write_guest_afsr0(Names.areRedirected, afsr0)
    write_guest_afsr1(Names.areRedirected, afsr1)
    write_guest_far(Names.areRedirected, far)
    write_guest_mair(Names.areRedirected, mair)
    write_guest_amair(Names.areRedirected, amair)
    write_guest_vbar(Names.areRedirected, vbar)
    write_guest_contextidr(Names.areRedirected, contextID)
    write_guest_cntkctl(Names.areRedirected, timerControl)
    write_guest_elr(Names.areRedirected, elr)
    write_guest_spsr(Names.areRedirected, spsr)
  }
}
