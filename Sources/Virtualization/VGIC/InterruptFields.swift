internal import Architecture

extension VirtualGIC {
  /// Reads a register array as `vcpu` sees it: its own SGIs and PPIs, and the SPIs.
  func read(_ register: InterruptRegister, vcpu: Int) -> UInt64 {
    switch register.field {
    case .group: collect(register, vcpu) { states[$0].flags.contains(.group1) ? 1 : 0 }
    case .setEnable, .clearEnable: collect(register, vcpu) { states[$0].flags.contains(.enabled) ? 1 : 0 }
    case .setPending, .clearPending: collect(register, vcpu) { states[$0].isPending ? 1 : 0 }
    case .setActive, .clearActive: collect(register, vcpu) { isActive($0) ? 1 : 0 }
    case .priority: collect(register, vcpu) { UInt32(states[$0].priority) }
    case .targets: collect(register, vcpu) { targets($0, vcpu: vcpu) }
    case .configuration: collect(register, vcpu) { states[$0].flags.contains(.edge) ? 2 : 0 }
    case .clearSources, .setSources: collect(register, vcpu) { sources($0) }
    }
  }

  /// The fields of an access, by what `field` says of each slot. They are all private or all shared, so that their slots
  /// follow one another.
  @inline(__always)
  private func collect(_ register: InterruptRegister, _ vcpu: Int, _ field: (Int) -> UInt32) -> UInt64 {
    guard let first = slot(of: register.firstID, vcpu: vcpu) else { return 0 }
    let end = register.firstID < 32 ? 32 : interruptCount
    var value: UInt32 = 0
    for index in 0..<min(register.fieldCount, end &- register.firstID) {
      value |= field(first &+ index) &<< register.shift(of: index)
    }
    return UInt64(value)
  }

  /// Begins to write a register array as `vcpu` sees it; says what is left.
  mutating func write(_ register: InterruptRegister, value: UInt64, vcpu: Int) -> UnfinishedWrite {
    let value = UInt32(truncatingIfNeeded: value)
    return writeSome(register, fields: register.writtenFields(value), value: value, vcpu: vcpu)
  }

  /// GICD_ISENABLER and GICR_ISENABLER0: interrupts from `firstID` on. Says which bits are left.
  @inline(__always)
  mutating func enable(_ firstID: Int, _ mask: UInt32, vcpu: Int) -> UInt32 {
    var mask = mask
    // To pass over one that is on already takes an eighth of the time that it takes to turn one on.
    var left = 8 &* Self.fieldsAtOnce
    while mask != 0 && left > 0 {
      guard let slot = slot(of: firstID &+ mask.trailingZeroBitCount, vcpu: vcpu) else { return 0 }
      mask &= mask &- 1
      if states[slot].flags.contains(.enabled) {
        left &-= 1
      } else {
        left &-= 8
        enable(slot)
      }
    }
    return mask
  }

  @inline(__always)
  private mutating func enable(_ slot: Int) {
    states[slot].flags.insert(.enabled)
    reconsider(slot)
  }

  mutating func write(_ field: InterruptRegister.Field, value: UInt32, slot: Int) {
    switch field {
    case .group: change(slot, .group1, to: value != 0)
    case .setEnable: if !states[slot].flags.contains(.enabled) { enable(slot) }
    case .clearEnable: if value != 0 && !hasSources(slot: slot) { change(slot, .enabled, to: false) }
    case .setPending: if value != 0 && !hasSources(slot: slot) { request(slot) }
    case .clearPending: if value != 0 && !hasSources(slot: slot) { unlatch(slot) }
    case .setActive: if value != 0 { setActive(slot, to: true) }
    case .clearActive: if value != 0 { setActive(slot, to: false) }
    case .priority: setPriority(slot, to: value)
    case .targets: setTargets(slot, to: value)
    case .configuration: if !isSGI(slot: slot) { setEdge(slot, to: value & 2 != 0) }
    case .clearSources: clearSources(slot, value)
    case .setSources: setSources(slot, value)
    }
  }

  /// GICD_ICFGR: edge-triggered or level-sensitive.
  private mutating func setEdge(_ slot: Int, to isEdge: Bool) {
    // What was pending by a line that may be low by now is no edge. If the line is high, its physical interrupt comes again.
    if isEdge && states[slot].followsPhysicalLine { takeBackLine(slot) }
    change(slot, .edge, to: isEdge)
  }

  private mutating func change(_ slot: Int, _ flag: InterruptState.Flags, to isSet: Bool) {
    guard states[slot].flags.contains(flag) != isSet else { return }
    states[slot].flags.set(flag, to: isSet)
    reconsider(slot)
  }

  private func isActive(_ slot: Int) -> Bool {
    let state = states[slot]
    guard state.isInRegister else { return state.flags.contains(.active) }
    if state.flags.contains(.activationAsked) { return true }
    if state.flags.contains(.deactivationAsked) { return false }
    return interfaces[Int(state.owner)].registers[Int(state.listRegister)].isActive
  }

  /// GICD_IPRIORITYR: 32 levels, as many as the virtual CPU interface tells apart (IHI 0048B §5.2.3).
  private mutating func setPriority(_ slot: Int, to value: UInt32) {
    let priority = UInt8(truncatingIfNeeded: value) & 0xf8
    guard states[slot].priority != priority else { return }
    states[slot].priority = priority
    reconsider(slot)
  }
}

// GICD_ITARGETSR (IHI 0048B §4.3.12).

extension VirtualGIC {
  /// SGIs and PPIs read as the CPU that reads; everything reads as zero where there is one CPU only.
  private func targets(_ slot: Int, vcpu: Int) -> UInt32 {
    if vcpuCount == 1 { return 0 }
    return isShared(slot: slot) ? states[slot].route : 1 &<< UInt32(vcpu)
  }

  /// An SPI for several CPUs goes to the lowest of them: which one takes it is the implementation's choice, and a fixed
  /// choice keeps response times predictable.
  private mutating func setTargets(_ slot: Int, to value: UInt32) {
    guard vcpuCount > 1, isShared(slot: slot) else { return }
    let route = value & ((1 &<< UInt32(vcpuCount)) &- 1)
    states[slot].route = route
    retarget(slot, to: route == 0 ? InterruptState.noTarget : UInt8(truncatingIfNeeded: route.trailingZeroBitCount))
  }
}

// GICD_CPENDSGIR and GICD_SPENDSGIR (IHI 0048B §4.3.16, §4.3.17): pending SGIs of the vCPU by who asked for them.

extension VirtualGIC {
  private func sources(_ slot: Int) -> UInt32 {
    let state = states[slot]
    var sources = UInt32(state.sources)
    if state.isInRegister && state.flags.contains(.latchedInRegister) {
      sources |= 1 &<< UInt32(interfaces[Int(state.owner)].registers[Int(state.listRegister)].source)
    }
    return sources
  }

  private mutating func clearSources(_ slot: Int, _ mask: UInt32) {
    guard mask != 0 else { return }
    let state = states[slot]
    states[slot].sources &= ~UInt8(truncatingIfNeeded: mask)
    if state.isInRegister {
      let source = interfaces[Int(state.owner)].registers[Int(state.listRegister)].source
      if mask &>> UInt32(source) & 1 != 0 { states[slot].flags.remove(.latchedInRegister) }
    }
    reconsider(slot)
  }

  mutating func setSources(_ slot: Int, _ mask: UInt32) {
    let present = UInt8(truncatingIfNeeded: mask & ((1 &<< UInt32(vcpuCount)) &- 1))
    guard present != 0 else { return }
    states[slot].sources |= present
    reconsider(slot)
  }
}
