internal import Architecture

// Physical interrupts that nobody but EL2 can deactivate any more, because the guest took back its end of the link: it
// cleared the pending or the active state of a hardware interrupt in flight, or the VM was reset.

extension VirtualGIC {
  /// True where `takeDeactivation` may have something: one word to test on the way back to a guest.
  public var hasDeactivations: Bool {
    @inline(__always) get { deactivationCount != 0 }
  }

  /// True where an exit has left something to be done: `attention` for a vCPU, or a deactivation.
  public var hasUnsettled: Bool {
    @inline(__always) get { attention | UInt64(truncatingIfNeeded: deactivationCount) != 0 }
  }

  /// Takes the physical INTID of an interrupt that the caller shall deactivate, or nil where there is none. A private
  /// interrupt is handed out only for its own `vcpu`, on whose CPU it is active; an SPI for any.
  public mutating func takeDeactivation(vcpu: Int) -> UInt16? {
    guard deactivationCount != 0 else { return nil }
    let mask = interfaces[vcpu].deactivations
    if mask != 0 {
      interfaces[vcpu].deactivations = mask & (mask &- 1)
      deactivationCount &-= 1
      return states[vcpu &* 32 &+ mask.trailingZeroBitCount].physicalID
    }
    for word in sharedDeactivations.indices where sharedDeactivations[word] != 0 {
      let mask = sharedDeactivations[word]
      sharedDeactivations[word] = mask & (mask &- 1)
      deactivationCount &-= 1
      return slot(of: word &* 64 &+ mask.trailingZeroBitCount, vcpu: vcpu).map { states[$0].physicalID }
    }
    return nil
  }

  /// True where the physical interrupt behind interrupt `id` has to be active whenever `vcpu` is loaded: a list register
  /// with the HW bit refers to it, or the interrupt still waits for one. Exact after `unload`.
  public func hardwareLinkInUse(_ id: UInt16, vcpu: Int) -> Bool {
    slot(of: Int(id), vcpu: vcpu).map { states[$0].flags.contains(.linked) } ?? false
  }

  /// Unlinks the interrupt at `slot` and leaves its physical interrupt to the caller.
  mutating func askDeactivation(of slot: Int) {
    states[slot].flags.remove([.linked, .deactivatesInSoftware])
    setDeactivation(of: slot, to: true)
  }

  /// Forgets a deactivation that was asked for: the physical interrupt has come again, so that it has happened.
  mutating func cancelDeactivation(of slot: Int) {
    if deactivationCount != 0 { setDeactivation(of: slot, to: false) }
  }

  @inline(never)
  private mutating func setDeactivation(of slot: Int, to isAsked: Bool) {
    let id = id(ofSlot: slot)
    let wasAsked: Bool
    if isShared(slot: slot) {
      let bit: UInt64 = 1 &<< UInt64(id & 63)
      wasAsked = sharedDeactivations[id >> 6] & bit != 0
      if isAsked { sharedDeactivations[id >> 6] |= bit } else { sharedDeactivations[id >> 6] &= ~bit }
    } else {
      let bit: UInt32 = 1 &<< UInt32(id)
      wasAsked = interfaces[slot >> 5].deactivations & bit != 0
      if isAsked { interfaces[slot >> 5].deactivations |= bit } else { interfaces[slot >> 5].deactivations &= ~bit }
    }
    if isAsked != wasAsked { deactivationCount &+= isAsked ? 1 : -1 }
  }
}
