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
      cpu.inject(.dataAbort(isWrite: access.isWrite))
      return .resume
    }
    return outcome
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
      return distributor(access, value: value, vcpu: vcpu, machine: &machine, around: &around)
    }
    if GuestMachine.console.contains(access.address) {
      let answer = use(&machine.console, access, value: value, at: GuestMachine.console)
      machine.settleConsole()
      if access.isWrite, let byte = machine.console.takeTransmitted() { outcome = .transmit(byte) }
      return answer
    }
    let answer = otherDevice(access, value: value, vcpu: vcpu, machine: &machine, around: &around)
    if access.isWrite && GuestMachine.clock.contains(access.address) { outcome = .clockChanged }
    return answer
  }

  /// Answers a store of the vCPU `vcpu` to the distributor: all that `handle` would do of such an exit.
  @inline(__always)
  public static func writeDistributor<CPU: VirtualCPU & ~Copyable>(
    _ access: MMIOAccess, vcpu: Int, cpu: inout CPU, machine: inout VirtualMachine
  ) {
    if !access.address.isAligned(to: access.width.byteCount) { return cpu.inject(.dataAbort(isWrite: true)) }
    let offset = UInt32(truncatingIfNeeded: access.address.offset(from: GuestMachine.distributor.start))
    let value = cpu[register: access.register] & access.width.mask
    machine.interrupts.writeDistributor(offset: offset, width: access.width, value: value, vcpu: vcpu)
    cpu.skipInstruction()
  }

  private static func distributor<Around: Surroundings & ~Copyable>(
    _ access: MMIOAccess, value: UInt64, vcpu: Int, machine: inout VirtualMachine, around: inout Around
  ) -> DeviceAnswer {
    let offset = UInt32(truncatingIfNeeded: access.address.offset(from: GuestMachine.distributor.start))
    if access.isWrite {
      machine.interrupts.writeDistributor(offset: offset, width: access.width, value: value, vcpu: vcpu)
      return .done
    }
    if machine.interrupts.needsSynchronization(offset: offset, width: access.width, isWrite: false) {
      synchronize(vcpu, machine: &machine, around: &around)
      machine.interrupts.inquire(offset: offset, owner: vcpu, reader: vcpu)
    }
    return .handled(machine.interrupts.readDistributor(offset: offset, width: access.width, vcpu: vcpu))
  }

  /// Brings pending and active states up to date before they are read.
  private static func synchronize<Around: Surroundings & ~Copyable>(
    _ vcpu: Int, machine: inout VirtualMachine, around: inout Around
  ) {
    let timer = GuestMachine.virtualTimerInterrupt
    if machine.interrupts.mayBeRaisedInHardware(timer, vcpu: vcpu), !around.isVirtualTimerLineHigh {
      machine.interrupts.lowerHardware(timer, vcpu: vcpu)
    }
    machine.interrupts.synchronize(vcpu: vcpu, registers: &around.listRegisters)
  }

  @_optimize(speed)
  private static func redistributor<Around: Surroundings & ~Copyable>(
    _ access: MMIOAccess, value: UInt64, vcpu: Int, machine: inout VirtualMachine, around: inout Around
  ) -> DeviceAnswer {
    let place = access.address.offset(from: GuestMachine.redistributors.start)
    let frame = Int(truncatingIfNeeded: place / GuestMachine.redistributorSize)
    guard frame < machine.interrupts.vcpuCount else { return .fault }
    let offset = UInt32(truncatingIfNeeded: place % GuestMachine.redistributorSize)
    if access.isWrite {
      machine.interrupts.writeRedistributor(offset: offset, frame: frame, width: access.width, value: value)
      return .done
    }
    if machine.interrupts.redistributorNeedsSynchronization(offset: offset, width: access.width, isWrite: false) {
      if frame == vcpu {
        synchronize(vcpu, machine: &machine, around: &around)
      } else {
        machine.interrupts.inquire(offset: offset & 0xffff, owner: frame, reader: vcpu)
      }
    }
    return .handled(machine.interrupts.readRedistributor(offset: offset, frame: frame, width: access.width))
  }

  /// The guest's CPU interface, where it is software; what hardware would ask for by the maintenance interrupt follows at once.
  private static func cpuInterface<Around: Surroundings & ~Copyable>(
    _ access: MMIOAccess, value: UInt64, vcpu: Int, machine: inout VirtualMachine, around: inout Around
  ) -> DeviceAnswer {
    let offset = UInt32(truncatingIfNeeded: access.address.offset(from: GuestMachine.cpuInterface.start))
    let stored = UInt32(truncatingIfNeeded: value)
    guard let loaded = around.useCPUInterface(access, offset: offset, value: stored) else { return .fault }
    if around.needsMaintenance { machine.interrupts.maintenance(vcpu: vcpu, registers: &around.listRegisters) }
    return .handled(UInt64(loaded))
  }

  @inline(never)
  @_optimize(speed)
  private static func otherDevice<Around: Surroundings & ~Copyable>(
    _ access: MMIOAccess, value: UInt64, vcpu: Int, machine: inout VirtualMachine, around: inout Around
  ) -> DeviceAnswer {
    if machine.interrupts.version == .v3, GuestMachine.redistributors.contains(access.address) {
      return redistributor(access, value: value, vcpu: vcpu, machine: &machine, around: &around)
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
