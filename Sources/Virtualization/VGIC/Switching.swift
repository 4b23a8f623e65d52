public import Architecture

extension VirtualGIC {
  /// True while the vCPU's interrupts are in some CPU's list registers.
  public func isLoaded(vcpu: Int) -> Bool { interfaces[vcpu].isLoaded }

  /// Puts the vCPU's list registers, active priorities and CPU interface state into this CPU's hardware, turns the
  /// interface on, and flushes. Another CPU's, or an earlier vCPU's, leftovers in the list registers are wiped.
  public mutating func load<Registers: ListRegisters & ~Copyable>(vcpu: Int, into registers: inout Registers) {
    loadPartly(vcpu: vcpu, into: &registers)
    refresh(vcpu: vcpu, registers: &registers)
  }

  /// Whether to refresh the vCPU, which is loaded, may take long: more wait than there is room for.
  @inline(__always)
  public func hasManyToBring(vcpu: Int) -> Bool { interfaces[vcpu].hasCandidates }

  /// Whether the vCPU, which is loaded, is to be refreshed before its guest goes on.
  @inline(__always)
  public func needsRefresh(vcpu: Int) -> Bool { interfaces[vcpu].needsFlush }

  /// The same, or whether the load has left something to be done for others: see `hasUnsettled`.
  @inline(__always)
  public func hasWork(ofLoaded vcpu: Int) -> Bool { interfaces[vcpu].needsFlush || hasUnsettled }

  /// The same as `load`, but where more wait than there are list registers it does not flush, which may take long: the caller
  /// refreshes the vCPU before it runs.
  @inline(__always)
  public mutating func loadPartly<Registers: ListRegisters & ~Copyable>(vcpu: Int, into registers: inout Registers) {
    let interface = interfaces.reference(to: vcpu)
    precondition(!interface.value.isLoaded, "a vCPU is unloaded before it is loaded")
    let masks = registers.begin(
      &interface.value.activePriorities, machineControl: interface.value.machineControl, control: baseControl)
    interface.value.control = baseControl
    interface.value.isLoaded = true
    interface.value.available = masks.all
    interface.value.repeatable = 0
    interface.value.stage = .filling
    // Where it left nothing behind and nothing has come since, there is nothing to bring.
    if interface.value.needsFlush || masks.occupied != 0 { loadContents(vcpu, masks, &registers) }
  }

  @inline(never)
  private mutating func loadContents<Registers: ListRegisters & ~Copyable>(
    _ vcpu: Int, _ masks: ListRegisterMasks, _ registers: inout Registers
  ) {
    if interfaces[vcpu].used & ~masks.all != 0 {
      // As it was: a vCPU that is not loaded is settled at once.
      interfaces[vcpu].isLoaded = false
      interfaces[vcpu].available = 0
      recallExcess(vcpu, count: registers.count)
      interfaces[vcpu].isLoaded = true
      interfaces[vcpu].available = masks.all
    }
    var mask = interfaces[vcpu].used | masks.occupied
    while mask != 0 {
      let index = mask.trailingZeroBitCount
      mask &= mask &- 1
      let value = interfaces[vcpu].registers[index]
      registers[index] = value
      // Of an SPI that waited meanwhile the line may have fallen; a vCPU's own timer stood still.
      if value.isPending && value.virtualID >= 32 && states[slotInRegister(index, of: vcpu)].flags.contains(.linked) {
        interfaces[vcpu].changed |= 1 &<< UInt32(index)
      }
    }
    if masks.occupied != 0 { registers.control = baseControl }
    // Nearly always that was all.
    if interfaces[vcpu].holdsAllInRegisters {
      interfaces[vcpu].needsFlush = false
      attention &= ~(1 &<< UInt64(vcpu))
      return
    }
    interfaces[vcpu].needsFlush = true
    if !interfaces[vcpu].hasCandidates { refresh(vcpu: vcpu, registers: &registers) }
  }

  /// Takes the vCPU's state out of this CPU's hardware and turns the interface off. From here on the model is exact. Returns
  /// true where there was no interrupt to take back, and so nothing of it has changed.
  @inline(__always)
  @discardableResult
  public mutating func unload<Registers: ListRegisters & ~Copyable>(vcpu: Int, from registers: inout Registers) -> Bool
  {
    let interface = interfaces.reference(to: vcpu)
    precondition(interface.value.isLoaded, "only a loaded vCPU is unloaded")
    let isEmpty = !interface.value.holdsInterrupts
    interface.value.needsFlush = isEmpty ? false : unloadContents(vcpu, &registers)
    interface.value.available = CPUInterfaceState.unloadedAvailable
    interface.value.machineControl = registers.end(&interface.value.activePriorities)
    interface.value.isLoaded = false
    return isEmpty
  }

  /// Returns true where the next load has to bring interrupts.
  @inline(never)
  private mutating func unloadContents<Registers: ListRegisters & ~Copyable>(
    _ vcpu: Int, _ registers: inout Registers
  ) -> Bool {
    interfaces[vcpu].available = 0
    takeMissedEnds(vcpu, &registers)
    let unwritten = interfaces[vcpu].unwritten
    interfaces[vcpu].unwritten = 0
    var mask = interfaces[vcpu].used
    while mask != 0 {
      let index = mask.trailingZeroBitCount
      mask &= mask &- 1
      let isUnwritten = unwritten &>> UInt32(index) & 1 != 0
      let value = isUnwritten ? interfaces[vcpu].registers[index] : registers[index]
      if !isSettled(index, of: vcpu, value: value) { _ = settle(index, of: vcpu, value: value) }
    }
    interfaces[vcpu].changed = 0
    interfaces[vcpu].repeatable = 0
    return interfaces[vcpu].holdsInterrupts
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
  public func hasPendingInterrupt(vcpu: Int) -> Bool { hasPendingInterrupt(vcpu, in: interfaces[vcpu].used) }

  /// The same where these of its list registers are in use.
  private func hasPendingInterrupt(_ vcpu: Int, in registers: UInt32) -> Bool {
    let machineControl = interfaces[vcpu].machineControl
    var used = registers
    while used != 0 {
      let register = interfaces[vcpu].registers[used.trailingZeroBitCount]
      used &= used &- 1
      if register.state == .pending
        && CPUInterfaceState.signals(
          priority: register.priority, isGroup1: register.isGroup1, machineControl: machineControl)
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
    registers.synchronizeMasks()
    guard !isAtRest(vcpu: vcpu, registers: registers) else { return false }
    synchronize(vcpu: vcpu, registers: &registers)
    interfaces[vcpu].machineControl = registers.machineControl
    return hasPendingInterrupt(vcpu: vcpu)
  }

  /// The same for the vCPU that is loaded and has waited since it was asked about last: its guest has done nothing to its list
  /// registers since, which are up to date. Those that it had emptied by then need not have been read.
  public mutating func hasPendingInterrupt<Registers: ListRegisters & ~Copyable>(
    ofWaiting vcpu: Int, registers: inout Registers
  ) -> Bool {
    interfaces[vcpu].machineControl = registers.machineControl
    registers.synchronizeMasks()
    return hasPendingInterrupt(vcpu, in: interfaces[vcpu].used & ~registers.emptyMask)
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
