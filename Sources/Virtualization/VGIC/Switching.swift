public import Architecture

extension VirtualGIC {
  /// True while the vCPU's interrupts are in some CPU's list registers.
  public func isLoaded(vcpu: Int) -> Bool { interfaces[vcpu].isLoaded }

  /// Puts the vCPU's list registers, active priorities and CPU interface state into this CPU's hardware, turns the
  /// interface on, and flushes. Another CPU's, or an earlier vCPU's, leftovers in the list registers are wiped.
  public mutating func load<Registers: ListRegisters & ~Copyable>(vcpu: Int, into registers: inout Registers) {
    precondition(!interfaces[vcpu].isLoaded, "a vCPU is unloaded before it is loaded")
    if interfaces[vcpu].used &>> UInt32(registers.count) != 0 { recallExcess(vcpu, count: registers.count) }
    for index in 0..<registers.activePriorityCount {
      registers[activePriorities: index] = interfaces[vcpu].activePriorities[index]
      if version == .v3 { registers[activePriorities: index &+ 4] = interfaces[vcpu].activePriorities[index &+ 4] }
    }
    registers.machineControl = interfaces[vcpu].machineControl
    let all: UInt32 = (1 &<< UInt32(registers.count)) &- 1
    var mask = (interfaces[vcpu].used | ~registers.emptyMask) & all
    while mask != 0 {
      let index = mask.trailingZeroBitCount
      mask &= mask &- 1
      registers[index] = interfaces[vcpu].registers[index]
    }
    registers.control = .enabled
    interfaces[vcpu].control = .enabled
    interfaces[vcpu].isLoaded = true
    interfaces[vcpu].available = all
    interfaces[vcpu].needsFlush = true
    interfaces[vcpu].repeatable = 0
    refresh(vcpu: vcpu, registers: &registers)
  }

  /// Takes the vCPU's state out of this CPU's hardware and turns the interface off. From here on the model is exact.
  public mutating func unload<Registers: ListRegisters & ~Copyable>(vcpu: Int, from registers: inout Registers) {
    precondition(interfaces[vcpu].isLoaded, "only a loaded vCPU is unloaded")
    interfaces[vcpu].available = 0
    takeMissedEnds(vcpu, &registers)
    let unwritten = interfaces[vcpu].unwritten
    interfaces[vcpu].unwritten = 0
    var mask = interfaces[vcpu].used
    while mask != 0 {
      let index = mask.trailingZeroBitCount
      mask &= mask &- 1
      let isUnwritten = unwritten &>> UInt32(index) & 1 != 0
      _ = settle(index, of: vcpu, value: isUnwritten ? interfaces[vcpu].registers[index] : registers[index])
    }
    interfaces[vcpu].changed = 0
    interfaces[vcpu].repeatable = 0
    interfaces[vcpu].machineControl = registers.machineControl
    for index in 0..<registers.activePriorityCount {
      interfaces[vcpu].activePriorities[index] = registers[activePriorities: index]
      if version == .v3 { interfaces[vcpu].activePriorities[index &+ 4] = registers[activePriorities: index &+ 4] }
    }
    registers.control = []
    interfaces[vcpu].isLoaded = false
  }

  /// Takes back what is in list registers that this CPU does not have.
  private mutating func recallExcess(_ vcpu: Int, count: Int) {
    var excess = interfaces[vcpu].used & ~((1 &<< UInt32(count)) &- 1)
    while excess != 0 {
      recall(excess.trailingZeroBitCount, of: vcpu)
      excess &= excess &- 1
    }
  }
}

extension VirtualGIC {
  /// True where an interrupt would end the vCPU's WFI, exact for a vCPU that is not loaded: one is forwarded to it whose
  /// group its CPU interface has enabled and whose priority its mask lets through. Active priorities are left out: a WFI
  /// may end early.
  public func hasPendingInterrupt(vcpu: Int) -> Bool {
    var used = interfaces[vcpu].used
    while used != 0 {
      let register = interfaces[vcpu].registers[used.trailingZeroBitCount]
      used &= used &- 1
      if register.state == .pending
        && interfaces[vcpu].signals(priority: register.priority, isGroup1: register.isGroup1)
      {
        return true
      }
    }
    return hasSignalledCandidate(vcpu)
  }

  /// The same for the vCPU that is loaded, whose list registers and CPU interface state are read first, unless hardware says
  /// that all of them are empty and nobody waits for one.
  public mutating func hasPendingInterrupt<Registers: ListRegisters & ~Copyable>(
    vcpu: Int, registers: inout Registers
  ) -> Bool {
    guard !isAtRest(vcpu: vcpu, registers: registers) else { return false }
    synchronize(vcpu: vcpu, registers: &registers)
    interfaces[vcpu].machineControl = registers.machineControl
    return hasPendingInterrupt(vcpu: vcpu)
  }

  /// True where the vCPU, which is loaded, has nothing pending and nothing active, by one look at the hardware.
  @inline(__always)
  public func isAtRest<Registers: ListRegisters & ~Copyable>(vcpu: Int, registers: borrowing Registers) -> Bool {
    !interfaces[vcpu].needsFlush && !interfaces[vcpu].hasCandidates
      && interfaces[vcpu].used & ~registers.emptyMask == 0
  }

  /// Takes the vCPUs that have something to flush, one bit each, and forgets them: the caller refreshes the one that is
  /// loaded here and tells the others' CPUs, or wakes them.
  public mutating func takeAttention() -> UInt64 {
    let taken = attention
    attention = 0
    return taken
  }
}
