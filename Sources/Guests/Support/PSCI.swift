internal import GuestEntry

/// Calls to the firmware by HVC: PSCI (Arm DEN0022) and what else the calling convention (DEN0028) carries.
public enum PSCI {
  /// PSCI_VERSION.
  public static let version: UInt64 = 0x8400_0000
  /// CPU_ON, for addresses of the guest's own width.
  public static var cpuOn: UInt64 { guest_psci_cpu_on }
  /// AFFINITY_INFO, for affinities of the guest's own width.
  public static var affinityInfo: UInt64 { guest_psci_affinity_info }
  /// SYSTEM_OFF.
  public static let systemOff: UInt64 = 0x8400_0008
  /// SYSTEM_RESET.
  public static let systemReset: UInt64 = 0x8400_0009
  /// PSCI_FEATURES.
  public static let features: UInt64 = 0x8400_000a

  /// Makes one call with up to three arguments; x0 of the answer.
  @discardableResult
  public static func call(_ function: UInt64, _ a: UInt64 = 0, _ b: UInt64 = 0, _ c: UInt64 = 0) -> UInt64 {
    var registers = guest_call()
    registers.x.0 = function
    registers.x.1 = a
    registers.x.2 = b
    registers.x.3 = c
    unsafe guest_call_hvc(&registers)
    return registers.x.0
  }

  /// Switches the machine off.
  public static func powerOff() -> Never {
    call(systemOff)
    halt()
  }

  /// Restarts the machine.
  public static func reset() -> Never {
    call(systemReset)
    halt()
  }

  /// Sleeps for good, where a call that should not return did.
  public static func halt() -> Never {
    guest_mask_interrupts()
    while true { guest_wait_for_interrupt() }
  }
}
