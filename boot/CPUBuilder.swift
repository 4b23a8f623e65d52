internal import Architecture
internal import ArmCommon
internal import Backend
internal import Configuration
internal import DeviceTree
internal import Drivers
internal import Kernel
internal import Planning
internal import Scheduling
internal import Virtualization

// The physical CPUs, and the vCPUs that are assigned to them.

extension SystemBuilder {
  mutating func buildVCPUs(
    of vms: Storage<HostedVM>, on cpus: Storage<PhysicalCPU>
  ) throws(BootFailure) {
    // The scheduler counts a CPU's vCPUs as we do: in the order of the bundle.
    let slots = try taking { (arena) throws(OutOfMemory) in
      try arena.storage(of: Int.self, count: cpus.count) { _ in 0 }
    }
    for description in system.vms {
      let vm = vms.reference(to: description.index)
      for index in vm.value.vcpus.indices {
        // The validator has seen that there is one.
        let cpu = Int(description.physicalCPU(vcpu: index) ?? 0)
        vm.value.vcpus.reference(to: index).build(
          VCPU(
            vm: vm, index: index, cpu: cpus.reference(to: cpu), slot: slots[cpu],
            context: GuestContext(
              affinity: GuestMachine.affinity(vcpu: index), instructionSet: description.instructionSet ?? .aarch64)))
        slots[cpu] += 1
      }
    }
  }

  mutating func buildCPUs(
    in places: Storage<PhysicalCPU>, _ gic: HostGIC, vms: Storage<HostedVM>, vcpus: Storage<VCPU>, _ log: inout BootLog
  ) throws(BootFailure) {
    for host in machine.cpus {
      let isBootCPU = host.affinity == Processor.affinity
      let controller = isBootCPU ? gic.controller : try controller(gic.controller, for: host.affinity) ?? gic.controller
      let plan = try plan(for: host.index, &log)
      let place = places.reference(to: host.index)
      place.build(try buildCPU(host, at: place, controller, gic.listRegisters, plan, vms: vms, vcpus: vcpus))
    }
  }

  /// What the CPU runs and by which policy, admitted: a set that cannot keep its promises is refused here as it is on
  /// the host.
  private mutating func plan(for cpu: Int, _ log: inout BootLog) throws(BootFailure) -> CPUPlan {
    let rate = TickRate(perSecond: UInt32(truncatingIfNeeded: ticksPerSecond))
    try provide(256 << 10)
    let problem: PlanProblem
    do throws(PlanError) {
      let plan = try CPUPlan(cpu: UInt32(cpu), of: system, rate: rate, in: &arena)
      do throws(PlanProblem) {
        try plan.check()
        return plan
      } catch { problem = error }
    } catch {
      switch error {
      case .memory(let error): throw .noMemory(UInt64(error.requestedByteCount))
      case .problem(let found): problem = found
      }
    }
    log.begin()
    problem.write(to: &log, naming: system)
    log.end()
    throw .invalidSystem
  }

  private mutating func buildCPU(
    _ host: HostCPU, at place: Reference<PhysicalCPU>, _ controller: InterruptController,
    _ listRegisters: PhysicalListRegisters?, _ plan: CPUPlan, vms: Storage<HostedVM>, vcpus: Storage<VCPU>
  ) throws(BootFailure) -> PhysicalCPU {
    let count = plan.members.count
    let virtualTimer = machine.timer.virtualInterrupt.identifier
    let hypervisorTimer = machine.timer.hypervisorInterrupt.identifier
    return try taking { (arena) throws(OutOfMemory) in
      // Of a CPU without vCPUs the first stands for "none has been loaded", and is never looked at.
      let first = vcpus.reference(to: 0)
      let assigned = try arena.storage(of: Reference<VCPU>.self, count: count) { _ in first }
      for number in vcpus.indices where vcpus[number].cpu == place {
        assigned[vcpus[number].slot] = vcpus.reference(to: number)
      }
      let scheduler = try plan.makeScheduler(in: &arena)
      let byStanding = try arena.storage(of: Reference<VCPU>.self, count: count) { _ in first }
      for slot in assigned.indices {
        assigned[slot].value.standing = scheduler.standing(of: slot)
        assigned[slot].value.audience = scheduler.audience(of: slot)
        byStanding[assigned[slot].value.standing] = assigned[slot]
      }
      let own: PhysicalListRegisters
      if let listRegisters { own = listRegisters } else { own = .software(try SoftwareListRegisters(in: &arena)) }
      return PhysicalCPU(
        index: host.index, affinity: host.affinity, scheduler: scheduler, assigned: assigned, byStanding: byStanding,
        deadlines: try DeadlineTree(capacity: count, in: &arena), board: try RequestBoard(capacity: count, in: &arena),
        isShared: plan.policy != .static, virtualTimerInterrupt: virtualTimer,
        hypervisorTimerInterrupt: hypervisorTimer, controller: controller, listRegisters: own, loadedVCPU: first,
        translationOwners: try arena.storage(of: TranslationOwner.self, count: vms.count) { _ in .nobody })
    }
  }
}
