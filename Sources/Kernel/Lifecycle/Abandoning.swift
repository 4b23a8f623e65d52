internal import Architecture
internal import ArmCommon
package import Backend

extension PhysicalCPU {
  /// A failure of ours: stops the VM whose exit was being served, and decides anew on a fresh stack frame. Nil where none was.
  package static func abandonGuest() -> TrapFrame? {
    guard Hypervisor.ifComplete != nil, Processor.ownRecord != 0 else { return nil }
    let hypervisor = Hypervisor.shared
    let cpu = PhysicalCPU.current
    guard !cpu.value.isAbandoning else { return nil }
    let (charged, loaded) = (cpu.value.charged, cpu.value.loaded)
    // Whose time it was, unless another VM's models were being changed: nobody looks at those again. The console only shows
    // things.
    var failed = charged?.value.vm ?? -1
    for vm in hypervisor.value.vms.indices where hypervisor.value.vms[vm].lock.releaseIfHeld(by: cpu.value.index) {
      failed = vm
    }
    hypervisor.value.consoleLock.releaseIfHeld(by: cpu.value.index)
    guard failed >= 0 || loaded >= 0 else { return nil }
    cpu.value.isAbandoning = true
    if failed >= 0 { cpu.fail(failed, because: .ownException) }
    // Where the guest in the hardware was to go on stood in the registers that our exception has used.
    if loaded >= 0 { cpu.fail(hypervisor.value.vcpus[loaded].vm, because: .ownException) }
    // Where a VM was being halted already, its other CPUs may not be so far; these vCPUs run no more.
    if loaded >= 0, hypervisor.value.vcpus[loaded].activity != .off { cpu.takeOff(loaded) }
    if let charged, charged.value.vm == failed {
      if charged.value.activity != .off { cpu.takeOff(charged.value.number) }
      // It may have been worked for.
      cpu.depart(charged)
    }
    cpu.value.isAbandoning = false
    let frame = TrapFrame.ofThisCPU
    cpu.decide(frame)
    return frame
  }
}
