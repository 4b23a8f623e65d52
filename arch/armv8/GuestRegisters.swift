internal import ARMv8Assembly
internal import Architecture

/// What a vCPU owns of EL1 and EL0 beside the general and FP registers: kept in the hardware while the vCPU is loaded,
/// here otherwise. What only some CPUs or guests have is in `RareRegisters`; ACTLR_EL1 is trapped.
///
/// EL2 has two names for most of them (`GuestRegisterNames`): the two functions that move those exist once for each, and
/// one test for each change of vCPU picks one. They are moved in pairs, which lie together here: one store or load for two.
struct GuestRegisters {
  private var sctlr: UInt64
  private var cpacr: UInt64 = 0
  private var ttbr0: UInt64 = 0
  private var ttbr1: UInt64 = 0
  private var tcr: UInt64 = 0
  private var mair: UInt64 = 0
  private var vbar: UInt64 = 0
  private var contextID: UInt64 = 0
  private var esr: UInt64 = 0
  private var far: UInt64 = 0
  private var elr: UInt64 = 0
  private var spsr: UInt64 = 0
  /// CNTV_CTL_EL0 and CNTV_CVAL_EL0.
  private(set) var timerControl: UInt64 = 0
  private(set) var timerCompareValue: UInt64 = 0
  private var timerAccess: UInt64 = 0
  /// MDSCR_EL1, which the guest writes by us; what AArch32 has in it of its own is read back (`keepDebugEntry`).
  private var debugControl: UInt64 = 0
  private var threadEL0: UInt64 = 0
  private var threadReadOnlyEL0: UInt64 = 0
  private var threadEL1: UInt64 = 0
  private var par: UInt64 = 0
  private var cacheSelection: UInt64 = 0
  private var stackEL0: UInt64 = 0
  private var stackEL1: UInt64 = 0

  /// The registers as they are after reset: the MMU and caches off, RES1 bits of SCTLR_EL1 set (DDI 0487, D19.2.120), or of
  /// AArch32's SCTLR the RES1 bits and CP15BEN (G8.2.126).
  init(_ instructionSet: InstructionSet = .aarch64) {
    sctlr = instructionSet == .aarch32 ? 0x30c5_0838 : 0x30d0_0800
  }

  /// Takes the registers out of the hardware, and turns the virtual timer off.
  @inline(__always)
  mutating func save() {
    if HostExtensions.areInUse { save(by: RedirectedNames.self) } else { save(by: OwnNames.self) }
    (threadEL0, threadReadOnlyEL0) = (read_tpidr_el0(), read_tpidrro_el0())
    (threadEL1, par) = (read_tpidr_el1(), read_par_el1())
    cacheSelection = read_csselr_el1()
    (stackEL0, stackEL1) = (read_sp_el0(), read_sp_el1())
  }

  /// Puts the registers into the hardware. The return to the guest is the context synchronisation.
  ///
  /// `mutating` so that nothing is copied.
  @inline(__always)
  mutating func load() {
    if HostExtensions.areInUse { load(by: RedirectedNames.self) } else { load(by: OwnNames.self) }
    write_mdscr_el1(debugControl)
    write_tpidr_el0(threadEL0)
    write_tpidrro_el0(threadReadOnlyEL0)
    write_tpidr_el1(threadEL1)
    write_par_el1(par)
    write_csselr_el1(cacheSelection)
    write_sp_el0(stackEL0)
    write_sp_el1(stackEL1)
  }

  /// Notes how the last debug exception came to a guest in AArch32, which is a part of MDSCR_EL1.
  mutating func keepDebugEntry() { debugControl = debugControl & ~(0b1111 << 2) | Processor.debugEntry }

  /// Gives the vCPU, which is loaded, another MDSCR_EL1.
  mutating func setDebugControl(_ value: UInt64) {
    debugControl = value
    write_mdscr_el1(value | Processor.debugEntry)
  }
}

// What has two names.

extension GuestRegisters {
  @inline(__always)
  private mutating func save<Names: GuestRegisterNames>(by names: Names.Type) {
    let other = Names.areRedirected
    (sctlr, cpacr) = (read_guest_sctlr(other), read_guest_cpacr(other))
    (ttbr0, ttbr1) = (read_guest_ttbr0(other), read_guest_ttbr1(other))
    (tcr, mair) = (read_guest_tcr(other), read_guest_mair(other))
    (vbar, contextID) = (read_guest_vbar(other), read_guest_contextidr(other))
    (esr, far) = (read_guest_esr(other), read_guest_far(other))
    (elr, spsr) = (read_guest_elr(other), read_guest_spsr(other))
    (timerControl, timerCompareValue) = (read_guest_cntv_ctl(other), read_guest_cntv_cval(other))
    timerAccess = read_guest_cntkctl(other)
    write_guest_cntv_ctl(other, 0)
  }

  @inline(__always)
  private func load<Names: GuestRegisterNames>(by names: Names.Type) {
    let other = Names.areRedirected
    write_guest_sctlr(other, sctlr)
    write_guest_cpacr(other, cpacr)
    write_guest_ttbr0(other, ttbr0)
    write_guest_ttbr1(other, ttbr1)
    write_guest_tcr(other, tcr)
    write_guest_mair(other, mair)
    write_guest_vbar(other, vbar)
    write_guest_contextidr(other, contextID)
    write_guest_esr(other, esr)
    write_guest_far(other, far)
    write_guest_elr(other, elr)
    write_guest_spsr(other, spsr)
    write_guest_cntkctl(other, timerAccess)
    write_guest_cntv_cval(other, timerCompareValue)
    write_guest_cntv_ctl(other, timerControl)
  }
}
