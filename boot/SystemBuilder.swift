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

  init(machine: MachineDescription, space: consuming HypervisorSpace, arena: consuming Arena) throws(BootFailure) {
    var arena = arena
    self.machine = machine
    do throws(OutOfMemory) {
      plan = try MemoryPlan(machine, capacity: 160, in: &arena)
    } catch { throw .noMemory(UInt64(error.requestedByteCount)) }
    plan.reserve(space.imageBlock)
    plan.reserve(machine.treeRange)
    if let bundle = machine.bundle { plan.reserve(bundle) }
    self.space = space
    self.arena = arena
  }
}
