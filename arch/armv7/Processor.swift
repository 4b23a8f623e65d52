internal import ARMv7Assembly
public import Architecture
public import ArmCommon
internal import ArmRegisters

/// The CPU that runs this, as the hypervisor itself uses it: everything that is neither a guest's nor a device's. Each
/// backend has one, and nothing above names a register.
public enum Processor {
  /// The mode that we run in.
  public static var levelName: StaticString { "PL2 (Hyp mode)" }

  /// The mode that we run in, for messages: it has one form.
  public static var modeName: StaticString { levelName }

  /// True where the image has to be entered anew for another form of the mode: there is none.
  public static func mustReenter(decliningHostExtensions isDeclined: Bool) -> Bool { false }

  /// The mode that a loader entered us in, as entry code numbers it (by privilege level).
  public static func levelName(_ level: UInt) -> StaticString { level == 2 ? levelName : "PL1 (SVC mode)" }

  /// The address of what the hypervisor keeps about this CPU (HTPIDR).
  @inline(__always)
  public static var ownRecord: UInt {
    get { UInt(truncatingIfNeeded: read_htpidr()) }
    set { write_htpidr(UInt32(truncatingIfNeeded: newValue)) }
  }

  /// The affinity fields of this CPU, as MPIDR has them and the device tree's `reg`.
  public static var affinity: UInt64 { UInt64(read_mpidr() & 0xff_ffff) }

  /// Which core this CPU is.
  public static var core: CoreIdentity { CoreIdentity(midr: read_midr(), revision: read_revidr()) }

  /// What this CPU says of its caches (CTR).
  public static var cacheType: UInt64 { UInt64(read_ctr()) }

  /// Sets this CPU up for what its core gets wrong, before any guest runs.
  public static func adapt(to core: CoreIdentity) {
    if core.has(.wrongStoreRegister) { use_vectors_distrusting_stores() }
  }

  /// The control register of the virtual timer of the guest in the hardware: ENABLE, IMASK and ISTATUS, bits 0 to 2.
  @inline(__always)
  public static var virtualTimerControl: UInt64 {
    get { UInt64(read_cntv_ctl()) }
    set { write_cntv_ctl(UInt32(truncatingIfNeeded: newValue)) }
  }

  /// The instant on the guest's counter at which the virtual timer of the guest in the hardware is due.
  @inline(__always)
  public static var virtualTimerCompareValue: UInt64 { read_cntv_cval() }

  /// The hardware's identification register of that encoding in AArch64, whose ID_PFR0_EL1 and so on are at the same place
  /// of CP15; MVFR0 and MVFR1, which are at 3, are FP registers.
  /// ID_AA64DFR0_EL1, which is not, tells how many breakpoints there are: DBGDIDR's WRPs (31:28), BRPs (27:24) and
  /// CTX_CMPs (23:20) at its places.
  public static func identification(_ register: SystemRegister) -> UInt64 {
    if register.crm == 5 && register.op2 == 0 {
      let debug = UInt64(read_dbgdidr())
      return (debug >> 28 & 15) << 20 | (debug >> 24 & 15) << 12 | (debug >> 20 & 15) << 28
    }
    return UInt64(read_identification(UInt32(register.crm), UInt32(register.op2)))
  }

  /// How the last debug exception came to the guest in the hardware: DBGDSCRext.MOE, bits 5:2.
  public static var debugEntry: UInt64 { UInt64(read_dbgdscr()) & 0b1111 << 2 }

  /// True where a physical interrupt waits to be acknowledged (ISR.I).
  @inline(__always)
  public static var isInterruptPending: Bool { read_isr() >> 7 & 1 != 0 }

  /// True where a physical interrupt waits, or an asynchronous abort, of which all are here that come of what was done before
  /// (ISR.I and A).
  @inline(__always)
  public static var isExceptionPending: Bool {
    await_system_errors()
    return read_isr() & (1 << 8 | 1 << 7) != 0
  }

  /// True where an asynchronous abort of what was done before waits to be taken (ISR.A).
  @inline(__always)
  public static var isSystemErrorPending: Bool {
    await_system_errors()
    return read_isr() >> 8 & 1 != 0
  }

  /// Takes the asynchronous abort that is pending: its syndrome, zero where none came.
  public static func takeSystemError() -> UInt64 { UInt64(take_system_error()) }

  /// A random number of the CPU's own: it has none.
  public static func randomNumber() -> UInt64? { nil }

  /// Calls the host's firmware by SMC (DEN 0028 §2.7), and gives the result in register 0.
  public static func callFirmware(_ function: UInt64, _ first: UInt64, _ second: UInt64, _ third: UInt64) -> UInt64 {
    UInt64(
      call_secure_monitor(
        UInt32(truncatingIfNeeded: function), UInt32(truncatingIfNeeded: first), UInt32(truncatingIfNeeded: second),
        UInt32(truncatingIfNeeded: third)))
  }

  /// The 32 bits at an address where there may be nothing: all ones then.
  public static func dareLoad(_ address: UInt) -> UInt32 { dare_load32(address) }

  /// The register in which a loader gives the device tree's address.
  public static var treeRegister: StaticString { "r2" }

  /// PSCI's CPU_ON as a caller of this register width names it (DEN 0022 §5.1.4).
  public static var cpuOnFunction: UInt64 { 0x8400_0003 }

  /// Wakes CPUs that wait for an event.
  public static func signalEvent() { signal_event() }

  /// The end of the stack that this runs on: stacks fill the upper half of 64 KiB at a multiple of 64 KiB.
  @inline(__always)
  public static var stackEnd: UInt { (read_stack_pointer() | 0xffff) &+ 1 }

  /// Goes on with the guest whose general registers are in `frame`, which must be at the top of this CPU's stack.
  public static func enterGuest(_ frame: TrapFrame) -> Never { unsafe enter_guest(frame.unsafeAddress) }
}

// Caches and translations.

extension Processor {
  /// Drops the hypervisor's own translations on this CPU.
  public static func invalidateOwnTranslations() { invalidate_tlb_hyp() }

  /// Drops the translations of the guest in the hardware, both stages, on this CPU, and what it has fetched: with its MMU off it
  /// fetches from the point of coherency what another vCPU has made good at the point of unification only.
  public static func forgetGuestHere() { invalidate_current_guest_here() }

  /// Drops the instruction caches of all CPUs.
  public static func invalidateInstructionCaches() { invalidate_instruction_caches() }

  /// The size in bytes of the smallest data cache line (CTR.DminLine).
  public static var dataCacheLineSize: UInt { 4 << (UInt(read_ctr()) >> 16 & 15) }

  /// Cleans and invalidates the data cache line at a virtual address to the point of coherency.
  @inline(__always)
  public static func cleanAndInvalidateDataLine(at address: UInt) {
    clean_invalidate_data_line(UInt32(truncatingIfNeeded: address))
  }
}
