public import Architecture

// Deactivations that a guest asks for by themselves (EOImode 1: ICC_DIR_EL1 of IHI 0069, GICC_DIR of IHI 0048B). Hardware
// does those whose interrupt is active in a list register of the same CPU. Of others it says at most that there was one, not
// whose: of an interrupt that had to leave its list register, that software has made active, or that another vCPU has
// acknowledged. So they trap as long as there may be such a one. With GICv3 that is while an active interrupt of the vCPU is in
// no list register, and always where the VM has several vCPUs: the others acknowledge without telling anybody. GICv2's
// register, which has a page of its own, traps always. Guests with EOImode 0 never write to either.

extension VirtualGIC {
  /// Where a GICv2's CPU interface has GICC_DIR, alone on a page that is never mapped.
  public static var deactivationOffset: UInt32 { 0x1000 }

  /// What makes deactivations trap, where the host's interface has a say in that.
  @inline(__always)
  var trapControl: InterfaceControl { version == .v3 ? .deactivationTrap : [] }

  /// Does what `vcpu`, which is loaded here, writes to ICC_DIR_EL1 or GICC_DIR: deactivates an interrupt of its own, or an
  /// SPI whoever has acknowledged it. With EOImode 0 the architecture leaves that unpredictable, and it does nothing.
  public mutating func deactivate<Registers: ListRegisters & ~Copyable>(
    register value: UInt32, vcpu: Int, registers: inout Registers
  ) {
    interfaces[vcpu].machineControl = registers.machineControl
    let id = Int(truncatingIfNeeded: version == .v2 ? value & 0x3ff : value & 0xff_ffff)
    guard separatesDeactivation(vcpu), let slot = slot(of: id, vcpu: vcpu) else { return }
    // What the vCPU itself did since the last look comes first.
    if states[slot].isInRegister && Int(states[slot].owner) == vcpu {
      settle(1 &<< UInt32(states[slot].listRegister), of: vcpu, &registers)
    }
    let source = UInt8(truncatingIfNeeded: value >> 10 & 7)
    guard !hasSources(slot: slot) || activeSource(slot) == source else { return }
    deactivate(slot)
    // There may be room for others now, and nothing that has to trap any more.
    askFlush(of: vcpu)
  }

  /// Makes the interrupt at `slot` inactive, whoever handles it and wherever that is.
  private mutating func deactivate(_ slot: Int) {
    guard states[slot].isInRegister || states[slot].isEvicted else {
      if states[slot].flags.contains(.active) { setActive(slot, to: false) }
      return
    }
    // Its handler has dropped its priority. It owes another end only if that is a deactivation, too.
    let isEndOwed = !separatesDeactivation(Int(states[slot].owner))
    if isEndOwed { return setActive(slot, to: false) }
    if states[slot].isInRegister {
      states[slot].flags.insert(.activatedByRequest)
      setActive(slot, to: false)
    } else {
      forgetEvicted(slot)
      reconsider(slot)
    }
  }

  /// Who sent the SGI at `slot` that a vCPU is handling, nil where none is.
  private func activeSource(_ slot: Int) -> UInt8? {
    let state = states[slot]
    if state.isEvicted { return state.heldSource }
    guard state.isInRegister else { return state.flags.contains(.active) ? 0 : nil }
    return interfaces[Int(state.owner)].registers[Int(state.listRegister)].source
  }

  /// Takes note that software has made the interrupt at `slot`, which is in no list register, active. If it goes to no vCPU,
  /// none waits for a list register on its account, and any may deactivate it.
  mutating func noteActive(_ slot: Int) {
    guard states[slot].target == InterruptState.noTarget, !baseControl.contains(trapControl) else { return }
    baseControl.formUnion(trapControl)
    for vcpu in 0..<vcpuCount { askFlush(of: vcpu) }
  }
}
