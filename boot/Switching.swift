internal import Architecture
internal import ArmCommon
internal import Backend
internal import Drivers
internal import Virtualization

// Putting a vCPU on this CPU and taking it off.

extension Reference where Value == PhysicalCPU {
  /// Replaces the vCPU in the hardware, if there is one, by another of this CPU's.
  @_optimize(speed)
  func load(_ number: Int, _ frame: TrapFrame) {
    unload(frame)
    let hypervisor = Hypervisor.shared
    let vcpu = hypervisor.value.vcpus.reference(to: number)
    let index = vcpu.value.index
    let vmNumber = vcpu.value.vm
    let vm = hypervisor.value.vms.reference(to: vmNumber)

    TrapControls.setGuestSpace(root: vm.value.space.root, vmid: vm.value.vmid)
    let last = value.lastOfVM[vmNumber]
    if last != number {
      // The VMID is the VM's, but a guest's own translations may differ from one of its vCPUs to the other.
      if last >= 0 { Processor.invalidateGuestTranslationsHere() }
      value.lastOfVM[vmNumber] = number
    }

    var registers = value.listRegisters
    vm.value.lock.acquire(by: value.index)
    vm.value.machine.interrupts.load(vcpu: index, into: &registers)
    setVirtualTimerActive(of: vm, index, true)
    vm.value.machine.power.ran(index)
    let deadline = modelDeadline(of: vm, index)
    vm.value.lock.release()
    vcpu.value.context.load(into: frame, counterOffset: vm.value.counterOffset)
    TrapControls.setFloatingPointTrap(value.floatingPointOwner != number)
    value.loaded = number
    value.loadedVM = vm
    value.loadedIndex = index
    setDeadline(ofSlot: vcpu.value.slot, to: deadline)
  }

  /// Takes the vCPU in the hardware off this CPU, with all that is its own but FP and SIMD.
  @_optimize(speed)
  func unload(_ frame: TrapFrame) {
    let number = value.loaded
    guard number >= 0 else { return }
    let vcpu = Hypervisor.shared.value.vcpus.reference(to: number)
    let vm = value.loadedVM
    vm.value.lock.acquire(by: value.index)
    // The line is known only while the timer is in the hardware.
    lowerVirtualTimer(of: vm, vcpu.value.index)
    vcpu.value.context.save(from: frame)
    releaseInterrupts(of: vcpu.value.index, vm)
    let deadline = unloadedDeadline(of: vcpu, vm)
    vm.value.lock.release()
    setDeadline(ofSlot: vcpu.value.slot, to: deadline)
  }

  /// Takes the loaded vCPU's interrupts out of the hardware. The VM's lock is held.
  @_optimize(speed)
  private func releaseInterrupts(of index: Int, _ vm: Reference<HostedVM>) {
    var registers = value.listRegisters
    vm.value.machine.interrupts.unload(vcpu: index, from: &registers)
    // Reading back may have cut links whose physical interrupts only we can end now, while the vCPU still counts as
    // loaded: a virtual timer's interrupt that stayed active would keep every other vCPU's away from this CPU.
    if vm.value.machine.interrupts.hasDeactivations { deactivate(of: vm.value.index) }
    setVirtualTimerActive(of: vm, index, false)
    value.loaded = -1
    settleInterrupts(of: vm.value.index)
  }

  /// Takes the vCPU in the hardware off this CPU and forgets its registers: it will not go on.
  func discard(_ number: Int) {
    if value.floatingPointOwner == number { value.floatingPointOwner = -1 }
    guard value.loaded == number else { return }
    Processor.virtualTimerControl = 0
    Hypervisor.shared.value.vcpus[number].context.discard()
    let vm = value.loadedVM
    vm.value.lock.acquire(by: value.index)
    releaseInterrupts(of: value.loadedIndex, vm)
    vm.value.lock.release()
  }

  /// The physical interrupt of the virtual timer is one for all vCPUs of this CPU. Where a list register refers to it, it
  /// is active while that vCPU is loaded and only then, or the next one's timer could not come.
  @inline(__always)
  private func setVirtualTimerActive(of vm: Reference<HostedVM>, _ index: Int, _ isActive: Bool) {
    guard vm.value.machine.interrupts.hardwareLinkInUse(GuestMachine.virtualTimerInterrupt, vcpu: index) else { return }
    value.controller.setActive(UInt16(truncatingIfNeeded: value.virtualTimerInterrupt), isActive)
  }

  /// Gives the FP and SIMD registers to the vCPU that runs.
  func loadFloatingPoint(of number: Int) {
    TrapControls.setFloatingPointTrap(false)
    let owner = value.floatingPointOwner
    let hypervisor = Hypervisor.shared
    if owner >= 0 { hypervisor.value.vcpus[owner].context.saveFloatingPoint() }
    hypervisor.value.vcpus[number].context.loadFloatingPoint()
    value.floatingPointOwner = number
  }
}
