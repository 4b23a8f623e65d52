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
    var failed = charged?.value.vm
    for index in hypervisor.value.vms.indices {
      let vm = hypervisor.value.vms.reference(to: index)
      if vm.value.lock.releaseIfHeld(by: cpu.value.index) { failed = vm }
    }
    hypervisor.value.consoleLock.releaseIfHeld(by: cpu.value.index)
    guard failed != nil || loaded != nil else { return nil }
    cpu.value.isAbandoning = true
    if let failed { cpu.fail(failed, because: .ownException) }
    // Where the guest in the hardware was to go on stood in the registers that our exception has used.
    if let loaded { cpu.fail(loaded.value.vm, because: .ownException) }
    // Where a VM was being halted already, its other CPUs may not be so far; these vCPUs run no more.
    if let loaded, loaded.value.activity != .off { cpu.takeOff(loaded) }
    if let charged, charged.value.vm == failed {
      if charged.value.activity != .off { cpu.takeOff(charged) }
      // It may have been worked for.
      cpu.depart(charged)
    }
    cpu.value.isAbandoning = false
    let frame = TrapFrame.ofThisCPU
    cpu.decide(frame)
    return frame
  }
}
