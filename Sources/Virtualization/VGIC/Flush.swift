public import Architecture

// The flush: changed list registers first, then candidates into free ones, then what the maintenance interrupt has to
// tell. Hardware is read only where the shadow cannot know.

extension VirtualGIC {
  /// Brings the list registers of the vCPU that is loaded up to date. Costs one test where nothing has changed.
  @inline(__always)
  public mutating func refresh<Registers: ListRegisters & ~Copyable>(vcpu: Int, registers: inout Registers) {
    if interfaces[vcpu].needsFlush { flush(vcpu, &registers) }
  }

  /// Answers a maintenance interrupt: frees the list registers whose interrupts the guest has deactivated, samples their
  /// lines again, and refills.
  public mutating func maintenance<Registers: ListRegisters & ~Copyable>(vcpu: Int, registers: inout Registers) {
    reclaim(vcpu, &registers)
    flush(vcpu, &registers)
  }

  /// Reads the list registers of the vCPU that is loaded back into the model, so that registers of the distributor say
  /// what is pending and active now, and settles what has changed. See `needsSynchronization`.
  public mutating func synchronize<Registers: ListRegisters & ~Copyable>(vcpu: Int, registers: inout Registers) {
    settle(interfaces[vcpu].used, of: vcpu, &registers)
  }

  /// Settles the list registers in `mask` with the values that hardware has.
  private mutating func settle<Registers: ListRegisters & ~Copyable>(
    _ mask: UInt32, of vcpu: Int, _ registers: inout Registers
  ) {
    var mask = mask
    while mask != 0 {
      let index = mask.trailingZeroBitCount
      mask &= mask &- 1
      interfaces[vcpu].changed &= ~(1 &<< UInt32(index))
      let old = registers[index]
      let new = settle(index, of: vcpu, value: old)
      // An empty register may keep its other fields, except that it must not go on signalling an end of interrupt.
      if new.state != old.state || (new != old && (new.state != .inactive || old.signalsEndOfInterrupt)) {
        registers[index] = new
      }
    }
  }

  private mutating func flush<Registers: ListRegisters & ~Copyable>(_ vcpu: Int, _ registers: inout Registers) {
    settle(interfaces[vcpu].changed & interfaces[vcpu].used, of: vcpu, &registers)
    let isComplete = interfaces[vcpu].candidateWords == 0 || fill(vcpu, &registers)
    if isComplete { signalNoPending(false, vcpu, &registers) }
    interfaces[vcpu].needsFlush = false
    attention &= ~(1 &<< UInt64(vcpu))
  }

  /// Moves candidates into free list registers. False where candidates remain.
  private mutating func fill<Registers: ListRegisters & ~Copyable>(_ vcpu: Int, _ registers: inout Registers) -> Bool {
    let all: UInt32 = (1 &<< UInt32(registers.count)) &- 1
    while let slot = firstCandidate(of: vcpu, urgency: { Int(states[$0].priority) }) {
      if ~interfaces[vcpu].used & all == 0 { reclaim(vcpu, &registers) }
      let free = ~interfaces[vcpu].used & all
      if free == 0 { return overflow(vcpu, &registers) }
      // Reclaiming may have made the freed interrupt itself the first candidate; the next turn would take it.
      let index = free.trailingZeroBitCount
      registers[index] = place(slot, into: index, of: vcpu)
    }
    return true
  }

  /// Frees the list registers that hardware has emptied, without reading any of them.
  private mutating func reclaim<Registers: ListRegisters & ~Copyable>(_ vcpu: Int, _ registers: inout Registers) {
    let ended = registers.endOfInterruptMask & interfaces[vcpu].used
    var emptied = (registers.emptyMask & interfaces[vcpu].used) | ended
    while emptied != 0 {
      let index = emptied.trailingZeroBitCount
      emptied &= emptied &- 1
      interfaces[vcpu].changed &= ~(1 &<< UInt32(index))
      var value = interfaces[vcpu].registers[index]
      value.state = .inactive
      let new = settle(index, of: vcpu, value: value)
      // A pending end of interrupt goes on asking for maintenance until its register is written.
      if new.state != .inactive || ended >> UInt32(index) & 1 != 0 { registers[index] = new }
    }
  }

  /// Asks for maintenance once no list register is pending, or does so no longer.
  private mutating func signalNoPending<Registers: ListRegisters & ~Copyable>(
    _ isWanted: Bool, _ vcpu: Int, _ registers: inout Registers
  ) {
    guard interfaces[vcpu].signalsNoPending != isWanted else { return }
    interfaces[vcpu].signalsNoPending = isWanted
    registers.signalsNoPending = isWanted
  }
}

// More interrupts than list registers.

extension VirtualGIC {
  /// Sees to it that the list registers, all of which are in use, hold the most urgent interrupts, and that the
  /// hardware tells when there is room for the rest. True where nothing remains after all.
  ///
  /// While a register is pending, maintenance comes when none is any more (NPIE). When all are active, NPIE would fire
  /// without end: then each of them signals its own end of interrupt. Active interrupts are never taken out, because a
  /// deactivation that finds no list register does not say whose it was.
  private mutating func overflow<Registers: ListRegisters & ~Copyable>(
    _ vcpu: Int, _ registers: inout Registers
  ) -> Bool {
    settle(interfaces[vcpu].used, of: vcpu, &registers)
    interfaces[vcpu].machineControl = registers.machineControl
    let all: UInt32 = (1 &<< UInt32(registers.count)) &- 1
    let groups = interfaces[vcpu].machineControl
    while let slot = firstCandidate(of: vcpu, urgency: { urgency(ofCandidate: $0, enabledGroups: groups) }) {
      let free = ~interfaces[vcpu].used & all
      var index = free.trailingZeroBitCount
      if free == 0 {
        guard let least = leastUrgentRegister(of: vcpu, enabledGroups: groups, than: slot) else {
          signalRoom(vcpu, &registers)
          return false
        }
        recall(least, of: vcpu)
        index = least
      }
      registers[index] = place(slot, into: index, of: vcpu)
    }
    return true
  }

  /// Priorities in order, all of a group that the guest's CPU interface has enabled before all of one that it has not.
  private func urgency(_ priority: UInt8, isGroup1: Bool, enabledGroups: UInt32) -> Int {
    Int(priority) &+ (enabledGroups & (isGroup1 ? 2 : 1) != 0 ? 0 : 256)
  }

  /// The same of a candidate. One that is only active has nothing to deliver and comes last.
  private func urgency(ofCandidate slot: Int, enabledGroups: UInt32) -> Int {
    let state = states[slot]
    guard state.isPending && forwards(slot) else { return .max &- 1 }
    return urgency(state.priority, isGroup1: state.flags.contains(.group1), enabledGroups: enabledGroups)
  }

  /// The pending list register of the least urgency, if it is less urgent than the candidate at `slot`.
  private func leastUrgentRegister(of vcpu: Int, enabledGroups: UInt32, than slot: Int) -> Int? {
    var worst = urgency(ofCandidate: slot, enabledGroups: enabledGroups)
    var found: Int?
    var mask = interfaces[vcpu].used
    while mask != 0 {
      let index = mask.trailingZeroBitCount
      mask &= mask &- 1
      let value = interfaces[vcpu].registers[index]
      guard value.state == .pending else { continue }
      let urgency = urgency(value.priority, isGroup1: value.isGroup1, enabledGroups: enabledGroups)
      if urgency > worst { (worst, found) = (urgency, index) }
    }
    return found
  }

  /// Asks for the maintenance interrupt that tells of the next free list register.
  private mutating func signalRoom<Registers: ListRegisters & ~Copyable>(_ vcpu: Int, _ registers: inout Registers) {
    var mask = interfaces[vcpu].used
    var isAnyPending = false
    while mask != 0 {
      let index = mask.trailingZeroBitCount
      mask &= mask &- 1
      // One that is pending and active does not count for NPIE.
      if interfaces[vcpu].registers[index].state == .pending { isAnyPending = true }
    }
    if !isAnyPending { signalEndOfAll(vcpu, &registers) }
    signalNoPending(isAnyPending, vcpu, &registers)
  }

  /// Makes each list register, all of which are active, signal its end of interrupt, cutting links to hardware.
  private mutating func signalEndOfAll<Registers: ListRegisters & ~Copyable>(
    _ vcpu: Int, _ registers: inout Registers
  ) {
    var mask = interfaces[vcpu].used
    while mask != 0 {
      let index = mask.trailingZeroBitCount
      mask &= mask &- 1
      var value = interfaces[vcpu].registers[index]
      guard !value.signalsEndOfInterrupt else { continue }
      if value.physicalID != nil { deactivateInSoftware(&value, slot: slotInRegister(index, of: vcpu)) }
      value.signalsEndOfInterrupt = true
      interfaces[vcpu].registers[index] = value
      registers[index] = value
    }
  }
}
