internal import Architecture

extension ExitDispatcher {
  /// A load or store that stage 2 refused and that only its instruction describes.
  @inline(never)
  static func undescribed<CPU: VirtualCPU & ~Copyable, Around: Surroundings & ~Copyable>(
    _ address: GuestPhysicalAddress, isWrite: Bool, vcpu: Int, cpu: inout CPU, machine: inout VirtualMachine,
    around: inout Around
  ) -> Outcome {
    let description = cpu.describeTransfer(at: address, isWrite: isWrite) { place, byteCount in
      around.readGuest(place, byteCount: byteCount)
    }
    switch description {
    case .transfer(let transfer):
      return perform(transfer, vcpu: vcpu, cpu: &cpu, machine: &machine, around: &around)
    case .refused(.unreadable) where isWrite && machine.hasFlash(at: address):
      // A store to the flash does nothing, as to a ROM, and where nobody can say more about it that is most likely all. So
      // are four bytes, as all of A64 and A32 has.
      cpu.skipInstruction(byteCount: 4)
      return .resume
    case .refused(let reason):
      around.report(reason, at: address, vcpu: vcpu)
      cpu.inject(.dataAbort(isWrite: isWrite))
      return .resume
    case .changed:
      return .resume
    }
  }

  /// Does one access after the other. Registers change only after all of them, so that after an abort the guest finds its
  /// base register as it was and can try again; what a device did by then, it has done, as on hardware.
  ///
  /// The interrupt controller has up to 32 interrupts to look at for each word. Where there are more than two, whoever else
  /// wants this CPU does not wait for all of them: the instruction begins anew after that, as a CPU may have it that takes
  /// an interrupt in the middle of it (DDI 0487, B2.7.2; DDI 0406C, A3.5.4).
  private static func perform<CPU: VirtualCPU & ~Copyable, Around: Surroundings & ~Copyable>(
    _ transfer: MemoryTransfer, vcpu: Int, cpu: inout CPU, machine: inout VirtualMachine, around: inout Around
  ) -> Outcome {
    var loaded: [16 of UInt64] = .init(repeating: 0)
    var outcome = Outcome.resume
    for index in 0..<transfer.count {
      let access = transfer[index]
      if index >= 2, around.isInterruptWaiting, mayBeRepeated(access, machine) { return outcome }
      let value = access.isWrite ? cpu[register: access.register] & access.width.mask : 0
      let answer = answer(access, value: value, vcpu: vcpu, machine: &machine, around: &around, outcome: &outcome)
      // The last one's rest waits until the guest is to go on; the others' are due before the next.
      if index &+ 1 < transfer.count, case .unfinished(let rest) = outcome {
        machine.interrupts.finish(rest)
        outcome = .resume
      }
      switch answer {
      case .handled(let value): loaded[index] = access.extended(value)
      case .unhandled: break
      case .fault:
        cpu.inject(fault(of: access))
        return outcome
      }
    }
    if !transfer.isWrite {
      for index in 0..<transfer.count { cpu[register: transfer[index].register] = loaded[index] }
    }
    if let writeBack = transfer.writeBack { cpu[register: writeBack.register] = writeBack.value }
    cpu.skipInstruction(byteCount: transfer.byteCount)
    // No instruction reaches the clock and the console's one data register at once.
    return outcome
  }

  /// True for what goes to the distributor or a redistributor.
  private static func mayBeRepeated(_ access: MMIOAccess, _ machine: borrowing VirtualMachine) -> Bool {
    GuestMachine.distributor.contains(access.address)
      || machine.interrupts.version == .v3 && GuestMachine.redistributors.contains(access.address)
  }
}
