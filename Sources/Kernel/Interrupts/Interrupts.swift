internal import Architecture
internal import ArmCommon
internal import Backend
internal import Drivers
internal import Scheduling
internal import Virtualization

// Physical interrupts, and what changed in a VM's virtual ones.

extension Reference where Value == PhysicalCPU {
  /// Serves one of the physical interrupts that are pending, in bounded time. What else there is comes again at once; but who
  /// is to run next has been decided meanwhile.
  @_optimize(speed)
  func serveInterrupts() {
    let acknowledged = value.controller.acknowledge()
    guard acknowledged & 0x3ff < InterruptController.firstSpecialID else { return }
    // Done with before anything is served: a failure of ours below must not leave this CPU deaf to its priority.
    value.controller.dropPriority(acknowledged)
    serve(acknowledged)
  }

  /// Takes the interrupt that has come while a guest ran, and serves it if that is the virtual timer's, or SGIs, and the
  /// vCPU's list registers stand as they did the last time. Returns zero, or what `serveInterrupts(after:)` shall go on with.
  @inline(__always)
  func answerInterrupt() -> UInt {
    let acknowledged = value.controller.acknowledge()
    if acknowledged == value.virtualTimerInterrupt {
      value.controller.dropPriority(acknowledged)
      return Processor.isVirtualTimerLineHigh && repeatVirtualTimer()
        ? 0 : UInt(acknowledged) | Self.isBegun | Self.isDropped
    }
    return acknowledged & 0x3ff == UInt32(requestInterruptID)
      ? answerRequests(acknowledged) : UInt(acknowledged) | Self.isBegun
  }

  @inline(never)
  @_optimize(speed)
  private func answerRequests(_ acknowledged: UInt32) -> UInt {
    // What comes while this is served makes the interrupt pending again.
    guard servesSoftwareInterruptsAlone() else { return UInt(acknowledged) | Self.isBegun }
    value.controller.end(acknowledged)
    return 0
  }

  /// Delivers the virtual timer's interrupt, whose line is high, to the loaded vCPU once more, the shortest way.
  @inline(__always)
  private func repeatVirtualTimer() -> Bool {
    var registers = value.listRegisters
    return value.loadedVM.value.machine.interrupts.repeatDelivery(
      of: Int(GuestMachine.virtualTimerInterrupt), vcpu: value.loadedIndex, registers: &registers)
  }

  /// The same for an interrupt that `answerInterrupt` has taken, and then for another one.
  @inline(__always)
  func serveInterrupts(after begun: UInt) {
    let acknowledged = UInt32(truncatingIfNeeded: begun & ~(Self.isBegun | Self.isDropped))
    if acknowledged == value.hypervisorTimerInterrupt {
      serveTimer()
      value.controller.end(acknowledged)
    } else {
      serveOther(acknowledged, isDropped: begun & Self.isDropped != 0)
    }
    // Before it decides, it looks for more anyway.
    if !value.needsDecision && Processor.isInterruptPending { serveInterrupts() }
  }

  @inline(never)
  @_optimize(speed)
  private func serveOther(_ acknowledged: UInt32, isDropped: Bool) {
    guard acknowledged & 0x3ff < InterruptController.firstSpecialID else { return }
    if !isDropped { value.controller.dropPriority(acknowledged) }
    serve(acknowledged)
  }

  /// Two bits that no acknowledged interrupt has: this is one, and its priority has been dropped.
  private static var isBegun: UInt { 1 << 31 }
  private static var isDropped: UInt { 1 << 30 }

  @_optimize(speed)
  private func serve(_ acknowledged: UInt32) {
    let own = Hypervisor.shared.value.interrupts
    let id = acknowledged & 0x3ff
    if id == value.virtualTimerInterrupt { return raiseVirtualTimer(acknowledged) }
    if id >= 32, let owner = Hypervisor.shared.value.owner(ofInterrupt: id) {
      return raiseGivenInterrupt(acknowledged, of: owner)
    }
    // Its line is down before it ends, or it would come once more.
    if id == value.hypervisorTimerInterrupt { serveTimer() }
    // Interrupts are masked here, and each service lets its line down before the next is acknowledged.
    value.controller.deactivate(acknowledged)
    if id == own.maintenance {
      serveMaintenance()
    } else if id == UInt32(requestInterruptID) {
      serveRequests()
    } else if id == own.console {
      callConsole()
    }
  }

  /// The loaded vCPU's virtual timer has come. Its interrupt stays active until the guest ends it.
  @_optimize(speed)
  @inline(never)
  private func raiseVirtualTimer(_ acknowledged: UInt32) {
    // It may have been another vCPU's, whose timer is off by now.
    guard value.loaded != nil, Processor.isVirtualTimerLineHigh else {
      return value.controller.deactivate(acknowledged)
    }
    // Who waits for it wakes when it was due, as where nobody's hardware watches: periods of a timer are periods to the scheduler.
    let due = value.loadedVCPU.value.activity == .waiting ? loadedTimerDue : nil
    if repeatVirtualTimer() { return wake(value.loadedVCPU, at: due) }
    let vm = value.loadedVM
    vm.value.lock.acquire(by: value.index)
    vm.value.machine.interrupts.raiseHardware(
      GuestMachine.virtualTimerInterrupt, physicalID: UInt16(truncatingIfNeeded: acknowledged & 0x3ff),
      vcpu: value.loadedIndex)
    settleInterrupts(of: vm, at: due)
    vm.value.lock.release()
  }

  /// Since when the loaded vCPU, which waits, need not wait any more for its virtual timer. Its line is high: the counter has come
  /// to the compare value, and the sum does not wrap.
  private var loadedTimerDue: Instant {
    let due = Instant(ticks: Processor.virtualTimerCompareValue &+ value.loadedVM.value.counterOffset)
    return max(due, value.loadedVCPU.value.waitingSince)
  }

  /// The vCPU's CPU interface has something that the interrupt controller has to see.
  @_optimize(speed)
  func serveMaintenance() {
    guard value.loaded != nil else { return }
    let vm = value.loadedVM
    vm.value.lock.acquire(by: value.index)
    vm.value.machine.interrupts.beginMaintenance(vcpu: value.loadedIndex, registers: &value.listRegisters)
    settleInterrupts(of: vm)
    // The rest comes in pieces, before its guest goes on.
    if vm.value.machine.interrupts.needsRefresh(vcpu: value.loadedIndex) { value.needsDecision = true }
    vm.value.lock.release()
  }
}

// What a change in a VM's interrupt controller leads to. The VM's lock is held.

extension Reference where Value == PhysicalCPU {
  /// Brings what changed in the VM's interrupt controller to its vCPUs. Costs two tests where nothing has. Whoever wakes, wakes
  /// as of `instant`, or now.
  @inline(__always)
  func settleInterrupts(of vm: Reference<HostedVM>, at instant: Instant? = nil) {
    // Taking an interrupt from one vCPU may give it to another.
    while vm.value.machine.interrupts.attention != 0 { spreadInterrupts(of: vm, at: instant) }
    if vm.value.machine.interrupts.hasDeactivations { deactivate(of: vm) }
  }

  /// Of several vCPUs one is seen to at once, if it may interrupt what runs here. The others, and those who may not, are noted:
  /// the next decision looks at each when its turn has come.
  @_optimize(speed)
  private func spreadInterrupts(of vm: Reference<HostedVM>, at instant: Instant?) {
    var changed = vm.value.machine.interrupts.takeAttention()
    var hasWoken = false
    while changed != 0 {
      let index = changed.trailingZeroBitCount
      changed &= changed &- 1
      let vcpu = vm.value.vcpus.reference(to: index)
      if vcpu.value.cpu == self {
        if vcpu == value.loaded {
          refreshInterrupts(of: vcpu, at: instant)
        } else if vcpu.value.activity == .waiting {
          let mayInterrupt = value.audience.contains(vcpu.value.standing)
          if mayInterrupt && !hasWoken {
            hasWoken = true
            refreshInterrupts(of: vcpu, at: instant)
          } else if leave(.interrupts, with: vcpu), mayInterrupt {
            call()
          }
        }
      } else if vm.value.machine.interrupts.isLoaded(vcpu: index) {
        post(.interrupts, to: vcpu)
      } else if vcpu.value.isAsleep, vm.value.machine.interrupts.hasPendingInterrupt(vcpu: index) {
        // Once: whoever else runs there is not disturbed again for what waits already. A vCPU that could run, or is off,
        // finds its interrupts when it is loaded.
        vcpu.value.isAsleep = false
        post(.interrupts, to: vcpu)
      }
    }
  }

  /// Brings what the interrupt controller has for a vCPU of this CPU into the list registers, if it is loaded, and to the
  /// scheduler, if it waits.
  @_optimize(speed)
  private func refreshInterrupts(of vcpu: Reference<VCPU>, at instant: Instant? = nil) {
    let vm = vcpu.value.vm
    let index = vcpu.value.index
    let isWaiting = vcpu.value.activity == .waiting
    if vcpu == value.loaded {
      if !isWaiting && vm.value.machine.interrupts.hasManyToBring(vcpu: index) {
        // In pieces, before its guest goes on: what it owes, if it owes something, comes first.
        if value.loadedVCPU.value.owed.isDone { value.needsDecision = true }
        return
      }
      var registers = value.listRegisters
      vm.value.machine.interrupts.refresh(vcpu: index, registers: &registers)
      if isWaiting,
        vm.value.machine.interrupts.hasPendingInterrupt(ofWaiting: index, registers: &registers)
      {
        wake(vcpu, at: instant)
      }
    } else if isWaiting, vm.value.machine.interrupts.hasPendingInterrupt(vcpu: index) {
      wake(vcpu, at: instant)
    }
  }

  /// Ends the physical interrupts whose guests took back their end of the link. A private one can be ended only by the
  /// CPU of its vCPU, which is asked.
  func deactivate(of vm: Reference<HostedVM>) {
    for index in vm.value.vcpus.indices {
      let vcpu = vm.value.vcpus.reference(to: index)
      let isLoaded = vm.value.machine.interrupts.isLoaded(vcpu: index)
      guard vcpu == value.loaded || !isLoaded else { continue }
      while let id = vm.value.machine.interrupts.takeDeactivation(vcpu: index) {
        if id >= 32 || vcpu == value.loaded {
          value.controller.setActive(id, false)
        } else {
          // A vCPU that is not loaded has given its private interrupt's active state back already. Its timer may be due again.
          post(.deadlines, to: vcpu)
        }
      }
    }
    guard vm.value.machine.interrupts.hasDeactivations else { return }
    for index in vm.value.vcpus.indices where vm.value.vcpus[index].cpu != self {
      if vm.value.machine.interrupts.isLoaded(vcpu: index) {
        post(.interrupts, to: vm.value.vcpus.reference(to: index))
      }
    }
  }
}

extension Reference where Value == PhysicalCPU {
  /// Takes back the interrupt of the loaded vCPU's virtual timer if the guest has let its line down and not acknowledged
  /// it. The VM's lock is held.
  @inline(__always)
  func lowerVirtualTimer(of vm: Reference<HostedVM>, _ index: Int) {
    let isRaised = vm.value.machine.interrupts.mayBeRaisedInHardware(GuestMachine.virtualTimerInterrupt, vcpu: index)
    guard isRaised, !Processor.isVirtualTimerLineHigh else { return }
    vm.value.machine.interrupts.lowerHardware(GuestMachine.virtualTimerInterrupt, vcpu: index)
  }

  /// Takes back interrupt `id` of the loaded vCPU if nothing but the line behind it makes it pending, and that has fallen.
  @inline(__always)
  func lookAtLine(behind id: UInt16) {
    let vm = value.loadedVM
    guard let physical = vm.value.machine.interrupts.physicalInterrupt(raising: id, vcpu: value.loadedIndex),
      value.listRegisters.isLineHigh(ofPhysical: physical) == false
    else { return }
    vm.value.lock.acquire(by: value.index)
    vm.value.machine.interrupts.synchronize(vcpu: value.loadedIndex, registers: &value.listRegisters)
    settleInterrupts(of: vm)
    vm.value.lock.release()
  }

  /// Another CPU has changed something in the interrupt controller that concerns a vCPU of this one.
  @_optimize(speed)
  func updateInterrupts(of vcpu: Reference<VCPU>) {
    guard vcpu.value.activity != .off else { return }
    let vm = vcpu.value.vm
    vm.value.lock.acquire(by: value.index)
    // Of a vCPU that was stopped its models may be another start's by now.
    guard !vcpu.value.isAskedToLeave else { return vm.value.lock.release() }
    refreshInterrupts(of: vcpu)
    settleInterrupts(of: vm)
    vcpu.value.isAsleep = vcpu.value.activity == .waiting
    vm.value.lock.release()
  }
}

extension Processor {
  /// ENABLE and ISTATUS without IMASK of the virtual timer in the hardware.
  static var isVirtualTimerLineHigh: Bool { virtualTimerControl & 7 == 5 }
}
