internal import ARMv8Assembly
internal import ArmRegisters

/// The host's own firmware. From EL2 it is reached by SMC; a tree that says HVC was made for EL1.
enum HostFirmware {
  private static let systemOff: UInt64 = 0x8400_0008

  /// Turns the machine off, or stops for good where nobody can.
  static func turnOff(_ isAvailable: Bool) -> Never {
    if isAvailable { _ = call_secure_monitor(systemOff, 0, 0, 0) }
    while true { wait_for_interrupt() }
  }
}
