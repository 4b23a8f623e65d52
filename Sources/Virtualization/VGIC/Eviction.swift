internal import Architecture

// Interrupts that a vCPU is handling and whose list registers more urgent ones needed. Hardware counts the ends that find
// no list register (EOIcount) but does not say whose they were. While priority drop and deactivation are one (EOImode 0)
// an evicted interrupt that has been ended is one whose group priority is not among the active priorities any more: each
// acknowledgement's was more urgent than all before it, so that no two share one. With EOImode 1 the order of
// deactivations is the guest's: they trap (see `deactivate`). On a CPU that cannot do that one interrupt only is evicted at a
// time: the counted end is its.

extension VirtualGIC {
  /// Takes in the ends of evicted interrupts that the hardware of `vcpu` has counted.
  mutating func takeMissedEnds<Registers: ListRegisters & ~Copyable>(_ vcpu: Int, _ registers: inout Registers) {
    guard interfaces[vcpu].evictedCount != 0 else { return }
    var count = registers.control.missedEndCount
    guard count != 0 || interfaces[vcpu].orphanCount != 0 else { return }
    if count != 0 { registers.control = interfaces[vcpu].control }
    interfaces[vcpu].machineControl = registers.machineControl
    let isSeparate = separatesDeactivation(vcpu)
    if !isSeparate || registers.trapsDeactivations {
      // More there are only while EOImode has just changed, or of what ran before a CPU_ON.
      var rest = min(interfaces[vcpu].evictedCount, Self.endedAtOnce)
      var next = first(in: CandidateQueue.evicted, of: vcpu)
      // With EOImode 1 those that are counted are from before it was: the deactivations of evicted ones trap.
      while rest != 0, !isSeparate || count != 0, let slot = next {
        rest &-= 1
        next = self.next(to: slot)
        if isRunning(slot, of: vcpu, registers) { continue }
        count = count == 0 ? 0 : count &- 1
        endEvicted(slot)
      }
      if isSeparate { return }
      let orphanCount = min(count, interfaces[vcpu].orphanCount)
      interfaces[vcpu].orphanCount &-= orphanCount
      count &-= orphanCount
    }
    // Where the maintenance interrupt came late the guest has taken another of the same group priority since.
    while count != 0, let slot = innermostEvicted(of: vcpu) {
      count &-= 1
      endEvicted(slot)
    }
  }

  private mutating func endEvicted(_ slot: Int) {
    forgetEvicted(slot)
    reconsider(slot)
  }

  /// How many evicted interrupts are looked at, or given up, at once. There are 32 priorities to preempt each other.
  static var endedAtOnce: UInt32 { 64 }

  /// True where the group priority that the evicted interrupt at `slot` was acknowledged with is active in hardware:
  /// GICH_APR for both groups of a GICv2, ICH_AP0R<n>_EL2 and ICH_AP1R<n>_EL2 for those of a GICv3.
  @inline(__always)
  private func isRunning<Registers: ListRegisters & ~Copyable>(
    _ slot: Int, of vcpu: Int, _ registers: borrowing Registers
  ) -> Bool {
    let level = heldGroupPriority(slot, of: vcpu) &>> (8 &- registers.preemptionBitCount)
    let first = version == .v3 && states[slot].heldPriority & 1 != 0 ? 4 : 0
    return registers[activePriorities: first &+ level &>> 5] &>> UInt32(level & 31) & 1 != 0
  }

  @inline(__always)
  private func heldGroupPriority(_ slot: Int, of vcpu: Int) -> Int {
    let held = states[slot].heldPriority
    return interfaces[vcpu].groupPriority(held & 0xf8, isGroup1: held & 1 != 0)
  }

  /// Makes the evicted interrupt at `slot` inactive. Its state is to be reconsidered.
  mutating func forgetEvicted(_ slot: Int) {
    let owner = Int(states[slot].owner)
    leaveQueue(slot)
    interfaces[owner].evictedCount &-= 1
    states[slot].flags.remove([.active, .deactivatesInSoftware])
    // With EOImode 1 the next one that waits may have a list register now.
    if interfaces[owner].isLoaded && interfaces[owner].available != 0 && separatesDeactivation(owner) {
      askFlush(of: owner)
    }
  }

  /// Takes note that software has made an interrupt inactive that `vcpu` is handling: the end that the vCPU still owes will
  /// find no list register, and none of the evicted ones either. With EOImode 1 it owes no end but the drop of its priority.
  mutating func orphanEnd(of vcpu: Int) {
    guard !separatesDeactivation(vcpu) else { return }
    interfaces[vcpu].orphanCount = min(interfaces[vcpu].orphanCount &+ 1, 31)
  }

  /// The evicted interrupt of `vcpu` that was acknowledged last.
  @inline(__always)
  private func innermostEvicted(of vcpu: Int) -> Int? {
    guard var slot = first(in: CandidateQueue.evicted, of: vcpu) else { return nil }
    var innermost = slot
    for _ in 1..<min(max(interfaces[vcpu].evictedCount, 1), Self.endedAtOnce) {
      slot = self.next(to: slot)
      if heldGroupPriority(slot, of: vcpu) < heldGroupPriority(innermost, of: vcpu) { innermost = slot }
    }
    return innermost
  }
}
