internal import Architecture
internal import ArmCommon
internal import ArmRegisters
internal import Backend
internal import Drivers
internal import Scheduling
internal import Synchronization
internal import Virtualization

// Starting and stopping VMs and their vCPUs. A VM stops in two steps, because its vCPUs may be on several CPUs: each CPU
// is asked to halt those that it has, and the last one to do so finishes.

/// Why a VM was stopped against its will.
enum Failure {
  case unknownExit(syndrome: UInt64)
  case systemError(syndrome: UInt64)
  case ownException
}

// VMs. Any CPU may call these.

extension Reference where Value == PhysicalCPU {
  /// Starts a VM from its images. Its models go back to power on, and its images are loaded, in the time that the scheduler
  /// gives to its first vCPU.
  func start(_ vm: Reference<HostedVM>) {
    let first = vm.value.vcpus.reference(to: 0)
    vm.value.lock.acquire(by: value.index)
    vm.value.loading = vm.value.hasRun ? .resetting(step: 0) : .copying(image: 0, offset: 0)
    vm.value.hasRun = true
    vm.value.state = .running
    vm.value.clockWatcher = 0
    first.value.startup = VCPU.Startup(
      entry: vm.value.origin.entry.rawValue, argument: 0, deviceTree: vm.value.origin.treePlace?.rawValue)
    vm.value.lock.release()
    ask(.start, of: first)
  }

  /// SYSTEM_OFF, unless `reason` says that it was somebody else.
  func stop(_ vm: Reference<HostedVM>, saying reason: StaticString = "turned itself off") {
    if halt(vm, then: .stay(.stopped)) { announce(reason, of: vm) }
  }

  /// SYSTEM_RESET.
  func restart(_ vm: Reference<HostedVM>) {
    if Hypervisor.shared.value.failsAtReset { fatalError() }
    if vm.value.origin.restartsOnReset {
      if halt(vm, then: .restart) { announce("asked for a reset: starting again", of: vm) }
    } else if halt(vm, then: .stay(.stopped)) {
      announce("asked for a reset: stopped, as the system file says", of: vm)
    }
  }

  /// Stops a VM for what happened, and says so. The others go on.
  func fail(_ vm: Reference<HostedVM>, because failure: Failure) {
    guard halt(vm, then: .stay(.failed)) else { return }
    switch failure {
    case .unknownExit(let syndrome): announce("did what nothing answers: stopped", .syndrome(syndrome), of: vm)
    case .systemError(let syndrome): announce("ran into a system error: stopped", .syndrome(syndrome), of: vm)
    case .ownException: announce("stopped: the hypervisor failed while it served this VM", of: vm)
    }
  }

  /// Ends the VM's vCPUs. False where that is under way already, or done.
  ///
  /// One that is not on its CPU is ended here, whatever its CPU is at: it will not come back to it. Only of those that are, the
  /// CPUs are asked. So a VM comes to an end in bounded time beside whoever never lets go of a CPU.
  ///
  /// What follows a halt, as the caller will report it, is decided here; the report comes afterwards, so that a VM that
  /// two of its vCPUs stop at once is reported once.
  private func halt(_ vm: Reference<HostedVM>, then next: HostedVM.AfterHalt) -> Bool {
    vm.value.lock.acquire(by: value.index)
    let isRunning = vm.value.state == .running
    if vm.value.state == .halting, case .restart = vm.value.afterHalt, case .stay = next {
      // Whoever wants it to stay off, or has seen it fail, outdoes a reset that is under way.
      vm.value.afterHalt = next
    }
    if isRunning {
      vm.value.state = .halting
      vm.value.afterHalt = next
      vm.value.haltingCount.store(vm.value.vcpus.count, ordering: .relaxed)
    }
    let endedCount = isRunning ? askAllToLeave(vm) : 0
    vm.value.lock.release()
    // Whoever asks does not go on, also where a halt was on its way already: SYSTEM_OFF and SYSTEM_RESET do not return.
    if let loaded = value.loaded, loaded.value.vm == vm { takeOff(loaded) }
    guard isRunning else { return false }
    if endedCount > 0 { countEnded(endedCount, of: vm) }
    return true
  }

  /// Asks for the end of each of the VM's vCPUs. Returns how many have it already. The VM's lock is held.
  private func askAllToLeave(_ vm: Reference<HostedVM>) -> Int {
    var endedCount = 0
    for index in vm.value.vcpus.indices {
      let vcpu = vm.value.vcpus.reference(to: index)
      vcpu.value.startup = nil
      if vcpu.value.isEndedByAskingToLeave() {
        endedCount &+= 1
      } else if vcpu.value.cpu != self {
        // The interrupt may not overtake what it tells of.
        barrier_complete_inner()
        value.controller.send(vcpu.value.cpu.value.requestInterrupt)
      }
    }
    return endedCount
  }

  /// So many of the VM's vCPUs have come to their end. With the last one comes what was to come.
  private func countEnded(_ count: Int, of vm: Reference<HostedVM>) {
    let left = vm.value.haltingCount.subtract(count, ordering: .acquiringAndReleasing).newValue
    if left == 0 { finishHalt(of: vm) }
  }

  /// All vCPUs of the VM are off their CPUs: what was to come comes. Its models stay as they are until a start puts them back
  /// to power on; nobody looks at them before.
  private func finishHalt(of vm: Reference<HostedVM>) {
    vm.value.lock.acquire(by: value.index)
    turnOffGivenInterrupts(of: vm)
    let next = vm.value.afterHalt
    if case .stay(let state) = next { vm.value.state = state }
    vm.value.lock.release()
    if case .restart = next { return start(vm) }
    if Hypervisor.shared.value.liveVMCount.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 {
      value.isLastToStop = true
      value.needsDecision = true
    }
  }
}

// vCPUs. Only the CPU that they are assigned to calls these.

extension Reference where Value == PhysicalCPU {
  /// Does some of what comes before the vCPU may run, in its time.
  func prepareSome(of vcpu: Reference<VCPU>) {
    if vcpu.value.vm.value.isLoading {
      loadSome(of: vcpu.value.vm)
      vcpu.value.needsWork = vcpu.value.vm.value.isLoading
    } else {
      resetSome(of: vcpu)
    }
  }

  /// One step of the way of a vCPU's own models back to what a CPU_ON begins with.
  private func resetSome(of vcpu: Reference<VCPU>) {
    let vm = vcpu.value.vm
    vm.value.lock.acquire(by: value.index)
    vm.value.machine.reset(vcpu: vcpu.value.index, step: vcpu.value.resetStep)
    // What it was handling may go to another one now.
    settleInterrupts(of: vm)
    vm.value.lock.release()
    vcpu.value.resetStep &+= 1
    vcpu.value.needsWork = vcpu.value.resetStep < VirtualMachine.vcpuResetStepCount
  }

  /// Does some of what comes before the first instruction of a VM whose first vCPU's turn it is.
  private func loadSome(of vm: Reference<HostedVM>) {
    if case .resetting(let step) = vm.value.loading { return resetSome(of: vm, step) }
    vm.value.loadSome()
    switch vm.value.loading {
    case .resetting, .cleaning, .copying, .tree, .seeds: break
    // The guest's virtual counter starts at zero with it.
    case .done:
      vm.value.counterOffset = Instant.now.ticks
      turnOnGivenInterrupts(of: vm)
    case .failed:
      if halt(vm, then: .stay(.failed)) {
        announce("has a device tree that does not fit: it stays off", of: vm)
      }
    }
  }

  /// One step of the way of a VM's models back to power on: first, for each of its vCPUs, what was asked of it; then the models.
  private func resetSome(of vm: Reference<HostedVM>, _ step: Int) {
    let vcpus = vm.value.vcpus
    // What was asked was meant for what ran before: none of them runs, and nobody asks any more.
    guard step >= vcpus.count else {
      forgetSoftwareInterrupts(of: vcpus.reference(to: step))
      vm.value.loading = .resetting(step: step &+ 1)
      return
    }
    let modelStep = step &- vcpus.count
    vm.value.lock.acquire(by: value.index)
    vm.value.machine.reset(step: modelStep)
    if vm.value.machine.interrupts.hasDeactivations {
      deactivate(of: vm)
      // Where to end an interrupt is to let it come, it stays off until there is a guest again.
      turnOffGivenInterrupts(of: vm)
    }
    let isLast = modelStep &+ 1 == vm.value.machine.resetStepCount
    vm.value.lock.release()
    vm.value.loading = isLast ? .cleaning(offset: 0) : .resetting(step: step &+ 1)
  }

  /// CPU_ON: the vCPU starts with fresh registers, on its own CPU.
  func start(_ vcpu: Reference<VCPU>, entry: UInt64, argument: UInt64) {
    let vm = vcpu.value.vm
    // Under the lock: a halt that comes after this asks after this, and nothing is started behind its back.
    vm.value.lock.acquire(by: value.index)
    if vm.value.state == .running {
      vcpu.value.startup = VCPU.Startup(entry: entry, argument: argument)
      ask(.start, of: vcpu)
    }
    vm.value.lock.release()
  }

  /// Makes the vCPU ready to run from its `startup` on.
  func turnOn(_ vcpu: Reference<VCPU>) {
    let vm = vcpu.value.vm
    // First: a halt that comes after this ends what starts here.
    end(vcpu)
    vm.value.lock.acquire(by: value.index)
    let wanted = vm.value.state == .running ? vcpu.value.startup : nil
    if wanted != nil {
      vcpu.value.startup = nil
      vcpu.value.isAsleep = false
    }
    vm.value.lock.release()
    // A request that a halt has overtaken.
    guard let startup = wanted else { return }
    if vcpu.value.activity != .off { takeOff(vcpu) }
    discard(vcpu)
    forgetTranslations(of: vm)
    // The first vCPU of a VM that starts comes to models that will all be fresh when it runs; another one's are its own work.
    vcpu.value.needsWork = true
    vcpu.value.resetStep = 0
    vcpu.value.owed = .none
    vcpu.value.unheardUntil = Instant(ticks: 0)
    vcpu.value.context.reset(entry: startup.entry, argument: startup.argument)
    if let tree = startup.deviceTree { vcpu.value.context.passDeviceTree(at: tree) }
    vcpu.value.activity = .ready
    vcpu.value.needsCare = true
    setDeadline(of: vcpu, to: .never)
    value.scheduler.ready(vcpu.value.slot, at: .now)
    value.hasNewcomer = true
    value.needsDecision = true
  }

  /// Whatever ran under the VM's VMID here before is not to be found by what starts now.
  private func forgetTranslations(of vm: Reference<HostedVM>) {
    guard case .vcpu(let last) = value.translationOwners[vm.value.index] else { return }
    last.value.ownsTranslations = false
    value.translationOwners[vm.value.index] = .past
  }

  /// CPU_OFF: the vCPU runs no more. With the last one the VM stops.
  func turnOff(_ vcpu: Reference<VCPU>) {
    takeOff(vcpu)
    let vm = vcpu.value.vm
    vm.value.lock.acquire(by: value.index)
    let heir = vm.value.machine.power.firstOn
    let watchedClock = vm.value.clockWatcher == vcpu.value.index
    // Nobody would watch for one that is off, which vCPU 0 may be as well.
    if watchedClock { vm.value.clockWatcher = heir ?? 0 }
    vcpu.value.isAsleep = false
    vm.value.lock.release()
    if watchedClock, let heir { send(.deadlines, to: vm.value.vcpus.reference(to: heir)) }
    if heir == nil, halt(vm, then: .stay(.stopped)) {
      announce("turned its last vCPU off: stopped", of: vm)
    }
  }

  /// The vCPU in the hardware runs no more: whoever stops its VM has asked for that.
  func endLoaded() { takeOff(value.loadedVCPU) }

  /// Takes a vCPU out of what this CPU has of it, if its VM was stopped while it was not here.
  @inline(never)
  func end(_ vcpu: Reference<VCPU>) {
    guard vcpu.value.isAskedToLeave else { return }
    takeOff(vcpu)
    noteEnd(of: vcpu)
  }

  /// The vCPU is off this CPU. If somebody has asked for that meanwhile, it ends now.
  @inline(never)
  func depart(_ vcpu: Reference<VCPU>) {
    let vm = vcpu.value.vm
    vm.value.lock.acquire(by: value.index)
    let isEnded = vcpu.value.departs()
    vm.value.lock.release()
    if isEnded { hasLeft(vcpu) }
  }

  /// The vCPU, which somebody waited for, has left this CPU.
  @inline(never)
  func hasLeft(_ vcpu: Reference<VCPU>) {
    if vcpu.value.activity != .off { takeOff(vcpu) }
    noteEnd(of: vcpu)
    countEnded(1, of: vcpu.value.vm)
  }

  /// This CPU, which does not have the vCPU, knows of its end: it may be started again.
  private func noteEnd(of vcpu: Reference<VCPU>) {
    let vm = vcpu.value.vm
    vm.value.lock.acquire(by: value.index)
    vcpu.value.isAskedToLeave = false
    vm.value.lock.release()
  }

  /// Takes the vCPU out of everything that this CPU has of it.
  func takeOff(_ vcpu: Reference<VCPU>) {
    // What it ran stays used: turning off and on gains no budget.
    if value.charged == vcpu { charge(until: .now) }
    let wasLoaded = value.loaded == vcpu
    discard(vcpu)
    vcpu.value.activity = .off
    vcpu.value.owed = .none
    vcpu.value.accounting.stopped()
    setDeadline(of: vcpu, to: .never)
    value.scheduler.remove(vcpu.value.slot, at: .now)
    value.needsDecision = true
    if wasLoaded { depart(vcpu) }
  }
}
