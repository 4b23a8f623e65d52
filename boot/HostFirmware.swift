internal import Architecture
internal import ArmRegisters
internal import Backend
internal import Configuration

/// The host's own firmware, where there is one that answers. From EL2 it is reached by SMC; a tree that says HVC was made for EL1.
struct HostFirmware {
  private static let version: UInt64 = 0x8400_0000

  /// CPU_ON's number.
  private let cpuOn: UInt64
  /// True where it can turn the machine off.
  let turnsOff: Bool

  /// The firmware that the tree describes. A node alone says little: emulators start many boards bare. So it is asked for its
  /// version, and what is being asked is on the console before, because a call to nobody may never come back: where EL3 has no
  /// code, the CPU is lost there. Nil where there is none, or nobody answers. PSCI 0.1 cannot be asked (DEN 0022 §5.2).
  init?(_ description: FirmwareDescription?, _ log: inout BootLog) {
    guard let description, description.startsCPUs else { return nil }
    cpuOn = description.ownCPUOn.map { UInt64($0) } ?? Processor.cpuOnFunction
    turnsOff = description.isStandard && description.conduit == .secureMonitorCall
    guard description.isStandard else { return }
    log.begin()
    log.write("calling the firmware (PSCI by SMC): ")
    let version = Processor.callFirmware(Self.version, 0, 0, 0) & 0xffff_ffff
    // What is negative is an error.
    guard version >= 2, version < 1 << 31 else {
      log.write("no answer; the other CPUs stay off")
      log.end()
      return nil
    }
    log.write("version ")
    log.write(decimal: version >> 16)
    log.write(".")
    log.write(decimal: version & 0xffff)
    log.end()
  }

  /// Starts the CPU with that affinity at a physical address (PSCI CPU_ON, DEN 0022 §5.6).
  /// - Returns: 0, or why the firmware refuses: its negative number.
  func turnOn(_ affinity: UInt64, at entry: PhysicalAddress) -> Int32 {
    Int32(truncatingIfNeeded: Processor.callFirmware(cpuOn, affinity, entry.rawValue, 0))
  }
}
