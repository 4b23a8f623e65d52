public import Architecture

extension ExitDispatcher {
  /// A trapped system register, by the answer that `SystemRegisterMap` has for it.
  @inline(__always)
  static func systemRegister<CPU: VirtualCPU & ~Copyable, Around: Surroundings & ~Copyable>(
    _ access: SystemRegisterAccess, vcpu: Int, cpu: inout CPU, machine: inout VirtualMachine, around: inout Around
  ) -> Outcome {
    var value = cpu[register: access.generalRegister]
    let answer = machine.registerMap.answer(to: access.register, isWrite: access.isWrite)
    guard
      let outcome = carryOut(
        answer, register: access.register, isWrite: access.isWrite, &value, vcpu: vcpu, machine: &machine,
        around: &around)
    else {
      cpu.inject(.undefined)
      return .resume
    }
    if !access.isWrite { cpu[register: access.generalRegister] = value }
    cpu.skipInstruction()
    return outcome
  }

  /// True for a read of an identification register, which needs no lock: see `readIdentification`.
  @inline(__always)
  public static func readsIdentification(_ access: SystemRegisterAccess) -> Bool {
    !access.isWrite && IdentificationRegisters.contains(access.register)
  }

  /// Answers a read of an identification register, which is `hardware` in the CPU.
  @inline(__always)
  public static func readIdentification<CPU: VirtualCPU & ~Copyable>(
    _ access: SystemRegisterAccess, cpu: inout CPU, machine: borrowing VirtualMachine, hardware: UInt64
  ) {
    cpu[register: access.generalRegister] = machine.identification.value(of: access.register, hardware: hardware)
    cpu.skipInstruction()
  }

  /// Does what `answer` says: `value` is what is written, and becomes what is read. Nil where the access is undefined.
  @inline(__always)
  private static func carryOut<Around: Surroundings & ~Copyable>(
    _ answer: SystemRegisterAnswer, register: SystemRegister, isWrite: Bool, _ value: inout UInt64, vcpu: Int,
    machine: inout VirtualMachine, around: inout Around
  ) -> Outcome? {
    let written = value
    value = 0
    switch answer {
    case .identification:
      value = machine.identification.value(of: register, hardware: around.identification(register))
    case .constant(let constant):
      value = constant
    case .physicalTimer(let register):
      if isWrite {
        machine.writeTimer(register, vcpu: vcpu, value: written, at: around.now)
        return .timerChanged
      }
      value = machine.readTimer(register, vcpu: vcpu, at: around.now)
    case .generateSGI(let group):
      let rest = machine.interrupts.beginSGI(register: written, SGIRegister(group), vcpu: vcpu)
      if !rest.isDone { return .unfinished(rest) }
    case .deactivateInterrupt:
      machine.interrupts.deactivate(
        register: UInt32(truncatingIfNeeded: written), vcpu: vcpu, registers: &around.listRegisters)
    case .stored(let register):
      if isWrite {
        machine.store(written, in: register, vcpu: vcpu)
        if register == .debugControl {
          around.setDebugControl(machine.effectiveDebugControl(vcpu: vcpu))
        }
      } else {
        value = machine.storedValue(register, vcpu: vcpu)
      }
    case .breakpoint:
      if isWrite {
        guard around.writeBreakpoint(register, written) else { return nil }
      } else {
        guard let read = around.readBreakpoint(register) else { return nil }
        value = read
      }
    case .lockAccess:
      machine.setDebugLock(vcpu: vcpu, isLocked: written & 1 != 0)
      around.setDebugControl(machine.effectiveDebugControl(vcpu: vcpu))
    case .lockStatus:
      // OSLM (bits 3 and 0) = 2: there is an OS lock. OSLK (bit 1): it is locked.
      value = machine.isDebugLocked(vcpu: vcpu) ? 0b1010 : 0b1000
    case .hardware:
      value = around.identification(register)
    case .debugIdentification:
      value = machine.identification.debugIdentification(
        features: around.identification(IdentificationRegisters.debugFeatures),
        resources: around.identification(IdentificationRegisters.debugResources))
    case .undefined:
      return nil
    }
    return .resume
  }

  /// The same for a guest in AArch32, whose registers have 32 bits: a 64-bit register moves by two of them.
  @inline(never)
  static func coprocessor<CPU: VirtualCPU & ~Copyable, Around: Surroundings & ~Copyable>(
    _ access: CoprocessorAccess, vcpu: Int, cpu: inout CPU, machine: inout VirtualMachine, around: inout Around
  ) -> Outcome {
    let isWide = access.register.isSixtyFourBit
    var value = cpu[register: access.generalRegister] & 0xffff_ffff
    if isWide { value |= cpu[register: access.secondRegister] << 32 }
    let answer = machine.registerMap.answer(to: access.register, isWrite: access.isWrite)
    switch answer {
    case .stored(let register): value &= register.coprocessorMask
    // In AArch32 a key locks, and everything else unlocks (DDI 0487, DBGOSLAR).
    case .lockAccess: value = value == 0xc5ac_ce55 ? 1 : 0
    default: break
    }
    guard
      let outcome = carryOut(
        answer, register: access.register.systemRegister ?? SystemRegister(encoding: 0), isWrite: access.isWrite,
        &value, vcpu: vcpu, machine: &machine, around: &around)
    else {
      cpu.inject(.undefined)
      return .resume
    }
    if !access.isWrite {
      if case .stored(let register) = answer { value = value & register.coprocessorMask | around.debugEntry }
      if isWide {
        cpu[register: access.generalRegister] = value & 0xffff_ffff
        cpu[register: access.secondRegister] = value >> 32
      } else if access.generalRegister == 31 {
        cpu.setConditionFlags(UInt8(truncatingIfNeeded: value >> 28) & 15)
      } else {
        cpu[register: access.generalRegister] = value & 0xffff_ffff
      }
    }
    cpu.skipInstruction()
    return outcome
  }
}

extension SGIRegister {
  /// The interrupt controller's name of the register that the system register map found.
  fileprivate init(_ group: SGIGroup) {
    self =
      switch group {
      case .group0: .group0
      case .group1: .group1
      case .otherGroup1: .otherGroup1
      }
  }
}
