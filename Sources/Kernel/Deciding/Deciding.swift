internal import Architecture
internal import ArmCommon
internal import ArmRegisters
internal import Backend
internal import Scheduling
internal import Virtualization

// Who runs next on this CPU, and when to ask again.

extension Reference where Value == PhysicalCPU {
  /// Asks the scheduler and does what it says. Comes back with the vCPU loaded that runs now; waits here while there is
  /// none.
  @inline(__always)
  func decide(_ frame: TrapFrame) {
    // Before each round whoever is more urgent than what it is about has himself heard, also while another's was served.
    repeat {
      if Processor.isInterruptPending {
        serveInterrupts()
        // What is due comes first: it may be a greater one's.
        if !value.hasCalls && Processor.isInterruptPending { serveInterrupts() }
      }
    } while !followScheduler(frame)
  }

  /// Does one thing that is due or was asked for those who may interrupt, if there is one, and then what the scheduler says
  /// now. False where it has to be asked again before a guest can go on.
  ///
  /// One round is a function: in a loop its constants would be held ready for a second one, which hardly ever comes.
  @inline(never)
  @_optimize(speed)
  private func followScheduler(_ frame: TrapFrame) -> Bool {
    var now = Instant.now
    if value.hasCalls && !value.hasNewcomer && attends(now) {
      // An interrupt that is there may be for a lesser one than who has just woken; and who has no time left must not go on because
      // somebody interrupts him again and again.
      if !value.hasNewcomer && value.timerDeadline != .never && Processor.isInterruptPending { return false }
      now = .now
    }
    value.needsDecision = false
    value.hasNewcomer = false
    let decision = pick(at: now)
    switch decision {
    case .run(let slot, let until):
      let next = value.assigned[slot]
      // Whose turn is over must not stay by being asked again and again: for a switch somebody is heard once before it begins.
      let isSwitch = value.loaded != nil && value.loaded != next
      if next.value.audience != value.audience { show(next.value.audience) }
      if value.hasCalls && !(isSwitch && value.hasHeardBeforeSwitch) && somebodyCalls(at: now) {
        value.hasHeardBeforeSwitch = isSwitch
        return false
      }
      // Where nobody is unloaded, the load is not put off once more: whose budget ends before a switch does would never get to run, and
      // nobody else either.
      if isSwitch {
        // It may have come for this switch, during which somebody else may be due: who is looks for the timer's interrupt.
        if value.timerDeadline == .never { armTimer(for: until) }
        unload(frame)
        if Processor.isExceptionPending {
          blameUnloaded()
          return false
        }
        if value.hasCalls && somebodyCalls(at: now) { return false }
      }
      if value.loaded != next {
        if next.value.needsWork {
          workFor(next, until: until)
          return false
        }
        guard loads(next, frame) else {
          // Its VM has been stopped.
          end(next)
          return false
        }
        value.charged = next
        // Unloading the other one may have woken a third, and something of this one may be due.
        if value.needsDecision { return false }
        // A switch is nobody's time: admission reckons it apart from the budgets. The scheduler's instant stays as it
        // is, for a window ends when it ends; who has budget left then is picked again.
        value.chargedUntil = .now
        next.value.accounting.switchedIn(at: value.chargedUntil)
      } else {
        value.charged = next
        next.value.accounting.resumed(at: now)
      }
      value.hasHeardBeforeSwitch = false
      armTimer(for: until)
      // What it owes may concern its own interrupts, which are brought to it once.
      guard next.value.owed.isDone || settle(next) else { return false }
      // Also what the load itself has brought about: an interrupt whose line has fallen meanwhile is ended, another vCPU gets one.
      return !value.loadedVM.value.machine.interrupts.hasWork(ofLoaded: value.loadedIndex) || refreshLoaded()
    case .idle(let until):
      let audience = value.scheduler.idleAudience
      if audience != value.audience { show(audience) }
      if value.hasCalls && somebodyCalls(at: now) { return false }
      // Also for a step of the console's work: whoever is due meanwhile is seen after it.
      armTimer(for: until)
      if value.console.isBusy { stepConsole(at: now) } else { idle() }
      return false
    }
  }

  /// Does the most urgent one thing of those that may interrupt: what is due, or what other CPUs have asked; or else a step of
  /// the console's work that is due. False where there is none. What is done is the time of the VM that it is done for.
  @inline(__always)
  private func attends(_ now: Instant) -> Bool {
    if value.deadlines.earliest <= now, let standing = value.deadlines.firstDue(of: value.audience, at: now) {
      serveDeadline(ofStanding: standing, at: now)
    } else if let standing = value.board.first(of: value.audience) {
      attend(standing, at: now)
    } else if value.console.isWanted && value.console.nextStep <= now {
      stepConsole(at: now)
    } else {
      return false
    }
    return true
  }

  @inline(never)
  @_optimize(speed)
  private func attend(_ standing: Int, at now: Instant) {
    let vcpu = value.byStanding[standing]
    guard vcpu == value.loaded || vcpu.value.unheardUntil <= now else { return putOff(vcpu) }
    passTime(to: vcpu, at: now)
    serveRequests(ofStanding: standing)
    // Who could run anyway has not been asked for nothing.
    if !value.hasNewcomer && vcpu != value.loaded && vcpu.value.activity == .waiting {
      vcpu.value.unheardUntil = now.advanced(by: pause)
    }
  }

  /// For how long nothing more is attended to for a vCPU outside its turn after something that led to nothing. All of a CPU's vCPUs
  /// together take a small part of it so: one such thing in 61 µs, whoever asks.
  private var pause: UInt64 {
    Hypervisor.shared.value.ticksPerSecond &>> 14 &* UInt64(truncatingIfNeeded: value.assigned.count)
  }

  /// Lets what was asked of the vCPU wait. Whoever asks more meanwhile finds that it was asked, and tells nobody.
  private func putOff(_ vcpu: Reference<VCPU>) {
    value.board.unmark(vcpu.value.standing)
    vcpu.value.isPutOff = true
    vcpu.value.needsCare = true
    watch(vcpu)
  }

  /// The vCPU's time to be heard has come, or its turn.
  func hear(_ vcpu: Reference<VCPU>) {
    vcpu.value.isPutOff = false
    watch(vcpu)
    value.board.mark(vcpu.value.standing)
    call()
  }

  /// A step of the console's work is nobody's time.
  @inline(never)
  private func stepConsole(at now: Instant) {
    charge(until: now)
    value.charged = nil
    serveConsole()
  }

  /// What ran until now is accounted to whose time it was, and what comes is this vCPU's.
  @inline(__always)
  private func passTime(to vcpu: Reference<VCPU>, at now: Instant) {
    charge(until: now)
    value.charged = vcpu
  }

  /// Whether there is something to attend to for those who may interrupt.
  @inline(__always)
  private func somebodyCalls(at now: Instant) -> Bool {
    value.hasCalls =
      (value.deadlines.earliest <= now && value.deadlines.firstDue(of: value.audience, at: now) != nil)
      || value.board.first(of: value.audience) != nil || (value.console.isWanted && value.console.nextStep <= now)
    return value.hasCalls
  }

  /// These may interrupt from now on. There may be something for one of them.
  @inline(__always)
  private func show(_ audience: Audience) {
    value.audience = audience
    value.board.show(audience)
    value.hasCalls = true
  }

  /// Does some of what comes before the first instruction of the vCPU whose turn it is, and which has arrived.
  @inline(never)
  private func workFor(_ next: Reference<VCPU>, until: Instant) {
    // Nobody's registers are in the hardware while we work for somebody else: a fault of ours would lose them.
    let vm = next.value.vm
    vm.value.lock.acquire(by: value.index)
    let isHere = next.value.arrives()
    vm.value.lock.release()
    guard isHere else { return end(next) }
    value.charged = next
    armTimer(for: until)
    repeat {
      prepareSome(of: next)
      // It takes long, and an emulator that runs its CPUs in turn passes the turn on here.
      spin_hint()
    } while next.value.needsWork && !Processor.isInterruptPending && !next.value.isAskedToLeave
    depart(next)
  }

  /// Waits for an interrupt.
  @inline(never)
  @_optimize(speed)
  private func idle() {
    value.charged = nil
    if value.isLastToStop { finish() }
    wait_for_interrupt()
  }

  /// Accounts the time since the last call to the vCPU whose time it was, and asks what to do from now on.
  @inline(__always)
  private func pick(at now: Instant) -> Decision {
    let ran = now.ticks(since: value.chargedUntil)
    value.chargedUntil = now
    value.charged?.value.accounting.ran(ran)
    return value.scheduler.pick(at: now, after: value.charged?.value.slot, ran: ran)
  }

  /// Accounts the time since the last call to the vCPU whose time it was.
  @_optimize(speed)
  func charge(until now: Instant) {
    let ran = now.ticks(since: value.chargedUntil)
    value.chargedUntil = now
    guard let charged = value.charged else { return }
    charged.value.accounting.ran(ran)
    value.scheduler.charge(charged.value.slot, ran: ran)
  }

  /// Sets the hypervisor's timer to the scheduler's instant or to the first deadline of a guest's timer that no hardware
  /// watches, whichever comes first, and leaves it off where neither ever comes. Timers of those who may not interrupt set
  /// nothing: they are looked at when their turn has come.
  @inline(__always)
  private func armTimer(for until: Instant) {
    var deadline = until
    if value.deadlines.earliest < until { deadline = min(until, value.deadlines.earliest(of: value.audience)) }
    if value.console.isWanted { deadline = min(deadline, value.console.nextStep) }
    guard deadline != value.timerDeadline else { return }
    value.timerDeadline = deadline
    if deadline == .never {
      write_cnthp_ctl(0)
    } else {
      write_cnthp_cval(deadline.ticks)
      write_cnthp_ctl(1)
    }
  }

  /// Finds out when something of the vCPU needs us: its emulated timer always, its virtual timer while it waits without
  /// being in the hardware, its VM's clock if it set it last. A timer whose interrupt waits already needs nobody.
  @_optimize(speed)
  func updateDeadline(of vcpu: Reference<VCPU>) {
    guard vcpu.value.activity != .off else { return }
    let vm = vcpu.value.vm
    vm.value.lock.acquire(by: value.index)
    let deadline = deadline(of: vcpu, vm)
    vm.value.lock.release()
    setDeadline(of: vcpu, to: deadline)
  }

  /// The part of it that the models know. The VM's lock is held.
  @inline(__always)
  func modelDeadline(of vm: Reference<HostedVM>, _ index: Int) -> Instant {
    var deadline = Instant.never
    if !vm.value.machine.isPhysicalTimerLineHigh(vcpu: index) {
      deadline = vm.value.machine.physicalTimerDeadline(vcpu: index)
    }
    if index == vm.value.clockWatcher && vm.value.machine.clock.alarmSeconds != nil {
      deadline = min(
        deadline, vm.value.machine.alarmDeadline(ticksPerSecond: Hypervisor.shared.value.ticksPerSecond))
    }
    return deadline
  }

  /// All of it. The VM's lock is held.
  func deadline(of vcpu: Reference<VCPU>, _ vm: Reference<HostedVM>) -> Instant {
    let deadline = modelDeadline(of: vm, vcpu.value.index)
    return watchesVirtualTimer(of: vcpu, vm) ? min(deadline, virtualTimer(of: vcpu, vm).deadline) : deadline
  }

  /// True for a vCPU that is not loaded, waits, and has not been told of its virtual timer's interrupt. The VM's lock is held.
  @inline(__always)
  private func watchesVirtualTimer(of vcpu: Reference<VCPU>, _ vm: Reference<HostedVM>) -> Bool {
    vcpu != value.loaded && vcpu.value.activity == .waiting
      && !vm.value.machine.interrupts.hardwareLinkInUse(GuestMachine.virtualTimerInterrupt, vcpu: vcpu.value.index)
  }

  /// The virtual timer of the vCPU, which must not be loaded.
  @inline(__always)
  private func virtualTimer(of vcpu: Reference<VCPU>, _ vm: Reference<HostedVM>) -> GuestTimer {
    // Not by a method of the vCPU: a value of this size that is only read is copied first.
    GuestTimer(
      control: vcpu.value.context.timerControl, compareValue: vcpu.value.context.timerCompareValue,
      offset: vm.value.counterOffset)
  }

  /// The hypervisor's timer has come: for the scheduler, or for something that the next decision looks at.
  @inline(__always)
  func serveTimer() {
    value.timerInterruptCount &+= 1
    // Else it is the scheduler's instant.
    if value.timerDeadline >= value.deadlines.earliest || value.console.isWanted { value.hasCalls = true }
    value.timerDeadline = .never
    write_cnthp_ctl(0)
    // The line falls when the register is written, which an end of the interrupt may overtake.
    barrier_instruction()
    value.needsDecision = true
  }

  @inline(never)
  @_optimize(speed)
  private func serveDeadline(ofStanding standing: Int, at now: Instant) {
    let vcpu = value.byStanding[standing]
    if vcpu.value.isPutOff && vcpu.value.unheardUntil <= now { return hear(vcpu) }
    passTime(to: vcpu, at: now)
    let vm = vcpu.value.vm
    let index = vcpu.value.index
    // What is looked at late counts from when it was due.
    let due = max(vcpu.value.deadline, vcpu.value.waitingSince)
    vm.value.lock.acquire(by: value.index)
    guard !vcpu.value.isAskedToLeave else {
      vm.value.lock.release()
      return setDeadline(of: vcpu, to: .never)
    }
    vm.value.machine.updatePhysicalTimer(vcpu: index, at: now)
    if index == vm.value.clockWatcher && vm.value.machine.clock.alarmSeconds != nil {
      vm.value.machine.updateClock(at: now, ticksPerSecond: Hypervisor.shared.value.ticksPerSecond)
    }
    // The hardware would raise the virtual timer's interrupt as soon as the vCPU is loaded and the timer runs. That would
    // be one exit more, before its first instruction.
    if watchesVirtualTimer(of: vcpu, vm) && virtualTimer(of: vcpu, vm).line(at: now) {
      vm.value.machine.interrupts.raiseHardware(
        GuestMachine.virtualTimerInterrupt, physicalID: UInt16(truncatingIfNeeded: value.virtualTimerInterrupt),
        vcpu: index)
    }
    settleInterrupts(of: vm, at: min(due, now))
    let deadline = deadline(of: vcpu, vm)
    vm.value.lock.release()
    // What is due again already waits: this comes to an end, and others have their turn.
    setDeadline(
      of: vcpu, to: deadline > now ? deadline : now.advanced(by: pause))
  }

  /// Notes when something of the vCPU is due, or that nothing is.
  @inline(__always)
  func setDeadline(of vcpu: Reference<VCPU>, to deadline: Instant) {
    guard deadline != vcpu.value.deadline else { return }
    vcpu.value.deadline = deadline
    watch(vcpu)
  }

  /// Watches for the vCPU's deadline, if it waits or is loaded. Of one that could run it is looked at when it does.
  @inline(never)
  @_optimize(speed)
  func watch(_ vcpu: Reference<VCPU>) {
    let isWatched = vcpu.value.activity == .waiting || vcpu == value.loaded
    let deadline = isWatched ? vcpu.value.deadline : .never
    value.deadlines.set(
      vcpu.value.standing, to: vcpu.value.isPutOff ? min(deadline, vcpu.value.unheardUntil) : deadline)
  }

  /// A vCPU that waited can run, since `instant`.
  @inline(never)
  @_optimize(speed)
  func wake(_ vcpu: Reference<VCPU>, at instant: Instant? = nil) {
    guard vcpu.value.activity == .waiting else { return }
    let now = instant ?? .now
    vcpu.value.activity = .ready
    // Without the lock: other CPUs write nothing else here.
    vcpu.value.isAsleep = false
    if vcpu.value.deadline != .never && vcpu != value.loaded { value.deadlines.set(vcpu.value.standing, to: .never) }
    if vcpu.value.isPutOff { hear(vcpu) }
    vcpu.value.accounting.woke(at: now)
    value.scheduler.ready(vcpu.value.slot, at: now)
    value.hasNewcomer = true
    value.needsDecision = true
  }

  /// The vCPU that runs has nothing to do, unless an interrupt is pending for it after all.
  @_optimize(speed)
  func wait(_ vcpu: Reference<VCPU>) {
    let vm = vcpu.value.vm
    let index = vcpu.value.index
    var registers = value.listRegisters
    vm.value.lock.acquire(by: value.index)
    let isAtRest = vm.value.machine.interrupts.isAtRest(vcpu: index, registers: registers)
    if !isAtRest { lowerVirtualTimer(of: vm, index) }
    let isPending =
      !isAtRest
      && vm.value.machine.interrupts.hasPendingInterrupt(vcpu: index, registers: &registers)
    if isPending { vm.value.machine.power.ran(index) }
    settleInterrupts(of: vm)
    vcpu.value.isAsleep = !isPending
    vm.value.lock.release()
    // From here on another CPU's interrupt for the vCPU comes as a request, and wakes it.
    if isPending { return }
    let now = Instant.now
    charge(until: now)
    vcpu.value.activity = .waiting
    vcpu.value.waitingSince = now
    value.scheduler.block(vcpu.value.slot, at: now)
    value.needsDecision = true
  }

  /// The vCPU that runs waits for another one.
  func yield(_ vcpu: Reference<VCPU>) {
    let now = Instant.now
    charge(until: now)
    value.scheduler.yield(vcpu.value.slot, at: now)
    value.needsDecision = true
  }
}
