internal import Architecture

// How an interrupt that is in a list register follows its state in the model, and the model what the guest did with the
// list register. All of it works on values: the caller reads and writes the hardware.

extension VirtualGIC {
  /// The slot of the interrupt that list register `index` of `vcpu` holds.
  func slotInRegister(_ index: Int, of vcpu: Int) -> Int {
    let id = Int(interfaces[vcpu].registers[index].virtualID)
    return id < 32 ? vcpu &* 32 &+ id : vcpuCount &* 32 &+ id &- 32
  }

  /// True where neither the guest nor anybody else has done anything to list register `index` of `vcpu`, whose value is now
  /// `value`, since it was settled last: to settle it would change nothing.
  @inline(__always)
  func isSettled(_ index: Int, of vcpu: Int, value: ListRegister) -> Bool {
    (interfaces[vcpu].changed | interfaces[vcpu].parked) &>> UInt32(index) & 1 == 0
      && value == interfaces[vcpu].registers[index]
  }

  /// Takes in what the guest did with list register `index` of `vcpu`, whose value is now `value`, and returns the value
  /// that it should have: `.empty` where the register is free again.
  mutating func settle(_ index: Int, of vcpu: Int, value: ListRegister) -> ListRegister {
    let slot = slotInRegister(index, of: vcpu)
    var value = value
    if interfaces[vcpu].parked != 0 { unpark(index, of: vcpu, slot: slot, &value) }
    if value.state == .inactive && states[slot].flags.isDisjoint(with: .needsCareWhenEmptied) {
      return settleEmptied(index, of: vcpu, slot: slot, wasLinked: value.isLinked)
    }
    absorb(&value, slot: slot)
    states[slot].flags.remove(.linkedAgain)
    applyActiveRequests(&value, slot: slot)
    if hasSources(slot: slot) && !states[slot].flags.contains(.latchedInRegister) {
      // The request that the register stands for has been taken back; another CPU's may wait.
      value.isPending = false
    }
    let isWanted = states[slot].target == UInt8(vcpu) && forwards(slot) && states[slot].isPending
    if value.isPending {
      if isWanted && fits(value, slot: slot) {
        merge(&value, slot: slot)
      } else {
        giveBackPending(&value, slot: slot)
      }
    } else if value.isActive && states[slot].isLatched && forwards(slot) {
      pendAgain(&value, slot: slot, isWanted: isWanted)
    }
    guard value.state != .inactive else {
      free(index, of: vcpu, slot: slot)
      return .empty
    }
    if value.physicalID == nil && states[slot].flags.contains(.linked) { relink(&value, slot: slot) }
    // Whatever still waits in the model, a high wire included, can move on only when this register is done with; so can
    // others for which this register was made to tell. A wire that falls before the end saves that maintenance.
    value.signalsEndOfInterrupt =
      !value.isLinked
      && (states[slot].isWaiting || !states[slot].flags.isDisjoint(with: [.linked, .deactivatesInSoftware])
        || value.signalsEndOfInterrupt && interfaces[vcpu].hasCandidates)
    interfaces[vcpu].registers[index] = value
    return value
  }

  /// Settles a list register that the guest has emptied, by far the most frequent case: the interrupt that comes again
  /// takes the same register at once, unless others wait.
  private mutating func settleEmptied(_ index: Int, of vcpu: Int, slot: Int, wasLinked: Bool) -> ListRegister {
    var flags = states[slot].flags
    // The guest's deactivation was the physical interrupt's as well. If that one has come again, the link is its.
    if wasLinked && !flags.contains(.linkedAgain) { flags.remove(.linked) }
    flags.remove([.latchedInRegister, .requestedInRegister, .linkedAgain])
    states[slot].flags = flags
    interfaces[vcpu].changed &= ~(1 &<< UInt32(index))
    if !interfaces[vcpu].hasCandidates && states[slot].isWaiting && states[slot].target == UInt8(vcpu)
      && forwards(slot)
    {
      return occupy(index, of: vcpu, with: slot)
    }
    interfaces[vcpu].registers[index] = .empty
    interfaces[vcpu].used &= ~(1 &<< UInt32(index))
    states[slot].listRegister = InterruptState.noRegister
    if states[slot].isWaiting || flags.contains(.linked) { reconsider(slot) }
    return .empty
  }

  /// True where the pending half of a list register is, or can be made, what the guest wants of the interrupt. An active
  /// half keeps the priority and the group that it was acknowledged with, so that a pending half with others has to wait.
  private func fits(_ value: ListRegister, slot: Int) -> Bool {
    let state = states[slot]
    return value.state == .pending
      || value.priority == state.priority && value.isGroup1 == state.flags.contains(.group1)
  }

  /// Settles a list register of a vCPU that is not loaded.
  mutating func settleSaved(_ index: Int, of vcpu: Int) {
    let value = settle(index, of: vcpu, value: interfaces[vcpu].registers[index])
    if value.isPending { askFlush(of: vcpu) }
  }

  /// Takes in the guest's acknowledgements and deactivations.
  private mutating func absorb(_ value: inout ListRegister, slot: Int) {
    if !value.isPending { states[slot].flags.remove(.allLatchedInRegister) }
    if value.isActive { return }
    states[slot].flags.remove(.activatedByRequest)
    if states[slot].flags.contains(.deactivatesInSoftware) { deactivateBehind(slot) }
    if value.state == .inactive && value.isLinked {
      // The guest's deactivation was the physical interrupt's as well. If that one has come again, the link is its.
      if !states[slot].flags.contains(.linkedAgain) { states[slot].flags.remove(.linked) }
      value.physicalID = nil
    }
  }

  /// Does what writes to GICD_ISACTIVER and GICD_ICACTIVER left to be done.
  private mutating func applyActiveRequests(_ value: inout ListRegister, slot: Int) {
    let flags = states[slot].flags
    guard !flags.isDisjoint(with: [.activationAsked, .deactivationAsked]) else { return }
    states[slot].flags.remove([.activationAsked, .deactivationAsked])
    if flags.contains(.deactivationAsked) {
      if value.isActive && !flags.contains(.activatedByRequest) { orphanEnd(of: Int(states[slot].owner)) }
      value.isActive = false
      states[slot].flags.remove(.activatedByRequest)
      if flags.contains(.deactivatesInSoftware) { deactivateBehind(slot) }
    } else if !value.isActive {
      // Hardware ignores pending-and-active with the HW bit: the pending half waits in the model.
      if value.isLinked { giveBackPending(&value, slot: slot) }
      value.isActive = true
      states[slot].flags.insert(.activatedByRequest)
    }
  }

  /// Lets a pending list register stand for a request that has come since, and for the present priority and group.
  private mutating func merge(_ value: inout ListRegister, slot: Int) {
    states[slot].flags.moveLatchIntoRegister()
    if hasSources(slot: slot) { states[slot].sources &= ~(1 &<< value.source) }
    if value.state == .pending {
      value.priority = states[slot].priority
      value.isGroup1 = states[slot].flags.contains(.group1)
    }
  }

  /// Moves a list register's pending state back into the model.
  mutating func giveBackPending(_ value: inout ListRegister, slot: Int) {
    value.isPending = false
    guard states[slot].flags.contains(.latchedInRegister) else { return }
    if hasSources(slot: slot) {
      states[slot].flags.remove(.latchedInRegister)
      states[slot].sources |= 1 &<< (value.source & 7)
    } else {
      states[slot].flags.moveLatchFromRegister()
    }
  }

  /// Makes an active interrupt pending as well, or sees to it that the model hears of its deactivation.
  ///
  /// Without the HW bit the list register becomes pending and active. With it there is no such state, so that the link
  /// is cut: the register goes on without the HW bit, and EL2 deactivates the physical interrupt afterwards.
  private mutating func pendAgain(_ value: inout ListRegister, slot: Int, isWanted: Bool) {
    if value.isLinked { deactivateInSoftware(&value, slot: slot) }
    // While others wait for a list register the pending half waits with them: the deactivation alone tells nobody, and they
    // may be more urgent.
    guard isWanted && !interfaces[Int(states[slot].owner)].hasCandidates else { return }
    var both = value
    both.state = .pendingAndActive
    guard fits(both, slot: slot) else { return }
    if hasSources(slot: slot) {
      // Only the same CPU's request fits into this register; another CPU's waits for the end of interrupt.
      let bit: UInt8 = 1 &<< (value.source & 7)
      guard states[slot].sources & bit != 0 else { return }
      states[slot].sources &= ~bit
      states[slot].flags.insert(.latchedInRegister)
    } else {
      states[slot].flags.moveLatchIntoRegister()
    }
    value.isPending = true
  }

  /// Gives a list register whose interrupt has come from hardware as well the HW bit, where its state allows.
  private mutating func relink(_ value: inout ListRegister, slot: Int) {
    if value.state == .pending {
      // Without links the end of interrupt frees the register, and that the interrupt is linked asks for its deactivation.
      if usesHardwareLinks { value.physicalID = states[slot].physicalID }
    } else {
      states[slot].flags.insert(.deactivatesInSoftware)
    }
  }

  /// Cuts an active list register's link: it signals its end of interrupt, and the model deactivates.
  mutating func deactivateInSoftware(_ value: inout ListRegister, slot: Int) {
    value.physicalID = nil
    states[slot].flags.insert(.deactivatesInSoftware)
  }

  /// Frees a list register whose interrupt is inactive.
  mutating func free(_ index: Int, of vcpu: Int, slot: Int) {
    interfaces[vcpu].registers[index] = .empty
    interfaces[vcpu].used &= ~(1 &<< UInt32(index))
    interfaces[vcpu].changed &= ~(1 &<< UInt32(index))
    states[slot].listRegister = InterruptState.noRegister
    reconsider(slot)
  }

  /// Takes the interrupt out of list register `index` of `vcpu`, as last seen, with all of its state. One that the vCPU is
  /// handling becomes an evicted one.
  mutating func recall(_ index: Int, of vcpu: Int) {
    let slot = slotInRegister(index, of: vcpu)
    var value = interfaces[vcpu].registers[index]
    giveBackPending(&value, slot: slot)
    states[slot].flags.set(.active, to: value.isActive)
    if states[slot].isEvicted {
      states[slot].heldPriority = value.priority | (value.isGroup1 ? 1 : 0)
      states[slot].heldSource = value.source
      interfaces[vcpu].evictedCount &+= 1
    }
    free(index, of: vcpu, slot: slot)
  }

  /// Puts the candidate at `slot` into the free list register `index` of `vcpu`, and returns the register's value.
  mutating func place(_ slot: Int, into index: Int, of vcpu: Int) -> ListRegister {
    leaveQueue(slot)
    return occupy(index, of: vcpu, with: slot)
  }

  /// Puts the interrupt at `slot`, which is no candidate, into list register `index` of `vcpu`.
  mutating func occupy(_ index: Int, of vcpu: Int, with slot: Int) -> ListRegister {
    states[slot].listRegister = UInt8(truncatingIfNeeded: index)
    states[slot].owner = UInt8(truncatingIfNeeded: vcpu)
    interfaces[vcpu].used |= 1 &<< UInt32(index)
    states[slot].flags.remove(.deactivatesInSoftware)
    let state = states[slot]
    var value = ListRegister(
      virtualID: UInt16(truncatingIfNeeded: id(ofSlot: slot)),
      physicalID: state.flags.contains(.linked) && usesHardwareLinks ? state.physicalID : nil,
      priority: state.priority, state: .pending,
      isGroup1: state.flags.contains(.group1))
    interfaces[vcpu].registers[index] = value
    if state.flags.contains(.active) {
      if state.isEvicted {
        interfaces[vcpu].evictedCount &-= 1
        value.priority = state.heldPriority & 0xf8
        value.isGroup1 = state.heldPriority & 1 != 0
        value.source = state.heldSource
      }
      states[slot].flags.remove(.active)
      value.state = .active
      return settle(index, of: vcpu, value: value)
    }
    if state.sources != 0 {
      value.source = UInt8(truncatingIfNeeded: state.sources.trailingZeroBitCount)
      states[slot].sources &= state.sources &- 1
      states[slot].flags.insert(.latchedInRegister)
    } else {
      states[slot].flags.moveLatchIntoRegister()
    }
    value.signalsEndOfInterrupt =
      value.physicalID == nil && (states[slot].isWaiting || state.flags.contains(.linked))
    interfaces[vcpu].registers[index] = value
    return value
  }
}
