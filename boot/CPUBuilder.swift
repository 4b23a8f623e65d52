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
  mutating func buildVCPUs(_ vms: Storage<HostedVM>) throws(BootFailure) -> Storage<VCPU> {
    var count = 0
    for vm in vms.indices { count += vms[vm].vcpus.count }
    let system = system
    // The scheduler counts a CPU's vCPUs as we do: in the order of the bundle.
    let slots = try taking { [cpuCount = machine.cpuCount] (arena) throws(OutOfMemory) in
      try arena.storage(of: Int.self, count: cpuCount) { _ in 0 }
    }
    return try taking(atMost: UInt64(MemoryLayout<VCPU>.stride * count)) { (arena) throws(OutOfMemory) in
      try arena.storage(of: VCPU.self, count: count) { number in
        var vm = 0
        while !vms[vm].vcpus.contains(number) { vm += 1 }
        let index = number - vms[vm].vcpus.lowerBound
        let description = system.vm(vm)
        // The validator has seen that there is one.
        let cpu = Int(description?.physicalCPU(vcpu: index) ?? 0)
        defer { slots[cpu] += 1 }
        return VCPU(
          number: number, vm: vm, host: vms.reference(to: vm), index: index, cpu: cpu, slot: slots[cpu],
          context: GuestContext(
            affinity: GuestMachine.affinity(vcpu: index),
            instructionSet: description?.instructionSet ?? .aarch64))
      }
    }
  }

  mutating func buildCPUs(_ gic: HostGIC, vms: Storage<HostedVM>, vcpus: Storage<VCPU>, _ log: inout BootLog)
    throws(BootFailure) -> Storage<PhysicalCPU>
  {
    let count = machine.cpuCount
    let place = try taking { (arena) throws(OutOfMemory) in
      try arena.take(UInt64(MemoryLayout<PhysicalCPU>.stride * count), alignment: 64)
    }
    let base = unsafe place.unsafePointer.bindMemory(to: PhysicalCPU.self, capacity: count)
    for host in machine.cpus {
      let isBootCPU = host.affinity == Processor.affinity
      let controller = isBootCPU ? gic.controller : try controller(gic.controller, for: host.affinity) ?? gic.controller
      let plan = try plan(for: host.index, &log)
      let cpu = try buildCPU(
        host, controller, gic.listRegisters, plan, vms: vms, vcpus: vcpus)
      unsafe (base + host.index).initialize(to: cpu)
    }
    return unsafe Storage(unsafeBase: base, count: count)
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
    _ host: HostCPU, _ controller: InterruptController, _ listRegisters: PhysicalListRegisters?, _ plan: CPUPlan,
    vms: Storage<HostedVM>, vcpus: Storage<VCPU>
  ) throws(BootFailure) -> PhysicalCPU {
    let count = plan.members.count
    let virtualTimer = machine.timer.virtualInterrupt.identifier
    let hypervisorTimer = machine.timer.hypervisorInterrupt.identifier
    return try taking { (arena) throws(OutOfMemory) in
      // Of a CPU without vCPUs the first stands for "none has been loaded", and is never looked at.
      let first = vcpus.reference(to: 0)
      let assigned = try arena.storage(of: Reference<VCPU>.self, count: count) { _ in first }
      for number in vcpus.indices where vcpus[number].cpu == host.index {
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
        lastOfVM: try arena.storage(of: Int.self, count: vms.count) { _ in -1 })
    }
  }
}
