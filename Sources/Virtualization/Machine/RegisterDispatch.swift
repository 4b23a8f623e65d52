internal import Architecture

extension ExitDispatcher {
  /// A trapped system register, by the answer that `SystemRegisterMap` has for it.
  @inline(__always)
  static func systemRegister<CPU: VirtualCPU & ~Copyable, Around: Surroundings & ~Copyable>(
    _ access: SystemRegisterAccess, vcpu: Int, cpu: inout CPU, machine: inout VirtualMachine, around: inout Around
  ) -> Outcome {
    let written = cpu[register: access.generalRegister]
    var read: UInt64 = 0
    var outcome = Outcome.resume
    switch machine.registerMap.answer(to: access.register, isWrite: access.isWrite) {
    case .identification:
      read = machine.identification.value(
        of: access.register, hardware: around.identification(access.register))
    case .constant(let value):
      read = value
    case .physicalTimer(let register):
      if access.isWrite {
        machine.writeTimer(register, vcpu: vcpu, value: written, at: around.now)
        outcome = .timerChanged
      } else {
        read = machine.readTimer(register, vcpu: vcpu, at: around.now)
      }
    case .generateSGI(let group):
      machine.interrupts.generateSGI(register: written, SGIRegister(group), vcpu: vcpu)
    case .stored(let register):
      if access.isWrite {
        machine.store(written, in: register, vcpu: vcpu)
        if register == .debugControl {
          around.setDebugControl(machine.storedValue(register, vcpu: vcpu))
        }
      } else {
        read = machine.storedValue(register, vcpu: vcpu)
      }
    case .undefined:
      cpu.inject(.undefined)
      return .resume
    }
    if !access.isWrite { cpu[register: access.generalRegister] = read }
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
