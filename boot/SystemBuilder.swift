internal import ARMv8
internal import ARMv8Assembly
internal import ArmCommon
internal import ArmRegisters
internal import Architecture
internal import Configuration
internal import DeviceTree
internal import Drivers
internal import Scheduling
internal import Virtualization

/// Builds the hypervisor from the machine's description and the system's, in the arena. Used once.
struct SystemBuilder: ~Copyable {
  private let machine: MachineDescription
  private var space: HypervisorSpace
  private var arena: Arena
  private var plan: MemoryPlan
  private let stage2 = Stage2Parameters.ofThisCPU()

  init(
    machine: MachineDescription, plan: consuming MemoryPlan, space: consuming HypervisorSpace, arena: consuming Arena
  ) {
    self.machine = machine
    self.plan = plan
    self.space = space
    self.arena = arena
  }

  /// Builds everything and puts it where everybody finds it.
  mutating func build(_ system: SystemDescription, port: PL011Port, log: inout BootLog) throws(BootFailure) {
    do throws(OutOfMemory) {
      try buildAll(system, port: port, log: &log)
    } catch { throw .noMemory(UInt64(error.requestedByteCount)) }
  }
}
