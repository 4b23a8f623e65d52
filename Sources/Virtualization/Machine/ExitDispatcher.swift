public import Architecture

/// Answers exits: from what the guest did to what is to be done, by the models of its VM. No exit has another way.
public enum ExitDispatcher {
  /// Answers an exit that changes nothing but the vCPU's registers, and that therefore needs no lock: a firmware call whose
  /// result is always the same, and a load from a register that is one number in `machine`. False where `handle` has to
  /// answer.
  @inline(__always)
  public static func answersAlone<CPU: VirtualCPU & ~Copyable>(
    _ exit: Exit, cpu: inout CPU, machine: borrowing VirtualMachine
  ) -> Bool {
    switch exit {
    case .call(let conduit, immediate: 0):
      guard let result = PowerController.constantResult(of: FirmwareCall(cpu[register: 0])) else { return false }
      cpu[register: 0] = result
      // A trapped SMC returns to itself, like any other trapped instruction.
      if conduit == .hypervisorCall { return true }
    case .memory(let access):
      guard !access.isWrite, access.width == .word, let value = machine.plainRegister(at: access.address) else {
        return false
      }
      cpu[register: access.register] = access.extended(UInt64(value))
    default: return false
    }
    cpu.skipInstruction()
    return true
  }

  /// Answers a load from a register of the interrupt controller that always reads as one number, which needs no lock either.
  /// False where `handle` has to answer.
  @inline(__always)
  public static func readsConstant<CPU: VirtualCPU & ~Copyable>(
    _ access: MMIOAccess, cpu: inout CPU, machine: borrowing VirtualMachine
  ) -> Bool {
    let offset = access.address.rawValue &- GuestMachine.distributor.start.rawValue
    guard !access.isWrite, offset < VirtualGIC.windowSize,
      let value = machine.interrupts.constantRegister(at: offset, width: access.width)
    else { return false }
    cpu[register: access.register] = access.extended(value)
    cpu.skipInstruction()
    return true
  }

  /// Answers `exit` of the vCPU `vcpu`, whose registers are `cpu`.
  @inline(__always)
  public static func handle<CPU: VirtualCPU & ~Copyable, Around: Surroundings & ~Copyable>(
    _ exit: Exit, vcpu: Int, cpu: inout CPU, machine: inout VirtualMachine, around: inout Around
  ) -> Outcome {
    switch exit {
    case .call(let conduit, let immediate):
      return call(conduit, immediate: immediate, vcpu: vcpu, cpu: &cpu, machine: &machine, around: around)
    case .memory(let access):
      return memory(access, vcpu: vcpu, cpu: &cpu, machine: &machine, around: &around)
    case .systemRegister(let access):
      return systemRegister(access, vcpu: vcpu, cpu: &cpu, machine: &machine, around: &around)
    case .waitForInterrupt:
      cpu.skipInstruction()
      return .wait
    case .waitForEvent:
      cpu.skipInstruction()
      return .yield
    case .floatingPoint:
      return .loadFloatingPoint
    case .coprocessor(let access):
      return coprocessor(access, vcpu: vcpu, cpu: &cpu, machine: &machine, around: &around)
    case .failedCondition:
      cpu.skipInstruction()
      return .resume
    case .cacheMaintenance:
      // In every instruction set; of an abort without a description (ISV = 0) HSR does not say it.
      cpu.skipInstruction(byteCount: 4)
      return .resume
    case .undescribedMemory(let address, let isWrite):
      return undescribed(address, isWrite: isWrite, vcpu: vcpu, cpu: &cpu, machine: &machine, around: &around)
    case .abort(let fault):
      cpu.inject(fault)
      return .resume
    case .undefined:
      cpu.inject(.undefined)
      return .resume
    case .unknown(let syndrome):
      return .stop(syndrome: syndrome)
    }
  }

  /// HVC returns behind itself, a trapped SMC to itself (DDI 0487, D1.3.5). The calling convention wants the immediate to
  /// be zero (DEN 0028, 2.9); with another one nobody is called.
  @inline(__always)
  private static func call<CPU: VirtualCPU & ~Copyable, Around: Surroundings & ~Copyable>(
    _ conduit: CallConduit, immediate: UInt16, vcpu: Int, cpu: inout CPU, machine: inout VirtualMachine,
    around: borrowing Around
  ) -> Outcome {
    if conduit == .secureMonitorCall { cpu.skipInstruction() }
    guard immediate == 0 else {
      cpu[register: 0] = FirmwareStatus.notSupported
      return .resume
    }
    // A guest that is firmware may well start its other CPUs in its ROM.
    let (memory, firmware) = (machine.memory, machine.firmware)
    let call = FirmwareCall(cpu[register: 0], cpu[register: 1], cpu[register: 2], cpu[register: 3])
    if RandomCalls.contains(call) {
      let registers = RandomCalls.answer(
        call.narrowed, isNarrow: machine.power.instructionSet == .aarch32, from: &machine.random, at: around.now.ticks)
      for index in 0..<4 as Range<UInt8> { cpu[register: index] = registers[Int(index)] }
      return .resume
    }
    switch machine.power.answer(call, from: vcpu, isMemory: { memory.contains($0) || firmware.contains($0) }) {
    case .result(let value):
      cpu[register: 0] = value
      return .resume
    case .start(let target, let entry, let context):
      cpu[register: 0] = FirmwareStatus.success
      return .start(vcpu: target, entry: entry, context: context)
    case .suspend:
      cpu[register: 0] = FirmwareStatus.success
      return .wait
    case .off: return .off
    case .systemOff: return .systemOff
    case .systemReset: return .systemReset
    }
  }
}
