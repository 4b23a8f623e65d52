internal import ARMv8Assembly
public import Architecture
public import ArmCommon
internal import ArmRegisters

/// The CPU that runs this, as the hypervisor itself uses it: everything that is neither a guest's nor a device's. Each
/// backend has one, and nothing above names a register.
public enum Processor {
  /// The exception level that we run at.
  public static var levelName: StaticString { "EL2" }

  /// An exception level that a loader entered us at, as entry code numbers it.
  public static func levelName(_ level: UInt) -> StaticString {
    switch level {
    case 1: "EL1"
    case 2: "EL2"
    default: "EL3"
    }
  }

  /// The address of what the hypervisor keeps about this CPU (TPIDR_EL2).
  @inline(__always)
  public static var ownRecord: UInt {
    get { UInt(truncatingIfNeeded: read_tpidr_el2()) }
    set { write_tpidr_el2(UInt64(newValue)) }
  }

  /// The affinity fields of this CPU, as MPIDR_EL1 has them and the device tree's `reg`.
  public static var affinity: UInt64 { read_mpidr_el1() & 0xff_00ff_ffff }

  /// Which core this CPU is.
  public static var core: CoreIdentity {
    CoreIdentity(
      midr: UInt32(truncatingIfNeeded: read_midr_el1()), revision: UInt32(truncatingIfNeeded: read_revidr_el1()))
  }

  /// What this CPU says of its caches (CTR_EL0).
  public static var cacheType: UInt64 { read_ctr_el0() }

  /// Sets this CPU up for what its core gets wrong, before any guest runs.
  public static func adapt(to core: CoreIdentity) {
    if core.has(.staleLoad) { use_vectors_writing_context() }
  }

  /// The control register of the virtual timer of the guest in the hardware: ENABLE, IMASK and ISTATUS, bits 0 to 2.
  @inline(__always)
  public static var virtualTimerControl: UInt64 {
    get { GuestRegister.timerControl }
    set { GuestRegister.timerControl = newValue }
  }

  /// The instant on the guest's counter at which the virtual timer of the guest in the hardware is due.
  @inline(__always)
  public static var virtualTimerCompareValue: UInt64 { GuestRegister.timerCompareValue }

  /// True where a physical interrupt waits to be acknowledged (ISR_EL1.I).
  @inline(__always)
  public static var isInterruptPending: Bool { read_isr() >> 7 & 1 != 0 }

  /// True where a physical interrupt waits, or an SError, of which all are here that come of what was done before (ISR_EL1.I
  /// and A).
  @inline(__always)
  public static var isExceptionPending: Bool {
    await_system_errors()
    return read_isr() & (1 << 8 | 1 << 7) != 0
  }

  /// True where an SError of what was done before waits to be taken (ISR_EL1.A).
  @inline(__always)
  public static var isSystemErrorPending: Bool {
    await_system_errors()
    return read_isr() >> 8 & 1 != 0
  }

  /// Takes the SError that is pending: its syndrome, zero where none came.
  public static func takeSystemError() -> UInt64 { take_system_error() }

  /// The hardware's identification register of that encoding, REVIDR_EL1 and AIDR_EL1 (CRm 0) among them.
  public static func identification(_ register: SystemRegister) -> UInt64 {
    guard register.crm == 0 else { return read_identification(UInt64(register.crm), UInt64(register.op2)) }
    return register.op1 == 0 ? read_revidr_el1() : read_aidr_el1()
  }

  /// How the last debug exception came to the guest in the hardware, if that is in AArch32: DBGDSCRext.MOE, bits 5:2, at its
  /// place in MDSCR_EL1, to which DBGDSCRext is mapped. AArch64 itself has nothing there.
  public static var debugEntry: UInt64 { read_mdscr_el1() & 0b1111 << 2 }

  /// A random number of the CPU's own (RNDR), nil where it has none, or none now.
  public static func randomNumber() -> UInt64? {
    // ID_AA64ISAR0_EL1.RNDR.
    guard read_identification(6, 0) >> 60 != 0 else { return nil }
    let answer = read_random_number()
    return answer.is_valid ? answer.number : nil
  }

  /// Calls the host's firmware by SMC (DEN 0028 §2.7), and gives the result in register 0.
  public static func callFirmware(_ function: UInt64, _ first: UInt64, _ second: UInt64, _ third: UInt64) -> UInt64 {
    call_secure_monitor(function, first, second, third)
  }

  /// The 32 bits at an address where there may be nothing: all ones then.
  public static func dareLoad(_ address: UInt) -> UInt32 { dare_load32(address) }

  /// The register in which a loader gives the device tree's address.
  public static var treeRegister: StaticString { "x0" }

  /// PSCI's CPU_ON as a caller of this register width names it (DEN 0022 §5.1.4).
  public static var cpuOnFunction: UInt64 { 0xc400_0003 }

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
  public static func invalidateOwnTranslations() { invalidate_tlb_el2() }

  /// Drops the translations of the guest in the hardware, both stages, on this CPU, and what it has fetched: with its MMU off it
  /// fetches from the point of coherency what another vCPU has made good at the point of unification only.
  public static func forgetGuestHere() { invalidate_current_guest_here() }

  /// Drops the instruction caches of all CPUs.
  public static func invalidateInstructionCaches() { invalidate_instruction_caches() }

  /// The size in bytes of the smallest data cache line.
  public static var dataCacheLineSize: UInt { UInt(truncatingIfNeeded: data_cache_line_size()) }

  /// Cleans and invalidates the data cache line at a virtual address to the point of coherency.
  @inline(__always)
  public static func cleanAndInvalidateDataLine(at address: UInt) { clean_invalidate_data_line(UInt64(address)) }
}
