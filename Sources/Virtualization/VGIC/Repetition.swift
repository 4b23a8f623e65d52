public import Architecture

// The shortest way of an interrupt to the vCPU that runs, for those that come again and again: the timer, and SGIs. When
// such an interrupt has been delivered and the guest has ended it, the model has not looked since and still takes its list
// register for pending. Writing the same value once more makes that true again: the state that the model would come to, had
// it looked, freed the register and filled it anew. So nothing of the model changes, and no lock is needed.

extension VirtualGIC {
  /// Delivers SGI or PPI `id` of `vcpu`, which must be loaded on this CPU, once more: an SGI that the vCPU `source` asks for
  /// (what GICv2 tells the guest), or an interrupt of hardware that has come again. False where the model has to do it.
  ///
  /// To be called with the VM's lock or without. Another CPU that changes something about the interrupt sets `needsFlush`
  /// with the lock held, before whatever it tells its guest; and it never touches a list register of a loaded vCPU that is
  /// in use, nor which are repeatable.
  @inline(__always)
  public mutating func repeatDelivery<Registers: ListRegisters & ~Copyable>(
    of id: Int, source: Int = 0, vcpu: Int, registers: inout Registers
  ) -> Bool {
    let index = Int(states[vcpu &* 32 &+ id].listRegister)
    let repeatable = interfaces[vcpu].repeatable & registers.emptyMask
    guard index < CPUInterfaceState.maximumRegisterCount, repeatable &>> UInt32(index) & 1 != 0,
      !interfaces[vcpu].needsFlush
    else { return false }
    let value = interfaces[vcpu].registers[index]
    guard Int(value.virtualID) == id, Int(value.source) == source else { return false }
    if !usesHardwareLinks { interfaces[vcpu].parked &= ~(1 &<< UInt32(index)) }
    registers[index] = value
    return true
  }

  /// Writes a list register of the vCPU that is loaded, and finds out whether that value may be repeated.
  @inline(__always)
  mutating func write<Registers: ListRegisters & ~Copyable>(
    _ value: ListRegister, to index: Int, of vcpu: Int, _ registers: inout Registers
  ) {
    registers[index] = value
    let bit: UInt32 = 1 &<< UInt32(index)
    if isRepeatable(value, of: vcpu) {
      interfaces[vcpu].repeatable |= bit
    } else {
      interfaces[vcpu].repeatable &= ~bit
    }
  }

  /// True where the list register's value is all that there is to the interrupt: a request in it and none beside it, no
  /// wire, nothing active, and at its end nothing to be done but, without hardware links, a deactivation.
  private func isRepeatable(_ value: ListRegister, of vcpu: Int) -> Bool {
    guard value.state == .pending, value.virtualID < 32 else { return false }
    let state = states[vcpu &* 32 &+ Int(value.virtualID)]
    let isPlain = state.flags.subtracting([.enabled, .edge, .group1, .linked, .hasNoLine]) == .latchedInRegister
    // What repeats a PPI is its physical interrupt: not one that the guest itself has made pending before.
    return isPlain && state.sources == 0 && (value.virtualID < 16) != state.flags.contains(.linked)
  }

  /// Leaves the linked interrupt whose end has just been signalled in its list register, for the next time, and leaves its
  /// physical interrupt to the caller: what the HW bit does where it works. False where there is more to be done.
  mutating func park(_ index: Int, of vcpu: Int) -> Bool {
    let bit: UInt32 = 1 &<< UInt32(index)
    let slot = slotInRegister(index, of: vcpu)
    guard interfaces[vcpu].repeatable & bit != 0, !interfaces[vcpu].needsFlush, !interfaces[vcpu].hasCandidates,
      states[slot].flags.contains(.linked)
    else { return false }
    askDeactivation(of: slot)
    states[slot].flags.insert(.linked)
    interfaces[vcpu].parked |= bit
    return true
  }

  /// Takes note that a list register is looked at: if it was parked, its interrupt has no physical one any more, unless that
  /// has come again. `value` is what hardware has, where nothing tells any more whose list register it is.
  mutating func unpark(_ index: Int, of vcpu: Int, slot: Int, _ value: inout ListRegister) {
    let bit: UInt32 = 1 &<< UInt32(index)
    guard interfaces[vcpu].parked & bit != 0 else { return }
    interfaces[vcpu].parked &= ~bit
    value = interfaces[vcpu].registers[index]
    value.state = .inactive
    if !states[slot].flags.contains(.linkedAgain) { states[slot].flags.remove(.linked) }
  }
}
