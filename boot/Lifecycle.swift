internal import Architecture
internal import Backend
internal import Configuration
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
  func start(_ vm: Int) {
    let hypervisor = Hypervisor.shared
    let description = hypervisor.value.vms[vm].description
    let first = hypervisor.value.vms[vm].vcpus.lowerBound
    lock(vm)
    let isRestart = hypervisor.value.vms[vm].hasRun
    hypervisor.value.vms[vm].hasRun = true
    hypervisor.value.vms[vm].loading = isRestart ? .resetting(step: 0) : .at(image: 0, offset: 0)
    hypervisor.value.vms[vm].state = .running
    hypervisor.value.vms[vm].clockWatcher = 0
    hypervisor.value.vcpus[first].startup = VCPU.Startup(
      entry: description.entry.rawValue, argument: 0, deviceTree: description.deviceTree?.rawValue)
    unlock(vm)
    send(.start, to: first)
  }

  /// SYSTEM_OFF, unless `reason` says that it was somebody else.
  func stop(_ vm: Int, saying reason: StaticString = "turned itself off") {
    if halt(vm, then: .stay(.stopped)) { withConsole { $0.report(vm, reason) } }
  }

  /// SYSTEM_RESET.
  func restart(_ vm: Int) {
    if Hypervisor.shared.value.failsAtReset { Provocation.fail() }
    if Hypervisor.shared.value.vms[vm].description.onReset == .restart {
      if halt(vm, then: .restart) { withConsole { $0.report(vm, "asked for a reset: starting again") } }
    } else if halt(vm, then: .stay(.stopped)) {
      withConsole { $0.report(vm, "asked for a reset: stopped, as the system file says") }
    }
  }

  /// Stops a VM for what happened, and says so. The others go on.
  func fail(_ vm: Int, because failure: Failure) {
    guard halt(vm, then: .stay(.failed)) else { return }
    withConsole { console in
      switch failure {
      case .unknownExit(let syndrome): console.report(vm, "did what nothing answers: stopped", syndrome: syndrome)
      case .systemError(let syndrome): console.report(vm, "ran into a system error: stopped", syndrome: syndrome)
      case .ownException: console.report(vm, "stopped: the hypervisor failed while it served this VM")
      }
    }
  }

  /// Asks every CPU that has vCPUs of the VM to take them off. False where that is under way already, or done.
  ///
  /// What follows a halt, as the caller will report it, is decided here; the report comes afterwards, so that a VM that
  /// two of its vCPUs stop at once is reported once.
  private func halt(_ vm: Int, then next: HostedVM.AfterHalt) -> Bool {
    let hypervisor = Hypervisor.shared
    lock(vm)
    let isRunning = hypervisor.value.vms[vm].state == .running
    if hypervisor.value.vms[vm].state == .halting, case .restart = hypervisor.value.vms[vm].afterHalt,
      case .stay = next
    {
      // Whoever wants it to stay off, or has seen it fail, outdoes a reset that is under way.
      hypervisor.value.vms[vm].afterHalt = next
    }
    if isRunning {
      hypervisor.value.vms[vm].state = .halting
      hypervisor.value.vms[vm].afterHalt = next
      hypervisor.value.vms[vm].haltingCount.store(hypervisor.value.vms[vm].vcpus.count, ordering: .relaxed)
    }
    unlock(vm)
    guard isRunning else {
      // The halt of whoever asks is on its way. It does not go on until then: SYSTEM_OFF and SYSTEM_RESET do not return.
      if value.loaded >= 0 && hypervisor.value.vcpus[value.loaded].vm == vm { takeOff(value.loaded) }
      return false
    }
    withConsole { $0.flush(vm) }
    for number in hypervisor.value.vms[vm].vcpus { send(.halt, to: number) }
    return true
  }

  /// All vCPUs of the VM are off their CPUs: what was to come comes. Its models stay as they are until a start puts them back
  /// to power on; nobody looks at them before.
  private func finishHalt(of vm: Int) {
    let hypervisor = Hypervisor.shared
    lock(vm)
    turnOffGivenInterrupts(of: vm)
    let next = hypervisor.value.vms[vm].afterHalt
    if case .stay(let state) = next { hypervisor.value.vms[vm].state = state }
    unlock(vm)
    if case .restart = next { return start(vm) }
    if hypervisor.value.liveVMCount.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 {
      value.isLastToStop = true
      value.needsDecision = true
    }
  }
}

// vCPUs. Only the CPU that they are assigned to calls these.

extension Reference where Value == PhysicalCPU {
  /// Does some of what comes before the first instruction of a VM whose first vCPU's turn it is.
  func loadSome(of vm: Int) {
    let hypervisor = Hypervisor.shared
    if case .resetting(let step) = hypervisor.value.vms[vm].loading { return resetSome(of: vm, step) }
    hypervisor.value.vms[vm].loadSome()
    switch hypervisor.value.vms[vm].loading {
    case .resetting, .cleaning, .at, .tree: break
    // The guest's virtual counter starts at zero with it.
    case .done:
      hypervisor.value.vms[vm].counterOffset = Instant.now.ticks
      turnOnGivenInterrupts(of: vm)
    case .failed:
      if halt(vm, then: .stay(.failed)) {
        withConsole { $0.report(vm, "its device tree does not fit: the VM stays off") }
      }
    }
  }

  /// One step of the way of a VM's models back to power on.
  private func resetSome(of vm: Int, _ step: Int) {
    let hypervisor = Hypervisor.shared
    lock(vm)
    hypervisor.value.vms[vm].machine.reset(step: step)
    deactivate(of: vm)
    // Where to end an interrupt is to let it come, it stays off until there is a guest again.
    turnOffGivenInterrupts(of: vm)
    let isLast = step &+ 1 == hypervisor.value.vms[vm].machine.resetStepCount
    unlock(vm)
    hypervisor.value.vms[vm].loading = isLast ? .cleaning(offset: 0) : .resetting(step: step &+ 1)
  }

  /// CPU_ON: the vCPU `index` of the VM starts with fresh registers, on its own CPU.
  func start(_ index: Int, of vm: Int, entry: UInt64, argument: UInt64) {
    let hypervisor = Hypervisor.shared
    let number = hypervisor.value.vms[vm].vcpus.lowerBound + index
    // Under the lock: a halt that comes after this asks after this, and nothing is started behind its back.
    lock(vm)
    let isRunning = hypervisor.value.vms[vm].state == .running
    let isHere = hypervisor.value.vcpus[number].cpu == value.index
    if isRunning {
      hypervisor.value.vcpus[number].startup = VCPU.Startup(entry: entry, argument: argument)
      if !isHere { post(.start, to: number) }
    }
    unlock(vm)
    if isRunning && isHere { turnOn(number) }
  }

  /// Makes the vCPU ready to run from its `startup` on.
  func turnOn(_ number: Int) {
    let hypervisor = Hypervisor.shared
    let vm = hypervisor.value.vcpus[number].vm
    lock(vm)
    let wanted = hypervisor.value.vms[vm].state == .running ? hypervisor.value.vcpus[number].startup : nil
    hypervisor.value.vcpus[number].startup = nil
    unlock(vm)
    // A request that a halt has overtaken.
    guard let startup = wanted else { return }
    discard(number)
    forgetTranslations(of: vm)
    // The first vCPU of a VM that starts comes to models that are all fresh, or will be when it runs.
    if hypervisor.value.vms[vm].loading == .done {
      lock(vm)
      hypervisor.value.vms[vm].machine.reset(vcpu: hypervisor.value.vcpus[number].index)
      // What it was handling may go to another one now.
      settleInterrupts(of: vm)
      unlock(vm)
    }
    hypervisor.value.vcpus[number].context.reset(entry: startup.entry, argument: startup.argument)
    if let tree = startup.deviceTree { hypervisor.value.vcpus[number].context.passDeviceTree(at: tree) }
    hypervisor.value.vcpus[number].activity = .ready
    hypervisor.value.vcpus[number].needsCare = true
    setDeadline(of: number, to: .never)
    value.scheduler.ready(hypervisor.value.vcpus[number].slot, at: .now)
    value.needsDecision = true
  }

  /// Whatever ran under the VM's VMID here before is not to be found by what starts now: no vCPU has this number.
  private func forgetTranslations(of vm: Int) {
    let last = value.lastOfVM[vm]
    guard last >= 0, last != .max else { return }
    Hypervisor.shared.value.vcpus[last].ownsTranslations = false
    value.lastOfVM[vm] = .max
  }

  /// CPU_OFF: the vCPU runs no more. With the last one the VM stops.
  func turnOff(_ number: Int) {
    let hypervisor = Hypervisor.shared
    takeOff(number)
    let vm = hypervisor.value.vcpus[number].vm
    lock(vm)
    let heir = hypervisor.value.vms[vm].machine.power.firstOn
    let watchedClock = hypervisor.value.vms[vm].clockWatcher == hypervisor.value.vcpus[number].index
    // Nobody would watch for one that is off, which vCPU 0 may be as well.
    if watchedClock { hypervisor.value.vms[vm].clockWatcher = heir ?? 0 }
    hypervisor.value.vcpus[number].isAsleep = false
    unlock(vm)
    if watchedClock, let heir { send(.deadlines, to: hypervisor.value.vms[vm].vcpus.lowerBound + heir) }
    if heir == nil, halt(vm, then: .stay(.stopped)) {
      withConsole { $0.report(vm, "turned its last vCPU off: stopped") }
    }
  }

  /// The vCPU's part of a halt of its VM.
  func haltHere(_ number: Int) {
    let hypervisor = Hypervisor.shared
    takeOff(number)
    forgetSoftwareInterrupts(of: number)
    let vm = hypervisor.value.vcpus[number].vm
    forgetTranslations(of: vm)
    lock(vm)
    hypervisor.value.vcpus[number].startup = nil
    hypervisor.value.vcpus[number].isAsleep = false
    unlock(vm)
    if hypervisor.value.vms[vm].haltingCount.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 {
      finishHalt(of: vm)
    }
  }

  /// Takes the vCPU out of everything that this CPU has of it.
  func takeOff(_ number: Int) {
    let hypervisor = Hypervisor.shared
    // What it ran stays used: turning off and on gains no budget.
    if value.charged?.value.number == number { charge(until: .now) }
    discard(number)
    hypervisor.value.vcpus[number].activity = .off
    hypervisor.value.vcpus[number].accounting.stopped()
    setDeadline(of: number, to: .never)
    value.scheduler.remove(hypervisor.value.vcpus[number].slot, at: .now)
    value.needsDecision = true
  }
}
