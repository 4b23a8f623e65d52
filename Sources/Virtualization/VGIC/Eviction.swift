internal import Architecture

// Interrupts that a vCPU is handling and whose list registers more urgent ones needed. Hardware counts the ends that find
// no list register (EOIcount) but does not say whose they were. While priority drop and deactivation are one (EOImode 0)
// ends come in the reverse order of acknowledgements, and each acknowledgement's group priority was more urgent than all
// before it: so each counted end is that of the evicted interrupt whose group priority is the most urgent. With EOImode 1 the order is the guest's: nothing is evicted.

extension VirtualGIC {
  /// Takes in the ends of evicted interrupts that the hardware of `vcpu` has counted.
  mutating func takeMissedEnds<Registers: ListRegisters & ~Copyable>(_ vcpu: Int, _ registers: inout Registers) {
    guard interfaces[vcpu].evictedCount != 0 else { return }
    var count = registers.control.missedEndCount
    guard count != 0 else { return }
    registers.control = interfaces[vcpu].control
    interfaces[vcpu].machineControl = registers.machineControl
    while count != 0, let slot = innermostEvicted(of: vcpu) {
      count &-= 1
      forgetEvicted(slot)
      reconsider(slot)
    }
  }

  /// Makes the evicted interrupt at `slot` inactive. Its state is to be reconsidered.
  mutating func forgetEvicted(_ slot: Int) {
    let owner = Int(states[slot].owner)
    interfaces[owner].evictedCount &-= 1
    states[slot].flags.remove([.active, .deactivatesInSoftware])
    setCandidate(slot, of: owner, to: false)
  }

  /// The evicted interrupt of `vcpu` that was acknowledged last.
  private func innermostEvicted(of vcpu: Int) -> Int? {
    let slot = firstCandidate(of: vcpu) { slot in
      let state = states[slot]
      guard state.isEvicted else { return .max &- 1 }
      return interfaces[vcpu].groupPriority(state.heldPriority & 0xf8, isGroup1: state.heldPriority & 1 != 0)
    }
    return slot.flatMap { states[$0].isEvicted ? $0 : nil }
  }
}
