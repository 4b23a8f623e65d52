internal import Architecture
internal import Backend
internal import Synchronization
internal import Virtualization

// Software-generated interrupts from one vCPU to another, the way that most of them go: without the VM's lock, to one vCPU
// that is loaded. To the vCPU itself by repeating the last delivery; to one on another CPU by a request, and that CPU
// repeats the last one there. Whatever cannot go so, the models do.

extension Reference where Value == PhysicalCPU {
  /// Sends the SGI that the exit asks for, if it asks for one, and goes on behind the instruction. False where the models
  /// have to answer.
  @inline(__always)
  func sendsInterrupt<CPU: VirtualCPU & ~Copyable>(_ exit: Exit, _ guest: inout CPU) -> Bool {
    let vm = value.loadedVM
    let request = ExitDispatcher.softwareInterrupt(exit, vcpu: value.loadedIndex, cpu: guest, machine: vm.value.machine)
    guard let request else { return false }
    if request.target == value.loadedIndex {
      var registers = value.listRegisters
      let isSent = vm.value.machine.interrupts.repeatDelivery(
        of: request.id, source: request.source, vcpu: request.target, registers: &registers)
      guard isSent else { return false }
    } else {
      // Of a vCPU that is not loaded its CPU may be busy with another VM, which is not to be disturbed for nothing.
      guard vm.value.machine.interrupts.isLoaded(vcpu: request.target), post(request, to: vm) else { return false }
    }
    guest.skipInstruction()
    return true
  }

  @inline(__always)
  private func post(_ request: SoftwareInterrupt, to vm: Reference<HostedVM>) -> Bool {
    let hypervisor = Hypervisor.shared
    let number = vm.value.vcpus.lowerBound &+ request.target
    guard hypervisor.value.vcpus[number].cpu != value.index else { return false }
    _ = hypervisor.value.vcpus[number].mail.softwareInterrupts[request.source].bitwiseOr(
      1 &<< UInt32(truncatingIfNeeded: request.id), ordering: .releasing)
    post(.softwareInterrupts, to: number)
    return true
  }

  /// Gives the vCPU, which is this CPU's, the SGIs that others have asked for.
  func takeSoftwareInterrupts(of number: Int) {
    let hypervisor = Hypervisor.shared
    guard hypervisor.value.vcpus[number].activity != .off else { return forgetSoftwareInterrupts(of: number) }
    for source in 0..<8
    where hypervisor.value.vcpus[number].mail.softwareInterrupts[source].load(ordering: .relaxed) != 0 {
      var asked = hypervisor.value.vcpus[number].mail.softwareInterrupts[source].exchange(0, ordering: .acquiring)
      while asked != 0 {
        deliver(SoftwareInterrupt(id: asked.trailingZeroBitCount, target: 0, source: source), to: number)
        asked &= asked &- 1
      }
    }
  }

  @inline(__always)
  private func deliver(_ request: SoftwareInterrupt, to number: Int) {
    let hypervisor = Hypervisor.shared
    if number == value.loaded {
      var registers = value.listRegisters
      let isDelivered = value.loadedVM.value.machine.interrupts.repeatDelivery(
        of: request.id, source: request.source, vcpu: value.loadedIndex, registers: &registers)
      if isDelivered { return wake(number) }
    }
    let vm = hypervisor.value.vcpus[number].vm
    lock(vm)
    hypervisor.value.vms[vm].machine.interrupts.requestSGI(
      request.id, source: request.source, vcpu: hypervisor.value.vcpus[number].index)
    settleInterrupts(of: vm)
    unlock(vm)
  }

  /// Forgets what was asked of a vCPU that has not started, or starts anew.
  func forgetSoftwareInterrupts(of number: Int) {
    let hypervisor = Hypervisor.shared
    for source in 0..<8 {
      hypervisor.value.vcpus[number].mail.softwareInterrupts[source].store(0, ordering: .relaxed)
    }
  }
}
