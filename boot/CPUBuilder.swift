internal import Architecture
internal import ArmCommon
internal import Backend
internal import Configuration
internal import Drivers
internal import Scheduling
internal import Virtualization

// The physical CPUs, and the vCPUs that are assigned to them.

extension SystemBuilder {
  mutating func buildVCPUs(_ vms: Storage<HostedVM>) throws(BootFailure) -> Storage<VCPU> {
    var count = 0
    for vm in vms.indices { count += vms[vm].vcpus.count }
    return try taking(atMost: UInt64(MemoryLayout<VCPU>.stride * count)) { (arena) throws(OutOfMemory) in
      try arena.storage(of: VCPU.self, count: count) { number in
        var vm = 0
        while !vms[vm].vcpus.contains(number) { vm += 1 }
        let index = number - vms[vm].vcpus.lowerBound
        let cpu = vms[vm].cpu(ofVCPU: index)
        return VCPU(
          vm: vm, index: index, cpu: cpu, slot: vms.vcpuCount(on: cpu, before: number),
          context: GuestContext(affinity: GuestMachine.affinity(vcpu: index)))
      }
    }
  }

  mutating func buildCPUs(_ gic: HostGIC, vms: Storage<HostedVM>, vcpus: Storage<VCPU>)
    throws(BootFailure) -> Storage<PhysicalCPU>
  {
    let count = machine.cpuCount
    let place = try taking { (arena) throws(OutOfMemory) in
      try arena.take(UInt64(MemoryLayout<PhysicalCPU>.stride * count), alignment: 64)
    }
    let base = unsafe place.unsafePointer.bindMemory(to: PhysicalCPU.self, capacity: count)
    for host in machine.cpus {
      let isBootCPU = host.affinity == Processor.affinity
      let controller = isBootCPU ? gic.controller : try controller(gic.controller, for: host.affinity)
      let cpu = try buildCPU(
        host, controller, gic.listRegisters,
        slice: ticks(nanoseconds: system.cpu(UInt32(host.index))?.sliceNanoseconds ?? 1_000_000),
        vms: vms, vcpus: vcpus)
      unsafe (base + host.index).initialize(to: cpu)
    }
    return unsafe Storage(unsafeBase: base, count: count)
  }

  private mutating func buildCPU(
    _ host: HostCPU, _ controller: InterruptController, _ listRegisters: HostListRegisters, slice: UInt64,
    vms: Storage<HostedVM>, vcpus: Storage<VCPU>
  ) throws(BootFailure) -> PhysicalCPU {
    let count = vms.vcpuCount(on: host.index, before: vcpus.count)
    return try taking { (arena) throws(OutOfMemory) in
      let assigned = try arena.storage(of: Int.self, count: count) { _ in 0 }
      for number in vcpus.indices where vcpus[number].cpu == host.index { assigned[vcpus[number].slot] = number }
      return PhysicalCPU(
        index: host.index, affinity: host.affinity,
        scheduler: try RoundRobin(capacity: count, slice: slice, in: &arena), assigned: assigned,
        controller: controller, listRegisters: listRegisters, loadedVM: vms.reference(to: 0),
        lastOfVM: try arena.storage(of: Int.self, count: vms.count) { _ in -1 })
    }
  }

}

extension HostedVM {
  /// The physical CPU that a vCPU is assigned to: the validator has seen that there is one.
  fileprivate func cpu(ofVCPU index: Int) -> Int { Int(description.physicalCPU(vcpu: index) ?? 0) }
}

extension Storage where Element == HostedVM {
  /// How many of the vCPUs with a number below `number` are assigned to the CPU.
  fileprivate func vcpuCount(on cpu: Int, before number: Int) -> Int {
    var count = 0
    for vm in indices {
      for vcpu in self[vm].vcpus where vcpu < number && self[vm].cpu(ofVCPU: vcpu - self[vm].vcpus.lowerBound) == cpu {
        count += 1
      }
    }
    return count
  }
}
