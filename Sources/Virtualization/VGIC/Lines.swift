internal import Architecture

extension VirtualGIC {
  /// Sets the level of the wire of interrupt `id`: a PPI of `vcpu` or, whatever `vcpu` is, an SPI. A rising level makes
  /// an edge-triggered interrupt pending; a level-sensitive one is pending while the level is high. SGIs have no wire,
  /// and interrupts that there are not are ignored.
  public mutating func setLine(_ id: UInt16, vcpu: Int, isHigh: Bool) {
    guard id >= 16, let slot = slot(of: Int(id), vcpu: vcpu) else { return }
    let flags = states[slot].flags
    guard flags.contains(.high) != isHigh else { return }
    states[slot].flags.set(.high, to: isHigh)
    if !flags.contains(.edge) {
      reconsider(slot)
    } else if isHigh {
      latch(slot)
    }
  }

  /// Makes interrupt `id` pending for a physical interrupt that EL2 has acknowledged and that the guest's deactivation
  /// shall deactivate (the HW bit; IHI 0048B §5.2.2, IHI 0069 §6.4): a PPI of `vcpu`, whose CPU this is, or an SPI. A PPI of
  /// a vCPU that is not loaded may be told of before EL2 has seen it: who loads the vCPU makes the physical one active.
  ///
  /// A physical line that is still high after the deactivation comes again. One that falls before the guest acknowledges takes
  /// the interrupt with it (`lookAtLine`), if both are level-sensitive: `isEdge` says of the physical one that it is not.
  public mutating func raiseHardware(_ id: UInt16, physicalID: UInt16, vcpu: Int, isEdge: Bool = false) {
    guard id >= 16, let slot = slot(of: Int(id), vcpu: vcpu) else { return }
    cancelDeactivation(of: slot)
    states[slot].physicalID = physicalID
    let isLinkedInRegister = states[slot].isInRegister && states[slot].flags.contains(.linked)
    states[slot].flags.insert(isLinkedInRegister ? [.latched, .linkedAgain] : [.latched, .linked])
    states[slot].flags.set(.hasNoLine, to: isEdge)
    if !occupiesAtOnce(slot) { reconsider(slot) }
  }

  /// Makes the interrupt at `slot` pending once, for an edge or a request by software.
  mutating func latch(_ slot: Int) {
    states[slot].flags.insert(.latched)
    reconsider(slot)
  }

  /// Makes the interrupt at `slot` not pending, as far as no high level keeps it so (GICD_ICPENDR).
  mutating func unlatch(_ slot: Int) {
    states[slot].flags.remove([.requested, .requestedInRegister])
    // Of what hangs on a line the line says it, at which the next look goes.
    if !states[slot].hangsOnLine { states[slot].flags.remove([.latched, .latchedInRegister]) }
    states[slot].sources = 0
    reconsider(slot)
  }

  /// The same for a write of software's (GICD_ISPENDR): no line takes it back.
  mutating func request(_ slot: Int) {
    states[slot].flags.insert(.requested)
    latch(slot)
  }

  /// Makes the interrupt at `slot` active or not (GICD_ISACTIVER, GICD_ICACTIVER).
  mutating func setActive(_ slot: Int, to isActive: Bool) {
    if states[slot].isInRegister {
      states[slot].flags.set(.activationAsked, to: isActive)
      states[slot].flags.set(.deactivationAsked, to: !isActive)
    } else if states[slot].isEvicted {
      guard !isActive else { return }
      orphanEnd(of: Int(states[slot].owner))
      forgetEvicted(slot)
    } else {
      states[slot].flags.set([.active, .activatedByRequest], to: isActive)
      if isActive { noteActive(slot) }
    }
    reconsider(slot)
  }
}
