internal import Architecture
internal import ArmCommon
internal import Backend
internal import Drivers
internal import Virtualization

// Putting a vCPU on this CPU and taking it off.

extension Reference where Value == PhysicalCPU {
  /// Replaces the vCPU in the hardware, if there is one, by another of this CPU's.
  func load(_ number: Int, _ frame: TrapFrame) {
    unload(frame)
    let hypervisor = Hypervisor.shared
    let vm = hypervisor.value.vcpus[number].vm
    let index = hypervisor.value.vcpus[number].index

    TrapControls.setGuestSpace(root: hypervisor.value.vms[vm].space.root, vmid: hypervisor.value.vms[vm].vmid)
    if value.lastOfVM[vm] != number {
      // The VMID is the VM's, but a guest's own translations may differ from one of its vCPUs to the other.
      if value.lastOfVM[vm] >= 0 { Processor.invalidateGuestTranslationsHere() }
      value.lastOfVM[vm] = number
    }

    var registers = value.listRegisters
    lock(vm)
    hypervisor.value.vms[vm].machine.interrupts.load(vcpu: index, into: &registers)
    setVirtualTimerActive(of: vm, index, true)
    hypervisor.value.vms[vm].machine.power.ran(index)
    unlock(vm)
    hypervisor.value.vcpus[number].context.load(
      into: frame, counterOffset: hypervisor.value.vms[vm].counterOffset)
    TrapControls.setFloatingPointTrap(value.floatingPointOwner != number)
    value.loaded = number
    value.loadedVM = hypervisor.value.vms.reference(to: vm)
    value.loadedIndex = index
    updateDeadline(of: number)
  }

  /// Takes the vCPU in the hardware off this CPU, with all that is its own but FP and SIMD.
  func unload(_ frame: TrapFrame) {
    let number = value.loaded
    guard number >= 0 else { return }
    let hypervisor = Hypervisor.shared
    // The line is known only while the timer is in the hardware.
    let vm = hypervisor.value.vcpus[number].vm
    lock(vm)
    lowerVirtualTimer(of: vm, hypervisor.value.vcpus[number].index)
    unlock(vm)
    hypervisor.value.vcpus[number].context.save(from: frame)
    releaseInterrupts(of: number)
    updateDeadline(of: number)
  }

  /// Takes the loaded vCPU's interrupts out of the hardware.
  private func releaseInterrupts(of number: Int) {
    let hypervisor = Hypervisor.shared
    let vm = hypervisor.value.vcpus[number].vm
    let index = hypervisor.value.vcpus[number].index
    var registers = value.listRegisters
    lock(vm)
    hypervisor.value.vms[vm].machine.interrupts.unload(vcpu: index, from: &registers)
    // Reading back may have cut links whose physical interrupts only we can end now, while the vCPU still counts as
    // loaded: a virtual timer's interrupt that stayed active would keep every other vCPU's away from this CPU.
    if hypervisor.value.vms[vm].machine.interrupts.hasDeactivations { deactivate(of: vm) }
    setVirtualTimerActive(of: vm, index, false)
    value.loaded = -1
    settleInterrupts(of: vm)
    unlock(vm)
  }

  /// Takes the vCPU in the hardware off this CPU and forgets its registers: it will not go on.
  func discard(_ number: Int) {
    if value.floatingPointOwner == number { value.floatingPointOwner = -1 }
    guard value.loaded == number else { return }
    Processor.virtualTimerControl = 0
    Hypervisor.shared.value.vcpus[number].context.discard()
    releaseInterrupts(of: number)
  }

  /// The physical interrupt of the virtual timer is one for all vCPUs of this CPU. Where a list register refers to it, it
  /// is active while that vCPU is loaded and only then, or the next one's timer could not come.
  private func setVirtualTimerActive(of vm: Int, _ index: Int, _ isActive: Bool) {
    let hypervisor = Hypervisor.shared
    guard
      hypervisor.value.vms[vm].machine.interrupts.hardwareLinkInUse(GuestMachine.virtualTimerInterrupt, vcpu: index)
    else { return }
    value.controller.setActive(
      UInt16(truncatingIfNeeded: hypervisor.value.interrupts.virtualTimer), isActive)
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
