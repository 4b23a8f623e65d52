public import Architecture

extension ExitDispatcher {
  /// A load or store that stage 2 refused, to the device that lies there.
  @inline(__always)
  static func memory<CPU: VirtualCPU & ~Copyable, Around: Surroundings & ~Copyable>(
    _ access: MMIOAccess, vcpu: Int, cpu: inout CPU, machine: inout VirtualMachine, around: inout Around
  ) -> Outcome {
    let value = access.isWrite ? cpu[register: access.register] & access.width.mask : 0
    var outcome = Outcome.resume
    switch answer(access, value: value, vcpu: vcpu, machine: &machine, around: &around, outcome: &outcome) {
    case .handled(let loaded):
      if !access.isWrite { cpu[register: access.register] = access.extended(loaded) }
      cpu.skipInstruction()
    case .unhandled:
      // A hole in a device's window: RAZ/WI.
      if !access.isWrite { cpu[register: access.register] = 0 }
      cpu.skipInstruction()
    case .fault:
      cpu.inject(fault(of: access))
      return .resume
    }
    return outcome
  }

  /// What the guest gets for an access that nothing answers. Devices have no place that is not aligned, and with the guest's MMU
  /// off all memory is theirs: alignment comes before everything else (DDI 0487, B2.8.2; DDI 0406C, A3.2.2).
  public static func fault(of access: MMIOAccess) -> GuestFault {
    access.address.isAligned(to: access.width.byteCount)
      ? .dataAbort(isWrite: access.isWrite) : .alignment(isWrite: access.isWrite)
  }

  /// What the device says to the access that lies where it goes; `outcome` changes where there is more to do.
  @inline(__always)
  static func answer<Around: Surroundings & ~Copyable>(
    _ access: MMIOAccess, value: UInt64, vcpu: Int, machine: inout VirtualMachine, around: inout Around,
    outcome: inout Outcome
  ) -> DeviceAnswer {
    // An access that is not aligned to its width could straddle a window's end, and no register is there to answer it.
    if !access.address.isAligned(to: access.width.byteCount) { return .fault }
    if GuestMachine.distributor.contains(access.address) {
      return distributor(access, value: value, vcpu: vcpu, machine: &machine, around: &around, outcome: &outcome)
    }
    if GuestMachine.console.contains(access.address) {
      let answer = use(&machine.console, access, value: value, at: GuestMachine.console)
      machine.settleConsole()
      if access.isWrite, let byte = machine.console.takeTransmitted() { outcome = .transmit(byte) }
      return answer
    }
    let answer = otherDevice(
      access, value: value, vcpu: vcpu, machine: &machine, around: &around, outcome: &outcome)
    if access.isWrite && GuestMachine.clock.contains(access.address) { outcome = .clockChanged }
    return answer
  }

  /// Answers a store of the vCPU `vcpu` to the distributor: all that `handle` would do of such an exit. What is left of it is
  /// the caller's to go on with.
  @inline(__always)
  public static func writeDistributor<CPU: VirtualCPU & ~Copyable>(
    _ access: MMIOAccess, vcpu: Int, cpu: inout CPU, machine: inout VirtualMachine
  ) -> UnfinishedWrite {
    if !access.address.isAligned(to: access.width.byteCount) {
      cpu.inject(fault(of: access))
      return .none
    }
    let offset = UInt32(truncatingIfNeeded: access.address.offset(from: GuestMachine.distributor.start))
    let value = cpu[register: access.register] & access.width.mask
    cpu.skipInstruction()
    return machine.interrupts.beginDistributorWrite(offset: offset, width: access.width, value: value, vcpu: vcpu)
  }

  private static func distributor<Around: Surroundings & ~Copyable>(
    _ access: MMIOAccess, value: UInt64, vcpu: Int, machine: inout VirtualMachine, around: inout Around,
    outcome: inout Outcome
  ) -> DeviceAnswer {
    let offset = UInt32(truncatingIfNeeded: access.address.offset(from: GuestMachine.distributor.start))
    if access.isWrite {
      let rest = machine.interrupts.beginDistributorWrite(
        offset: offset, width: access.width, value: value, vcpu: vcpu)
      if !rest.isDone { outcome = .unfinished(rest) }
      return .done
    }
    return .handled(
      machine.interrupts.readDistributor(
        offset: offset, width: access.width, vcpu: vcpu, registers: &around.listRegisters))
  }

  @_optimize(speed)
  private static func redistributor<Around: Surroundings & ~Copyable>(
    _ access: MMIOAccess, value: UInt64, vcpu: Int, machine: inout VirtualMachine, around: inout Around,
    outcome: inout Outcome
  ) -> DeviceAnswer {
    let place = access.address.offset(from: GuestMachine.redistributors.start)
    let frame = Int(truncatingIfNeeded: place / GuestMachine.redistributorSize)
    guard frame < machine.interrupts.vcpuCount else { return .fault }
    let offset = UInt32(truncatingIfNeeded: place % GuestMachine.redistributorSize)
    if access.isWrite {
      let rest = machine.interrupts.beginRedistributorWrite(
        offset: offset, frame: frame, width: access.width, value: value)
      if !rest.isDone { outcome = .unfinished(rest) }
      return .done
    }
    return .handled(
      machine.interrupts.readRedistributor(
        offset: offset, frame: frame, width: access.width, vcpu: vcpu, registers: &around.listRegisters))
  }

  /// The guest's CPU interface: its second page, where GICC_DIR is, and where it is software all of it; what hardware would ask
  /// for by the maintenance interrupt follows at once.
  private static func cpuInterface<Around: Surroundings & ~Copyable>(
    _ access: MMIOAccess, value: UInt64, vcpu: Int, machine: inout VirtualMachine, around: inout Around
  ) -> DeviceAnswer {
    let offset = UInt32(truncatingIfNeeded: access.address.offset(from: GuestMachine.cpuInterface.start))
    let stored = UInt32(truncatingIfNeeded: value)
    if offset >= VirtualGIC.deactivationOffset {
      if access.isWrite && access.width == .word && offset == VirtualGIC.deactivationOffset {
        machine.interrupts.deactivate(register: stored, vcpu: vcpu, registers: &around.listRegisters)
      }
      return .handled(0)
    }
    guard let loaded = around.useCPUInterface(access, offset: offset, value: stored) else { return .fault }
    if around.needsMaintenance { machine.interrupts.maintenance(vcpu: vcpu, registers: &around.listRegisters) }
    return .handled(UInt64(loaded))
  }

  @inline(never)
  @_optimize(speed)
  private static func otherDevice<Around: Surroundings & ~Copyable>(
    _ access: MMIOAccess, value: UInt64, vcpu: Int, machine: inout VirtualMachine, around: inout Around,
    outcome: inout Outcome
  ) -> DeviceAnswer {
    if machine.interrupts.version == .v3, GuestMachine.redistributors.contains(access.address) {
      return redistributor(access, value: value, vcpu: vcpu, machine: &machine, around: &around, outcome: &outcome)
    }
    if machine.interrupts.version == .v2, GuestMachine.cpuInterface.contains(access.address) {
      return cpuInterface(access, value: value, vcpu: vcpu, machine: &machine, around: &around)
    }
    if GuestMachine.clock.contains(access.address) {
      let (now, ticksPerSecond) = (around.now, around.ticksPerSecond)
      machine.updateClock(at: now, ticksPerSecond: ticksPerSecond)
      let answer = use(&machine.clock, access, value: value, at: GuestMachine.clock)
      machine.updateClock(at: now, ticksPerSecond: ticksPerSecond)
      return answer
    }
    if GuestMachine.virtio.contains(access.address) {
      let offset = UInt32(truncatingIfNeeded: access.address.rawValue)
      return access.isWrite ? .done : .handled(EmptyTransport.read(offset: offset, width: access.width))
    }
    // Behind the firmware's image the flash is there and erased; nowhere can it be written.
    return machine.hasFlash(at: access.address) ? .handled(~0) : .fault
  }

  @inline(__always)
  private static func use<D: Device & ~Copyable>(
    _ device: inout D, _ access: MMIOAccess, value: UInt64, at window: AddressRange<GuestPhysicalAddress>
  ) -> DeviceAnswer {
    let offset = UInt32(truncatingIfNeeded: access.address.offset(from: window.start))
    return access.isWrite
      ? device.write(value, offset: offset, width: access.width) : device.read(offset: offset, width: access.width)
  }
}
