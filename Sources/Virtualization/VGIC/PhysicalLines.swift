public import Architecture

// The lines behind physical interrupts. EL2 hears when one rises, for it takes the interrupt, and nobody tells when it falls
// again: the guest does that by itself, at its timer or at a device of its own, while the interrupt waits here or in a list
// register. Pending of a level-sensitive interrupt is its line, or a write to GICD_ISPENDR (IHI 0048B §3.2.4, IHI 0069 §4.1.2),
// so the line is looked at wherever that comes to matter: when the interrupt is given a list register, whenever the one that
// holds it is looked at, and before its pending state is read. Between those a guest can take the interrupt once more
// than the line would have it, as it can on hardware whose line falls late.

extension VirtualGIC {
  /// Takes back `raiseHardware` where the guest has not acknowledged the interrupt yet, because the physical line has
  /// fallen. The physical interrupt becomes a deactivation to take. Does nothing where the interrupt is pending for other
  /// reasons.
  public mutating func lowerHardware(_ id: UInt16, vcpu: Int) {
    guard id >= 16, let slot = slot(of: Int(id), vcpu: vcpu), states[slot].followsPhysicalLine else { return }
    takeBackLine(slot)
    reconsider(slot)
  }

  /// True where `lowerHardware` may find something: worth a look at the physical line.
  public func mayBeRaisedInHardware(_ id: UInt16, vcpu: Int) -> Bool {
    physicalInterrupt(raising: id, vcpu: vcpu) != nil
  }

  /// The physical interrupt on whose line it hangs whether interrupt `id` of `vcpu` is still pending, or nil where it hangs on
  /// none.
  public func physicalInterrupt(raising id: UInt16, vcpu: Int) -> UInt16? {
    guard id >= 16, let slot = slot(of: Int(id), vcpu: vcpu), states[slot].followsPhysicalLine else { return nil }
    return states[slot].physicalID
  }

  /// Looks at the lines of the interrupts whose pending bits vCPU `reader` is about to read at `offset` of the distributor, or
  /// of the SGI frame of vCPU `owner`'s redistributor; `owner` is else the reader. Returns the bits of those whose lines are
  /// high: they are pending even while they are active.
  ///
  /// To be called before `synchronize`: what is ended there may well be about to come again. The lines of another vCPU's
  /// private interrupts are known to its CPU only.
  public mutating func lookAtLines<Registers: ListRegisters & ~Copyable>(
    offset: UInt32, width: AccessWidth, owner: Int, reader: Int, registers: borrowing Registers
  ) -> UInt64 {
    guard offset &- 0x200 < 0x100, width == .word, offset & 3 == 0 else { return 0 }
    let firstID = Int(offset & 0x7c) &* 8
    guard owner == reader || firstID >= 32 else { return 0 }
    var high: UInt64 = 0
    for index in 0..<32 {
      guard let slot = slot(of: firstID &+ index, vcpu: owner) else { break }
      guard states[slot].hangsOnLine else { continue }
      guard let isHigh = registers.isLineHigh(ofPhysical: states[slot].physicalID) else { continue }
      if isHigh {
        high |= 1 &<< UInt64(truncatingIfNeeded: index)
      } else if states[slot].followsPhysicalLine {
        takeBackLine(slot)
        reconsider(slot)
      }
    }
    return high
  }

  /// Looks at the line behind the interrupt at `slot`, an SPI or one of the vCPU that is loaded here. True where it has
  /// fallen, and with it the interrupt: its list register, if it has one, is to be settled.
  @inline(__always)
  @discardableResult
  mutating func lookAtLine<Registers: ListRegisters & ~Copyable>(
    _ slot: Int, _ registers: borrowing Registers
  ) -> Bool {
    states[slot].flags.contains(.linked) && takesBackFallenLine(slot, registers)
  }

  @inline(never)
  private mutating func takesBackFallenLine<Registers: ListRegisters & ~Copyable>(
    _ slot: Int, _ registers: borrowing Registers
  ) -> Bool {
    guard states[slot].followsPhysicalLine, registers.isLineHigh(ofPhysical: states[slot].physicalID) == false else {
      return false
    }
    takeBackLine(slot)
    if !states[slot].isInRegister { reconsider(slot) }
    return true
  }

  /// Makes the interrupt at `slot` not pending, as far as its line alone made it so.
  mutating func takeBackLine(_ slot: Int) {
    if !states[slot].flags.contains(.requested) { states[slot].flags.remove(.latched) }
    if !states[slot].flags.contains(.requestedInRegister) { states[slot].flags.remove(.latchedInRegister) }
  }

  /// The interrupt at `slot` is not active any more, and its physical interrupt is software's to deactivate. If that came once
  /// more and its line is still high, it comes again.
  mutating func deactivateBehind(_ slot: Int) {
    if states[slot].followsPhysicalLine { takeBackLine(slot) }
    askDeactivation(of: slot)
  }
}
