internal import Architecture
internal import ArmCommon
internal import ArmRegisters
internal import Backend
internal import Drivers
internal import Virtualization

// Putting a vCPU on this CPU and taking it off.

extension Reference where Value == PhysicalCPU {
  /// Puts a vCPU of this CPU's in the hardware, where none is. False where its VM has been stopped: then none is.
  @inline(__always)
  func loads(_ vcpu: Reference<VCPU>, _ frame: TrapFrame) -> Bool {
    let vm = vcpu.value.vm
    let index = vcpu.value.index
    vm.value.lock.acquire(by: value.index)
    guard vcpu.value.arrives() else {
      vm.value.lock.release()
      return false
    }
    vm.value.machine.interrupts.loadPartly(vcpu: index, into: &value.listRegisters)
    let deadline = vcpu.value.needsCare ? careForLoaded(vcpu, vm) : nil
    vm.value.lock.release()
    // Stage 2 is still the last one's, or nobody's: it changes when all of EL1's registers have.
    vcpu.value.context.load(into: frame, counterOffset: vm.value.counterOffset)
    if value.parksSpace { barrier_instruction() }
    TrapControls.setGuestSpace(root: vm.value.space.root, vmid: vm.value.vmid)
    if !vcpu.value.ownsTranslations { takeTranslations(vcpu) }
    vcpu.value.context.setFloatingPointTrap(value.floatingPointOwner != vcpu, current: &value.floatingPointTraps)
    value.loaded = vcpu
    value.loadedVCPU = vcpu
    value.loadedVM = vm
    value.loadedIndex = index
    if let deadline { setDeadline(of: vcpu, to: deadline) }
    // One that could run was not watched.
    if vcpu.value.deadline != .never { watchLoaded(vcpu) }
    return true
  }

  /// Brings the loaded vCPU's interrupts into the list registers, which may take several pieces. False where somebody else has
  /// to be heard first.
  @inline(never)
  @_optimize(speed)
  func refreshLoaded() -> Bool {
    let vm = value.loadedVM
    repeat {
      if Processor.isInterruptPending { return false }
      vm.value.lock.acquire(by: value.index)
      vm.value.machine.interrupts.refreshSome(vcpu: value.loadedIndex, registers: &value.listRegisters)
      settleInterrupts(of: vm)
      vm.value.lock.release()
    } while vm.value.machine.interrupts.needsRefresh(vcpu: value.loadedIndex) && !value.needsDecision
    return !value.needsDecision
  }

  @inline(never)
  private func watchLoaded(_ vcpu: Reference<VCPU>) {
    watch(vcpu)
    if vcpu.value.deadline <= .now { call() }
  }

  /// Takes a system error that is pending when a vCPU has been unloaded: its VM has caused it, and ends here, before another one
  /// could be taken for it.
  @inline(never)
  func blameUnloaded() {
    guard Processor.isSystemErrorPending else { return }
    let syndrome = Processor.takeSystemError()
    if syndrome != 0 { fail(value.loadedVM, because: .systemError(syndrome: syndrome)) }
  }

  /// The VMID is the VM's, but a guest's own translations may differ from one of its vCPUs to the other, and what one has put
  /// in memory, or in the instruction cache, need not be what another with its MMU off or on is to execute.
  @inline(never)
  @_optimize(speed)
  private func takeTranslations(_ vcpu: Reference<VCPU>) {
    let vm = vcpu.value.vm.value.index
    switch value.translationOwners[vm] {
    case .nobody: break
    case .past: Processor.forgetGuestHere()
    case .vcpu(let last):
      Processor.forgetGuestHere()
      last.value.ownsTranslations = false
    }
    value.translationOwners[vm] = .vcpu(vcpu)
    vcpu.value.ownsTranslations = true
  }

  /// What a load has to see to where the vCPU was not just preempted. Returns when something is due for it that no hardware
  /// watches while it is loaded. The VM's lock is held.
  @inline(never)
  @_optimize(speed)
  private func careForLoaded(_ vcpu: Reference<VCPU>, _ vm: Reference<HostedVM>) -> Instant {
    vcpu.value.needsCare = false
    if vcpu.value.isPutOff { hear(vcpu) }
    setVirtualTimerActive(of: vm, vcpu.value.index, true)
    vm.value.machine.power.ran(vcpu.value.index)
    return modelDeadline(of: vm, vcpu.value.index)
  }

  /// Takes the vCPU in the hardware off this CPU, with all that is its own but FP and SIMD.
  @inline(__always)
  func unload(_ frame: TrapFrame) {
    guard let vcpu = value.loaded else { return }
    let vm = value.loadedVM
    vm.value.lock.acquire(by: value.index)
    let isTimerRaised = vm.value.machine.interrupts.hardwareLinkInUse(
      GuestMachine.virtualTimerInterrupt, vcpu: value.loadedIndex)
    // The line is known only while the timer is in the hardware.
    if isTimerRaised { lowerVirtualTimer(of: vm, value.loadedIndex) }
    if value.parksSpace { TrapControls.parkGuestSpace(value.parkingSpace) }
    vcpu.value.context.save(from: frame, floatingPointTraps: value.floatingPointTraps)
    // Another CPU may have cut a link of the vCPU's just now and asked this one to end its physical interrupt: that can be
    // done only while the vCPU counts as loaded.
    let isSettled =
      vm.value.machine.interrupts.unload(vcpu: value.loadedIndex, from: &value.listRegisters) && !isTimerRaised
      && !vm.value.machine.interrupts.hasDeactivations
    if isSettled { value.loaded = nil } else { settleUnloaded(vm) }
    // Of one that is preempted nothing else is due now than while it was loaded.
    guard isSettled && vcpu.value.activity == .ready && vcpu.value.deadline == .never && !vcpu.value.isAskedToLeave
    else {
      return finishUnloading(vcpu, vm)
    }
    vcpu.value.isHere = false
    vm.value.lock.release()
  }

  @inline(never)
  @_optimize(speed)
  private func finishUnloading(_ vcpu: Reference<VCPU>, _ vm: Reference<HostedVM>) {
    vcpu.value.needsCare = true
    vcpu.value.deadline = deadline(of: vcpu, vm)
    let isEnded = vcpu.value.departs()
    vm.value.lock.release()
    watch(vcpu)
    if isEnded { hasLeft(vcpu) }
  }

  /// Settles what the list registers had to tell when they were read back. The VM's lock is held.
  @inline(never)
  @_optimize(speed)
  private func settleUnloaded(_ vm: Reference<HostedVM>) {
    // Reading back may have cut links whose physical interrupts only we can end now, while the vCPU still counts as
    // loaded: a virtual timer's interrupt that stayed active would keep every other vCPU's away from this CPU.
    if vm.value.machine.interrupts.hasDeactivations { deactivate(of: vm) }
    setVirtualTimerActive(of: vm, value.loadedIndex, false)
    value.loaded = nil
    settleInterrupts(of: vm)
  }

  /// Takes the vCPU in the hardware off this CPU and forgets its registers: it will not go on.
  func discard(_ vcpu: Reference<VCPU>) {
    if value.floatingPointOwner == vcpu { value.floatingPointOwner = nil }
    guard value.loaded == vcpu else { return }
    Processor.virtualTimerControl = 0
    if value.parksSpace { TrapControls.parkGuestSpace(value.parkingSpace) }
    vcpu.value.context.discard()
    // Who has ended takes along what he has caused.
    if Processor.isSystemErrorPending { _ = Processor.takeSystemError() }
    let vm = value.loadedVM
    vm.value.lock.acquire(by: value.index)
    vm.value.machine.interrupts.unload(vcpu: value.loadedIndex, from: &value.listRegisters)
    settleUnloaded(vm)
    vm.value.lock.release()
  }

  /// The physical interrupt of the virtual timer is one for all vCPUs of this CPU. Where a list register refers to it, it
  /// is active while that vCPU is loaded and only then, or the next one's timer could not come.
  private func setVirtualTimerActive(of vm: Reference<HostedVM>, _ index: Int, _ isActive: Bool) {
    guard vm.value.machine.interrupts.hardwareLinkInUse(GuestMachine.virtualTimerInterrupt, vcpu: index) else { return }
    value.controller.setActive(UInt16(truncatingIfNeeded: value.virtualTimerInterrupt), isActive)
  }

  /// Gives the FP and SIMD registers to the vCPU that runs.
  func loadFloatingPoint(of vcpu: Reference<VCPU>) {
    TrapControls.setFloatingPointTrap(false)
    value.floatingPointTraps = false
    value.floatingPointOwner?.value.context.saveFloatingPoint()
    vcpu.value.context.loadFloatingPoint()
    value.floatingPointOwner = vcpu
  }
}
