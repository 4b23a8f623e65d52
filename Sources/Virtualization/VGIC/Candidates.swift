internal import Architecture

// The interrupts that a vCPU's list registers should hold and do not: a bitmap for each vCPU, with one word that says
// which words of it are not zero.

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
    let isActive = state.flags.contains(.active)
    let isPending = state.isPending
    if state.flags.contains(.linked) && !isActive && !isPending { askDeactivation(of: slot) }
    // Whoever is handling an interrupt goes on doing so, wherever the guest sends the next one.
    if state.isEvicted { return setCandidate(slot, of: Int(state.owner), to: true) }
    guard state.target != InterruptState.noTarget else { return }
    let isCandidate = isActive || (isPending && forwards(slot))
    if !isCandidate || !occupyFree(slot, of: Int(state.target)) {
      setCandidate(slot, of: Int(state.target), to: isCandidate)
    }
  }

  /// Gives the interrupt at `slot` a free list register of `vcpu`, if the vCPU is loaded and nobody waits: the way of most
  /// interrupts, which the next flush only has to write.
  @inline(__always)
  private mutating func occupyFree(_ slot: Int, of vcpu: Int) -> Bool {
    let free = interfaces[vcpu].available & ~interfaces[vcpu].used
    guard free != 0 && interfaces[vcpu].candidateWords == 0 else { return false }
    let index = free.trailingZeroBitCount
    interfaces[vcpu].unwritten |= 1 &<< UInt32(index)
    _ = occupy(index, of: vcpu, with: slot)
    askFlush(of: vcpu)
    return true
  }

  /// Considers every interrupt anew that the distributor's group enables, which have changed, make a difference to: what waits
  /// or is in a list register. A guest may change them as often as it likes, and whoever shares its CPU waits meanwhile.
  mutating func reconsiderAll() {
    for slot in states.indices {
      let state = states[slot]
      if state.isInRegister || state.isPending { reconsider(slot) }
    }
  }

  /// Forwards the interrupt at `slot` to another vCPU, or to none.
  mutating func retarget(_ slot: Int, to target: UInt8) {
    let old = states[slot].target
    guard old != target else { return }
    if old != InterruptState.noTarget && !states[slot].isEvicted { setCandidate(slot, of: Int(old), to: false) }
    states[slot].target = target
    reconsider(slot)
  }

  /// Takes note that `vcpu` has something to flush.
  @inline(__always)
  mutating func askFlush(of vcpu: Int) {
    interfaces[vcpu].needsFlush = true
    attention |= 1 &<< UInt64(vcpu)
  }

  /// Puts the interrupt at `slot` among the candidates of `vcpu`, or takes it away.
  mutating func setCandidate(_ slot: Int, of vcpu: Int, to isCandidate: Bool) {
    let id = id(ofSlot: slot)
    let word = vcpu &* candidateWordCount &+ id >> 6
    let bit: UInt64 = 1 &<< UInt64(id & 63)
    if isCandidate {
      candidates[word] |= bit
      interfaces[vcpu].candidateWords |= 1 &<< UInt32(id >> 6)
      askFlush(of: vcpu)
    } else {
      candidates[word] &= ~bit
      if candidates[word] == 0 { interfaces[vcpu].candidateWords &= ~(1 &<< UInt32(id >> 6)) }
    }
  }

  /// The slot of the candidate of `vcpu` that is to be delivered first, or nil where there is none: the least
  /// `urgency` of its slot, and of equals the lowest INTID.
  func firstCandidate(of vcpu: Int, urgency: (Int) -> Int) -> Int? {
    var words = interfaces[vcpu].candidateWords
    var best: Int?
    var bestUrgency = Int.max
    while words != 0 {
      let word = words.trailingZeroBitCount
      words &= words &- 1
      var bits = candidates[vcpu &* candidateWordCount &+ word]
      while bits != 0 {
        guard let slot = slot(of: word &* 64 &+ bits.trailingZeroBitCount, vcpu: vcpu) else { break }
        bits &= bits &- 1
        if best == nil && bits == 0 && words == 0 { return slot }
        let urgency = urgency(slot)
        if urgency < bestUrgency { (best, bestUrgency) = (slot, urgency) }
      }
    }
    return best
  }
}
