internal import Architecture

// A reset of everything is made of steps, so that whoever takes it on lets others' interrupts through in between: first the
// SPIs, some at a time, then each vCPU with its own interrupts. Between two steps the rest is as it was: a list register that
// still names an SPI that has been reset is nobody's business, for no vCPU runs.

extension VirtualGIC {
  /// How many SPIs one step of a reset takes in.
  private static var sharedStep: Int { 16 }

  private var sharedStepCount: Int { (sharedInterruptCount &+ Self.sharedStep &- 1) / Self.sharedStep }

  /// How many of a vCPU's own interrupts one step of a reset takes in.
  private static var ownStep: Int { 8 }

  /// How many steps the reset of one vCPU has: what it has in its hands, its interrupts, and its interface.
  static var ownResetStepCount: Int { 1 + 32 / ownStep + 1 }

  /// How many steps a reset of everything has.
  var resetStepCount: Int { sharedStepCount &+ vcpuCount &* Self.ownResetStepCount }

  /// Puts everything as it is after power on: every interrupt disabled and idle, every line low, every vCPU's interface
  /// clean. Physical interrupts that were active on the VM's behalf become deactivations to take.
  ///
  /// No vCPU may be loaded. Devices that drive lines are to be reset as well.
  public mutating func reset() {
    for step in 0..<resetStepCount { reset(step: step) }
  }

  /// One step of `reset()`, in bounded time. They are to be taken in order, from 0 to `resetStepCount`, before a vCPU runs.
  mutating func reset(step: Int) {
    if step == 0 { (enabledGroups, inquiryCount) = (0, 0) }
    guard step < sharedStepCount else {
      let own = step &- sharedStepCount
      return resetOwn(of: own / Self.ownResetStepCount, step: own % Self.ownResetStepCount, keepsRequests: false)
    }
    let first = vcpuCount &* 32 &+ step &* Self.sharedStep
    let end = min(first &+ Self.sharedStep, vcpuCount &* 32 &+ sharedInterruptCount)
    let fresh = InterruptState(flags: [], target: resetTarget)
    for slot in first..<end { resetState(at: slot, to: fresh) }
  }

  /// Starts `vcpu` clean, as after CPU_ON: its SGIs and PPIs, list registers and CPU interface as after power on. An SPI
  /// that was pending in its list registers stays pending; one that it was handling does not stay active, and one that a
  /// guest has made active by request does. (Who handled more than 64 without list registers finds the others active, as it
  /// would find all of them on hardware.)
  ///
  /// SGIs stay pending, too: whoever has turned the vCPU on may have sent it one since, and to turn a CPU on does nothing to
  /// what waits for it in the distributor.
  ///
  /// The vCPU may not be loaded. Takes no time for interrupts that have nothing to do with the vCPU: guests turn vCPUs off
  /// and on as often as they like.
  public mutating func reset(vcpu: Int) {
    for step in 0..<Self.ownResetStepCount { reset(vcpu: vcpu, step: step) }
  }

  /// One step of it, in bounded time. They are to be taken in order before the vCPU runs.
  mutating func reset(vcpu: Int, step: Int) {
    if step == 0 { recallAll(from: vcpu) }
    resetOwn(of: vcpu, step: step, keepsRequests: true)
  }

  /// What the vCPU has in its hands goes back to where it waits.
  private mutating func recallAll(from vcpu: Int) {
    // What is taken out of a list register waits, and does not take another one.
    interfaces[vcpu].available = 0
    var used = interfaces[vcpu].used
    while used != 0 {
      recall(used.trailingZeroBitCount, of: vcpu)
      used &= used &- 1
    }
    var rest = min(interfaces[vcpu].evictedCount, Self.endedAtOnce)
    while rest != 0, let slot = first(in: CandidateQueue.evicted, of: vcpu) {
      rest &-= 1
      forgetEvicted(slot)
      reconsider(slot)
    }
  }

  /// Where SPIs go after reset: without other vCPUs, or at GICv3's affinity 0.0.0.0, to vCPU 0; else nowhere.
  private var resetTarget: UInt8 { version == .v3 || vcpuCount == 1 ? 0 : InterruptState.noTarget }

  /// Puts a vCPU's own interrupts back, some at a time, and then its interface; until that is so, nothing takes one of its list
  /// registers. SGIs that are to stay pending do.
  private mutating func resetOwn(of vcpu: Int, step: Int, keepsRequests: Bool) {
    precondition(!interfaces[vcpu].isLoaded, "a vCPU is unloaded before it is reset")
    guard step > 0 else { return }
    guard step &+ 1 < Self.ownResetStepCount else {
      resetInterface(of: vcpu)
      if keepsRequests {
        for slot in (vcpu &* 32)..<(vcpu &* 32 &+ 16) where states[slot].isLatched { reconsider(slot) }
      }
      return
    }
    let target = UInt8(truncatingIfNeeded: vcpu)
    let generated = InterruptState(flags: version == .v2 ? [.edge, .enabled] : .edge, target: target)
    let peripheral = InterruptState(flags: [], target: target)
    let first = (step &- 1) &* Self.ownStep
    for id in first..<first &+ Self.ownStep {
      let slot = vcpu &* 32 &+ id
      let before = states[slot]
      var state = id < 16 ? generated : peripheral
      if keepsRequests && id < 16 {
        state.flags.formUnion(before.flags.intersection(.latched))
        state.sources = before.sources
      }
      resetState(at: slot, to: state)
    }
  }

  private mutating func resetInterface(of vcpu: Int) {
    var fresh = CPUInterfaceState(version: version)
    fresh.deactivations = interfaces[vcpu].deactivations
    // What SPIs wait for is not the vCPU's own.
    fresh.pendingQueues = interfaces[vcpu].pendingQueues
    fresh.activeQueues = interfaces[vcpu].activeQueues
    fresh.hasCandidates = interfaces[vcpu].hasCandidates
    fresh.evictedCount = interfaces[vcpu].evictedCount
    fresh.needsFlush = fresh.hasCandidates
    interfaces[vcpu] = fresh
    attention &= ~(1 &<< UInt64(vcpu))
  }

  private mutating func resetState(at slot: Int, to fresh: InterruptState) {
    leaveQueue(slot)
    if states[slot].flags.contains(.linked) { askDeactivation(of: slot) }
    // Whoever takes the deactivation asks for it.
    let physicalID = states[slot].physicalID
    states[slot] = fresh
    states[slot].physicalID = physicalID
  }
}
