internal import Architecture

// The interrupts that a vCPU's list registers should hold and do not: its candidates. They wait in queues, one for each group
// and priority and two for what is active, so that the most urgent one is found at once, however many a guest makes pending:
// whoever shares its CPU waits meanwhile. A queue is a ring of slots, in the order in which they came. What only reads is
// inlined, because a value of this size is copied for a call that only reads it.

/// Which of its vCPU's queues a candidate waits in: 0 to 31 for what is pending, of group 0, by priority; 32 to 63 the same of
/// group 1.
enum CandidateQueue {
  /// Waits in no queue.
  static var none: UInt8 { 0xff }
  /// Being handled, without a list register that says so.
  static var evicted: UInt8 { 64 }
  /// Active because a guest has said so.
  static var requested: UInt8 { 65 }
  /// How many there are.
  static var count: Int { 66 }

  /// The queues of what is pending in the groups of GICD_CTLR's or VMCR's two enable bits.
  @inline(__always)
  static func pending(inGroups enables: UInt32) -> UInt64 {
    (enables & 1 != 0 ? 0xffff_ffff : 0) | (enables & 2 != 0 ? 0xffff_ffff << 32 : 0)
  }
}

extension VirtualGIC {
  /// Takes note that the interrupt at `slot` may now be pending, active, forwarded or none of these where it was not
  /// before. To be called after each change of a state.
  @inline(never)
  mutating func reconsider(_ slot: Int) {
    let state = states[slot]
    if state.isInRegister {
      let owner = Int(state.owner)
      if interfaces[owner].isLoaded {
        interfaces[owner].changed |= 1 &<< UInt32(state.listRegister)
        askFlush(of: owner)
      } else {
        settleSaved(Int(state.listRegister), of: owner)
      }
      return
    }
    if state.flags.contains(.linked) && !state.flags.contains(.active) && !state.isPending {
      askDeactivation(of: slot)
    }
    let queue = queue(for: state)
    guard queue != state.queue else { return }
    leaveQueue(slot)
    if queue == CandidateQueue.none { return }
    // Whoever is handling an interrupt goes on doing so, wherever the guest sends the next one.
    if queue == CandidateQueue.evicted { return join(queue, slot, of: Int(state.owner)) }
    let isDue = queue == CandidateQueue.requested || deliverable &>> UInt64(queue) & 1 != 0
    // Of one whose physical interrupt came some time ago the flush looks at the line first.
    if !isDue || state.flags.contains(.linked) || !occupyFree(slot, of: Int(state.target)) {
      join(queue, slot, of: Int(state.target))
    }
  }

  /// Gives the interrupt at `slot`, whose physical interrupt has just come, a free list register, if it waits for nothing else
  /// and nobody waits for one.
  mutating func occupiesAtOnce(_ slot: Int) -> Bool {
    let state = states[slot]
    guard !state.isInRegister, state.queue == CandidateQueue.none, state.target != InterruptState.noTarget,
      !state.flags.contains(.active), forwards(slot)
    else { return false }
    return occupyFree(slot, of: Int(state.target))
  }

  /// Where an interrupt that is in no list register belongs. The groups that the distributor forwards are left out of this, so
  /// that a guest may turn them on and off without anybody's looking at every interrupt.
  @inline(__always)
  private func queue(for state: InterruptState) -> UInt8 {
    if state.isEvicted { return CandidateQueue.evicted }
    guard state.target != InterruptState.noTarget else { return CandidateQueue.none }
    if state.flags.contains(.active) { return CandidateQueue.requested }
    guard state.flags.contains(.enabled) && state.isPending else { return CandidateQueue.none }
    return state.priority &>> 3 | (state.flags.contains(.group1) ? 32 : 0)
  }

  /// Gives the interrupt at `slot` a free list register of `vcpu`, if nobody waits: the way of most interrupts, which the next
  /// flush, or load, only has to write.
  @inline(__always)
  private mutating func occupyFree(_ slot: Int, of vcpu: Int) -> Bool {
    let free = interfaces[vcpu].available & ~interfaces[vcpu].used
    guard free != 0 && !interfaces[vcpu].hasCandidates else { return false }
    let index = free.trailingZeroBitCount
    if interfaces[vcpu].isLoaded { interfaces[vcpu].unwritten |= 1 &<< UInt32(index) }
    _ = occupy(index, of: vcpu, with: slot)
    askFlush(of: vcpu)
    return true
  }

  /// Takes note that the distributor forwards other groups than before. What that means for each of the vCPUs is looked at piece
  /// by piece.
  mutating func setEnabledGroups(_ groups: UInt32) -> UnfinishedWrite {
    guard groups != enabledGroups else { return .none }
    enabledGroups = groups
    return UnfinishedWrite(reconsidering: ~0 &>> UInt64(truncatingIfNeeded: 64 &- vcpuCount), from: 0)
  }

  /// Looks at a few more list registers of the first of these vCPUs, from that one on.
  mutating func reconsiderSome(of vcpus: UInt64, from first: Int) -> UnfinishedWrite {
    guard vcpus != 0 else { return .none }
    let vcpu = vcpus.trailingZeroBitCount
    if first == 0 {
      updateHasCandidates(vcpu)
      if interfaces[vcpu].hasCandidates { askFlush(of: vcpu) }
    }
    // What was put there meanwhile was forwarded by what the distributor says now.
    var used = interfaces[vcpu].used & (~0 &<< UInt32(truncatingIfNeeded: first))
    for _ in 0..<Self.registersAtOnce where used != 0 {
      reconsider(slotInRegister(used.trailingZeroBitCount, of: vcpu))
      used &= used &- 1
    }
    return used != 0
      ? UnfinishedWrite(reconsidering: vcpus, from: used.trailingZeroBitCount)
      : UnfinishedWrite(reconsidering: vcpus & (vcpus &- 1), from: 0)
  }

  /// Forwards the interrupt at `slot` to another vCPU, or to none.
  mutating func retarget(_ slot: Int, to target: UInt8) {
    guard states[slot].target != target else { return }
    if !states[slot].isEvicted { leaveQueue(slot) }
    states[slot].target = target
    reconsider(slot)
  }

  /// Takes note that `vcpu` has something to flush.
  @inline(__always)
  mutating func askFlush(of vcpu: Int) {
    interfaces[vcpu].needsFlush = true
    attention |= 1 &<< UInt64(vcpu)
  }
}

// The queues.

extension VirtualGIC {
  /// The queues of what is pending that the distributor forwards.
  @inline(__always)
  private var deliverable: UInt64 { CandidateQueue.pending(inGroups: enabledGroups) }

  /// Who waits behind the candidate at `slot` in its queue; the first one is behind the last one.
  @inline(__always)
  func next(to slot: Int) -> Int { Int(links[slot &* 2]) }

  /// Where `links` has the first one of a queue of `vcpu`.
  @inline(__always)
  private func head(of queue: UInt8, of vcpu: Int) -> Int {
    states.count &* 2 &+ vcpu &* CandidateQueue.count &+ Int(queue)
  }

  /// Lets `next` wait behind `slot`.
  @inline(__always)
  private func link(_ slot: UInt16, to next: UInt16) {
    links[Int(slot) &* 2] = next
    links[Int(next) &* 2 &+ 1] = slot
  }

  /// Puts the interrupt at `slot`, which waits nowhere, at the end of a queue of `vcpu`.
  private mutating func join(_ queue: UInt8, _ slot: Int, of vcpu: Int) {
    let name = UInt16(truncatingIfNeeded: slot)
    let head = head(of: queue, of: vcpu)
    states[slot].queue = queue
    if isEmpty(queue, of: vcpu) {
      link(name, to: name)
      links[head] = name
      setEmpty(queue, of: vcpu, false)
    } else {
      let first = links[head]
      link(links[Int(first) &* 2 &+ 1], to: name)
      link(name, to: first)
    }
    guard queue >= 64 || deliverable &>> UInt64(queue) & 1 != 0 else { return }
    interfaces[vcpu].hasCandidates = true
    askFlush(of: vcpu)
  }

  /// Takes the interrupt at `slot` out of its queue, if it is in one.
  mutating func leaveQueue(_ slot: Int) {
    let queue = states[slot].queue
    guard queue != CandidateQueue.none else { return }
    let vcpu = Int(queue == CandidateQueue.evicted ? states[slot].owner : states[slot].target)
    let next = links[slot &* 2]
    states[slot].queue = CandidateQueue.none
    if Int(next) == slot {
      setEmpty(queue, of: vcpu, true)
      return updateHasCandidates(vcpu)
    }
    link(links[slot &* 2 &+ 1], to: next)
    let head = head(of: queue, of: vcpu)
    if Int(links[head]) == slot { links[head] = next }
  }

  @inline(__always)
  private func isEmpty(_ queue: UInt8, of vcpu: Int) -> Bool {
    queue < 64
      ? interfaces[vcpu].pendingQueues &>> UInt64(queue) & 1 == 0
      : interfaces[vcpu].activeQueues &>> (queue &- 64) & 1 == 0
  }

  private mutating func setEmpty(_ queue: UInt8, of vcpu: Int, _ isEmpty: Bool) {
    if queue < 64 {
      let bit: UInt64 = 1 &<< UInt64(queue)
      if isEmpty { interfaces[vcpu].pendingQueues &= ~bit } else { interfaces[vcpu].pendingQueues |= bit }
    } else {
      let bit: UInt8 = 1 &<< (queue &- 64)
      if isEmpty { interfaces[vcpu].activeQueues &= ~bit } else { interfaces[vcpu].activeQueues |= bit }
    }
  }

  private mutating func updateHasCandidates(_ vcpu: Int) {
    interfaces[vcpu].hasCandidates =
      interfaces[vcpu].pendingQueues & deliverable != 0 || interfaces[vcpu].activeQueues != 0
  }

  /// The first one in a queue of `vcpu`, or nil where it is empty.
  @inline(__always)
  func first(in queue: UInt8, of vcpu: Int) -> Int? {
    isEmpty(queue, of: vcpu) ? nil : Int(links[head(of: queue, of: vcpu)])
  }

  /// The candidate of `vcpu` that is to be delivered first, or nil where there is none: by priority, one of the groups in
  /// `enables` before one of the others, and what is active, which has nothing to deliver, last.
  @inline(__always)
  func firstCandidate(of vcpu: Int, preferring enables: UInt32) -> Int? {
    let all = interfaces[vcpu].pendingQueues & deliverable
    let preferred = all & CandidateQueue.pending(inGroups: enables)
    let pending = preferred != 0 ? preferred : all
    guard pending != 0 else {
      return first(in: CandidateQueue.evicted, of: vcpu) ?? first(in: CandidateQueue.requested, of: vcpu)
    }
    let byPriority = UInt32(truncatingIfNeeded: pending | pending >> 32)
    let priority = UInt8(truncatingIfNeeded: byPriority.trailingZeroBitCount)
    return first(in: pending &>> UInt64(priority) & 1 != 0 ? priority : priority | 32, of: vcpu)
  }

  /// True where a candidate of `vcpu` is pending that its CPU interface would signal: of a group that it has enabled, and of a
  /// priority that its mask lets through.
  @inline(__always)
  func hasSignalledCandidate(_ vcpu: Int) -> Bool {
    let control = interfaces[vcpu].machineControl
    let pending = interfaces[vcpu].pendingQueues & deliverable & CandidateQueue.pending(inGroups: control)
    // Priorities below the mask, in units of eight.
    let count = UInt64(control >> 24 &+ 7) >> 3
    return UInt64(UInt32(truncatingIfNeeded: pending | pending >> 32)) & ((1 &<< count) &- 1) != 0
  }
}
