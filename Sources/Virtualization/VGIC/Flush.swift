public import Architecture

// The flush: changed list registers first, then candidates into free ones, then what the maintenance interrupt has to
// tell. Hardware is read only where the shadow cannot know.

extension VirtualGIC {
  /// Brings the list registers of the vCPU that is loaded up to date. Costs one test where nothing has changed.
  @inline(__always)
  public mutating func refresh<Registers: ListRegisters & ~Copyable>(vcpu: Int, registers: inout Registers) {
    if interfaces[vcpu].needsFlush { flush(vcpu, &registers) }
  }

  /// Some of a refresh, in bounded time: to be called again while `needsRefresh`. The guest must not run in between.
  public mutating func refreshSome<Registers: ListRegisters & ~Copyable>(vcpu: Int, registers: inout Registers) {
    flush(vcpu, &registers, atMost: Self.changesAtOnce)
  }

  /// How many list registers one piece of a refresh changes.
  private static var changesAtOnce: Int { 2 }

  /// Answers a maintenance interrupt: frees the list registers whose interrupts the guest has deactivated, samples their
  /// lines again, and refills.
  public mutating func maintenance<Registers: ListRegisters & ~Copyable>(vcpu: Int, registers: inout Registers) {
    beginMaintenance(vcpu: vcpu, registers: &registers)
    refresh(vcpu: vcpu, registers: &registers)
  }

  /// The same, but where more wait than there is room for the refill is left to `refreshSome`, and nothing asks for maintenance
  /// until then: it would go on asking, and keep whoever looks for interrupts first from ever coming to that.
  public mutating func beginMaintenance<Registers: ListRegisters & ~Copyable>(vcpu: Int, registers: inout Registers) {
    reclaim(vcpu, &registers)
    interfaces[vcpu].needsFlush = true
    guard interfaces[vcpu].hasCandidates else { return flush(vcpu, &registers) }
    // Before its count of ends is written over.
    takeMissedEnds(vcpu, &registers)
    interfaces[vcpu].control = baseControl
    registers.control = baseControl
  }

  /// Reads the list registers of the vCPU that is loaded back into the model, so that registers of the distributor say
  /// what is pending and active now, and settles what has changed. See `needsSynchronization`.
  public mutating func synchronize<Registers: ListRegisters & ~Copyable>(vcpu: Int, registers: inout Registers) {
    settle(interfaces[vcpu].used, of: vcpu, &registers)
    takeMissedEnds(vcpu, &registers)
  }

  /// Settles the list registers in `mask` with the values that hardware has.
  mutating func settle<Registers: ListRegisters & ~Copyable>(
    _ mask: UInt32, of vcpu: Int, _ registers: inout Registers
  ) {
    var all = Int.max
    _ = settle(mask, of: vcpu, &registers, &all)
  }

  /// The same, but `left` at most of those that have changed, of which it takes off how many there were. Returns those that it has
  /// not looked at.
  private mutating func settle<Registers: ListRegisters & ~Copyable>(
    _ mask: UInt32, of vcpu: Int, _ registers: inout Registers, _ left: inout Int
  ) -> UInt32 {
    var mask = mask
    while mask != 0 && left > 0 {
      let index = mask.trailingZeroBitCount
      mask &= mask &- 1
      let bit: UInt32 = 1 &<< UInt32(index)
      interfaces[vcpu].repeatable &= ~bit
      if interfaces[vcpu].unwritten & bit != 0 {
        interfaces[vcpu].unwritten &= ~bit
        interfaces[vcpu].changed &= ~bit
        let new = settle(index, of: vcpu, value: interfaces[vcpu].registers[index])
        if new.state != .inactive { write(new, to: index, of: vcpu, &registers) }
        left &-= 1
        continue
      }
      let old = registers[index]
      let hasFallen = old.isPending && lookAtLine(slotInRegister(index, of: vcpu), registers)
      if !hasFallen && isSettled(index, of: vcpu, value: old) { continue }
      left &-= 1
      interfaces[vcpu].changed &= ~bit
      let new = settle(index, of: vcpu, value: old)
      // An empty register may keep its other fields, except that it must not go on signalling an end of interrupt.
      if new.state != old.state || (new != old && (new.state != .inactive || old.signalsEndOfInterrupt)) {
        write(new, to: index, of: vcpu, &registers)
      }
    }
    return mask
  }

  private mutating func flush<Registers: ListRegisters & ~Copyable>(
    _ vcpu: Int, _ registers: inout Registers, atMost limit: Int = .max
  ) {
    if interfaces[vcpu].evictedCount != 0 { takeMissedEnds(vcpu, &registers) }
    var left = limit
    guard settle(interfaces[vcpu].changed & interfaces[vcpu].used, of: vcpu, &registers, &left) == 0 else { return }
    var control = baseControl
    if interfaces[vcpu].hasCandidates {
      guard let asked = fill(vcpu, &registers, &left) else { return }
      control.formUnion(asked)
    }
    // Also where those that waited have gone meanwhile: what the guest does from here on has not been looked at.
    interfaces[vcpu].stage = .filling
    writeOccupied(vcpu, &registers)
    if interfaces[vcpu].evictedCount != 0 { control.formUnion(.missedEnd) }
    if interfaces[vcpu].activeQueues != 0 { control.formUnion(trapControl) }
    // Whoever ends an interrupt while others wait makes room for them.
    if interfaces[vcpu].hasCandidates { interfaces[vcpu].repeatable = 0 }
    if control != interfaces[vcpu].control {
      interfaces[vcpu].control = control
      registers.control = control
    }
    interfaces[vcpu].needsFlush = false
    attention &= ~(1 &<< UInt64(vcpu))
  }

  /// Brings to hardware what took free list registers here.
  @inline(__always)
  private mutating func writeOccupied<Registers: ListRegisters & ~Copyable>(
    _ vcpu: Int, _ registers: inout Registers
  ) {
    var mask = interfaces[vcpu].unwritten
    interfaces[vcpu].unwritten = 0
    while mask != 0 {
      let index = mask.trailingZeroBitCount
      mask &= mask &- 1
      write(interfaces[vcpu].registers[index], to: index, of: vcpu, &registers)
    }
  }

  /// Moves candidates into free list registers, `left` of them at most, and returns what has to ask for maintenance because
  /// candidates remain; nil where that is not known yet.
  private mutating func fill<Registers: ListRegisters & ~Copyable>(
    _ vcpu: Int, _ registers: inout Registers, _ left: inout Int
  ) -> InterfaceControl? {
    guard interfaces[vcpu].stage == .filling else { return overflow(vcpu, &registers, &left) }
    let all = interfaces[vcpu].available
    while let slot = firstCandidate(of: vcpu, preferring: 3) {
      guard left > 0 else { return nil }
      left &-= 1
      if lookAtLine(slot, registers) { continue }
      if ~interfaces[vcpu].used & all == 0 { reclaim(vcpu, &registers) }
      let free = ~interfaces[vcpu].used & all
      if free == 0 {
        interfaces[vcpu].stage = .looking
        interfaces[vcpu].unseen = interfaces[vcpu].used
        // To look at all of them is a piece of its own.
        left &-= 1
        return left > 0 ? overflow(vcpu, &registers, &left) : nil
      }
      // Reclaiming may have made the freed interrupt itself the first candidate; the next turn would take it.
      let index = free.trailingZeroBitCount
      write(place(slot, into: index, of: vcpu), to: index, of: vcpu, &registers)
    }
    return []
  }

  /// Frees the list registers that hardware has emptied, without reading any of them.
  private mutating func reclaim<Registers: ListRegisters & ~Copyable>(_ vcpu: Int, _ registers: inout Registers) {
    // What this flush has written a moment ago must not be taken for what the guest has emptied.
    registers.synchronizeMasks()
    let written = interfaces[vcpu].used & ~interfaces[vcpu].unwritten
    let ended = registers.endOfInterruptMask & written
    var emptied = (registers.emptyMask & written) | ended
    while emptied != 0 {
      let index = emptied.trailingZeroBitCount
      emptied &= emptied &- 1
      let isEnded = ended &>> UInt32(index) & 1 != 0
      if isEnded && park(index, of: vcpu) {
        registers[index] = .empty
        continue
      }
      interfaces[vcpu].changed &= ~(1 &<< UInt32(index))
      interfaces[vcpu].repeatable &= ~(1 &<< UInt32(index))
      var value = interfaces[vcpu].registers[index]
      value.state = .inactive
      let new = settle(index, of: vcpu, value: value)
      // A pending end of interrupt goes on asking for maintenance until its register is written.
      if new.state != .inactive || isEnded { write(new, to: index, of: vcpu, &registers) }
    }
  }
}

// More interrupts than list registers.

extension VirtualGIC {
  /// Sees to it that the list registers, all of which are in use, hold the most urgent interrupts, and returns what has
  /// to ask for maintenance so that the rest gets in.
  ///
  /// While a register is pending, maintenance comes when none is any more (NPIE), or when the guest turns a group on or
  /// off. Where all are active, one of them makes room for the most urgent candidate; where none may (EOImode 1), each
  /// signals its own end of interrupt: NPIE would fire without end.
  ///
  /// To look at all registers is a piece of the work, and so is to give one of them to another interrupt: each takes as long as
  /// two changes. Nil where there are more pieces.
  private mutating func overflow<Registers: ListRegisters & ~Copyable>(
    _ vcpu: Int, _ registers: inout Registers, _ left: inout Int
  ) -> InterfaceControl? {
    if interfaces[vcpu].stage != .replacing {
      interfaces[vcpu].unseen = settle(interfaces[vcpu].unseen & interfaces[vcpu].used, of: vcpu, &registers, &left)
      guard interfaces[vcpu].unseen == 0 else { return nil }
      interfaces[vcpu].machineControl = registers.machineControl
      interfaces[vcpu].stage = .replacing
      left &-= 2
    }
    let all = interfaces[vcpu].available
    let groups = interfaces[vcpu].machineControl
    while let slot = firstCandidate(of: vcpu, preferring: groups) {
      guard left > 0 else { return nil }
      left &-= 2
      if lookAtLine(slot, registers) { continue }
      let free = ~interfaces[vcpu].used & all
      var index = free.trailingZeroBitCount
      if free == 0 {
        let least = dispensableRegister(
          of: vcpu, enabledGroups: groups, for: slot, knowsDeactivations: registers.trapsDeactivations)
        guard let least else {
          return room(for: slot, vcpu, &registers)
        }
        recall(least, of: vcpu)
        index = least
      }
      write(place(slot, into: index, of: vcpu), to: index, of: vcpu, &registers)
    }
    return []
  }

  /// Priorities in order, all of a group that the guest's CPU interface has enabled before all of one that it has not.
  @inline(__always)
  private func urgency(_ priority: UInt8, isGroup1: Bool, enabledGroups: UInt32) -> Int {
    Int(priority) &+ (enabledGroups & (isGroup1 ? 2 : 1) != 0 ? 0 : Self.disabledGroupUrgency)
  }

  private static var disabledGroupUrgency: Int { 256 }
  private static var nothingToDeliver: Int { .max &- 1 }
  /// There are 32 priorities to preempt each other. A guest that has more interrupts active at once, because it writes its
  /// active priorities itself, waits for the ends of those that have list registers.
  private static var evictionLimit: UInt32 { 32 }

  /// The same of a candidate. One that is active has nothing to deliver and comes last.
  @inline(__always)
  private func urgency(ofCandidate slot: Int, enabledGroups: UInt32) -> Int {
    let state = states[slot]
    guard state.isPending && !state.flags.contains(.active) && forwards(slot) else { return Self.nothingToDeliver }
    return urgency(state.priority, isGroup1: state.flags.contains(.group1), enabledGroups: enabledGroups)
  }

  /// The list register that the candidate at `slot` deserves more than what is there: the least urgent pending one, if the
  /// candidate is more urgent. Where none is pending, the active one that will be ended last. With EOImode 1, where
  /// deactivations do not trap, only while no other is evicted, and none that software made active, since nothing but its
  /// deactivation tells of it.
  @inline(__always)
  private func dispensableRegister(
    of vcpu: Int, enabledGroups: UInt32, for slot: Int, knowsDeactivations: Bool
  ) -> Int? {
    let urgencyOfCandidate = urgency(ofCandidate: slot, enabledGroups: enabledGroups)
    var (worst, found): (Int, Int?) = (urgencyOfCandidate, nil)
    var (outermostPriority, outermost): (Int, Int?) = (-1, nil)
    var isAnyPending = false
    var mask = interfaces[vcpu].used
    while mask != 0 {
      let index = mask.trailingZeroBitCount
      mask &= mask &- 1
      let value = interfaces[vcpu].registers[index]
      if value.state == .pending {
        isAnyPending = true
        let urgency = urgency(value.priority, isGroup1: value.isGroup1, enabledGroups: enabledGroups)
        if urgency > worst { (worst, found) = (urgency, index) }
      } else {
        let isByRequest = states[slotInRegister(index, of: vcpu)].flags.contains(.activatedByRequest)
        if isByRequest && separatesDeactivation(vcpu) && !knowsDeactivations { continue }
        let priority =
          interfaces[vcpu].groupPriority(value.priority, isGroup1: value.isGroup1) &+ (isByRequest ? 256 : 0)
        if priority > outermostPriority { (outermostPriority, outermost) = (priority, index) }
      }
    }
    if isAnyPending { return found }
    guard urgencyOfCandidate < Self.disabledGroupUrgency else { return nil }
    if separatesDeactivation(vcpu) { return knowsDeactivations || interfaces[vcpu].evictedCount < 1 ? outermost : nil }
    return interfaces[vcpu].evictedCount < Self.evictionLimit ? outermost : nil
  }

  /// VEOIM of GICH_VMCR and ICH_VMCR_EL2, as last read: a deactivation is a write of its own (EOImode 1).
  func separatesDeactivation(_ vcpu: Int) -> Bool { interfaces[vcpu].machineControl & 1 << 9 != 0 }

  /// What tells of the next chance for the candidate at `slot`, the most urgent of those that remain.
  private mutating func room<Registers: ListRegisters & ~Copyable>(
    for slot: Int, _ vcpu: Int, _ registers: inout Registers
  ) -> InterfaceControl {
    let groups = interfaces[vcpu].machineControl
    guard urgency(ofCandidate: slot, enabledGroups: groups) != Self.nothingToDeliver else { return [] }
    // What turns off the last group makes nothing more urgent than it was. (QEMU 10.0 takes group 1 being off for group 0
    // being off, too, and would not stop telling.)
    var control: InterfaceControl = groups & 1 == 0 ? .group0Enabled : groups & 2 != 0 ? .group0Disabled : []
    control.formUnion(groups & 2 == 0 ? .group1Enabled : groups & 1 != 0 ? .group1Disabled : [])
    var isAnyPending = false
    var mask = interfaces[vcpu].used
    while mask != 0 {
      let index = mask.trailingZeroBitCount
      mask &= mask &- 1
      switch interfaces[vcpu].registers[index].state {
      case .pending: isAnyPending = true
      // Its deactivation would make it pending with nobody told, though the candidate may be more urgent.
      case .pendingAndActive: signalEnd(index, vcpu, &registers)
      case .active, .inactive: break
      }
    }
    if isAnyPending { return control.union(.noPending) }
    mask = interfaces[vcpu].used
    while mask != 0 {
      signalEnd(mask.trailingZeroBitCount, vcpu, &registers)
      mask &= mask &- 1
    }
    return control
  }

  /// Makes an active list register signal its end of interrupt, cutting its link to hardware and taking its pending half.
  private mutating func signalEnd<Registers: ListRegisters & ~Copyable>(
    _ index: Int, _ vcpu: Int, _ registers: inout Registers
  ) {
    var value = interfaces[vcpu].registers[index]
    guard value.state == .pendingAndActive || !value.signalsEndOfInterrupt else { return }
    let slot = slotInRegister(index, of: vcpu)
    giveBackPending(&value, slot: slot)
    if value.isLinked { deactivateInSoftware(&value, slot: slot) }
    value.signalsEndOfInterrupt = true
    interfaces[vcpu].registers[index] = value
    write(value, to: index, of: vcpu, &registers)
  }
}
