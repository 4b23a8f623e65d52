internal import Architecture
internal import ArmRegisters
internal import Backend

/// The host's own firmware. From EL2 it is reached by SMC; a tree that says HVC was made for EL1.
enum HostFirmware {
  private static let systemOff: UInt64 = 0x8400_0008

  /// Starts the CPU with that affinity at a physical address (PSCI CPU_ON, DEN 0022 §5.6); false where the firmware
  /// refuses.
  static func turnOn(_ affinity: UInt64, at entry: PhysicalAddress) -> Bool {
    Processor.callFirmware(Processor.cpuOnFunction, affinity, entry.rawValue, 0) == 0
  }

  /// Turns the machine off, for which there must be firmware; returns where that cannot do it.
  static func turnOff() { _ = Processor.callFirmware(systemOff, 0, 0, 0) }
}
