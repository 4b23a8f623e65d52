import Architecture
import TestSupport
import Testing
import Virtualization

/// SplitMix64: the same exits in every run.
private struct ExitGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }

  mutating func pick<T>(_ choices: [T]) -> T { choices[Int(next() % UInt64(choices.count))] }

  /// A place in a device's window more often than not, and now and then anywhere.
  mutating func address() -> UInt64 {
    let window: UInt64 = pick([
      0x0800_0000, 0x0800_0000, 0x080a_0000, 0x080b_0000, 0x080c_0000, 0x080e_0000, 0x0900_0000, 0x0901_0000, 0,
      0x4000_0000,
    ])
    switch next() % 8 {
    case 0: return next()
    case 1: return window &+ next() % 0x2_0000
    case 2: return window &+ next() % 0x1000
    default: return window &+ (next() % 0x1000) & ~3
    }
  }

  /// Small numbers, single bits, and anything.
  mutating func value() -> UInt64 {
    switch next() % 4 {
    case 0: next() % 16
    case 1: 1 << (next() % 64)
    case 2: pick([0, ~0, 0x8400_0003, 0xc400_0001, 0x4000_0000, 1 << 63, 0x7fff_ffff_ffff_ffff])
    default: next()
    }
  }

  mutating func exit() -> Exit {
    let flag = next() & 1 != 0
    switch next() % 14 {
    case 0: return .call(flag ? .hypervisorCall : .secureMonitorCall, immediate: pick([0, 0, 0, 1, 0xffff]))
    case 1, 2, 3, 4:
      return .memory(
        MMIOAccess(
          address: GuestPhysicalAddress(address()), width: pick([.byte, .halfword, .word, .word, .word, .doubleword]),
          isWrite: flag, register: UInt8(next() % 32), isSignExtended: next() & 1 != 0, isSixtyFourBit: next() & 1 != 0)
      )
    case 5, 6: return .systemRegister(register(isWrite: flag))
    case 7: return .undescribedMemory(GuestPhysicalAddress(address()), isWrite: flag)
    case 8: return pick([.waitForInterrupt, .waitForEvent, .floatingPoint, .cacheMaintenance])
    case 9: return pick([.undefined, .abort(.instructionAbort), .abort(.dataAbort(isWrite: flag))])
    case 10: return .unknown(syndrome: next())
    case 11: return pick([.failedCondition, .coprocessor(coprocessorAccess(isWrite: flag))])
    case 12: return .coprocessor(coprocessorAccess(isWrite: flag))
    default: return .systemRegister(register(isWrite: true))
    }
  }

  private mutating func coprocessorAccess(isWrite: Bool) -> CoprocessorAccess {
    let known = [
      CoprocessorRegister(15, 0, 14, 2, 0), CoprocessorRegister(15, 0, 14, 2, 1), CoprocessorRegister(15, 2, crm: 14),
      CoprocessorRegister(15, 0, crm: 12), CoprocessorRegister(15, 1, crm: 12), CoprocessorRegister(14, 0, 0, 2, 2),
      CoprocessorRegister(14, 0, 0, 1, 0),
    ]
    var register = pick(known)
    if next() % 4 == 0 { register.encoding = UInt32(truncatingIfNeeded: next()) & 0xfffff }
    return CoprocessorAccess(
      register: register, isWrite: isWrite, generalRegister: UInt8(next() % 32), secondRegister: UInt8(next() % 32))
  }

  /// What a load or store does that the syndrome does not describe.
  mutating func description() -> TransferDescription {
    switch next() % 8 {
    case 0: return .changed
    case 1: return .refused(pick(TransferRefusal.allCases))
    default:
      var transfer = MemoryTransfer(
        address: GuestPhysicalAddress(address()), width: pick([.byte, .halfword, .word, .doubleword]),
        isWrite: next() & 1 != 0, isSignExtended: next() & 1 != 0, isSixtyFourBit: next() & 1 != 0,
        writeBack: next() & 1 != 0 ? .init(register: UInt8(next() % 32), value: next()) : nil,
        byteCount: pick([2, 4]))
      for _ in 0..<(next() % 18) { transfer.append(UInt8(next() % 32)) }
      return .transfer(transfer)
    }
  }

  private mutating func register(isWrite: Bool) -> SystemRegisterAccess {
    let known = [
      SystemRegister(3, 3, 14, 2, 0), SystemRegister(3, 3, 14, 2, 1), SystemRegister(3, 3, 14, 2, 2),
      SystemRegister(3, 0, 12, 11, 5), SystemRegister(3, 0, 12, 11, 6), SystemRegister(3, 0, 12, 11, 7),
      SystemRegister(2, 0, 0, 2, 2), SystemRegister(encoding: UInt16(truncatingIfNeeded: next())),
    ]
    return SystemRegisterAccess(register: pick(known), isWrite: isWrite, generalRegister: UInt8(next() % 32))
  }
}

@Suite("Exits at random", .timeLimited)
struct RandomExitTests {
  /// What must hold after any exit whatever: it is answered by one fault or none, and a fault means that the guest is still
  /// at the instruction and that no register changed.
  private func check(_ exit: Exit, _ outcome: Outcome, _ board: Board) -> Bool {
    guard board.faults.count <= 1, board.skipCount <= 1, board.written.count <= 17 else { return false }
    if !board.faults.isEmpty {
      guard board.skipCount == 0 && board.written.isEmpty else { return false }
      // Several stores by one instruction may have set the clock before one of them ended in the fault.
      if case .undescribedMemory = exit, outcome == .clockChanged { return true }
      return outcome == .resume
    }
    switch exit {
    case .call(.hypervisorCall, _), .floatingPoint, .unknown: return board.skipCount == 0
    case .undescribedMemory: return board.skipCount == 1 || board.written.isEmpty
    case .coprocessor(let access):
      let count = access.isWrite ? 0 : access.register.isSixtyFourBit ? 2 : access.generalRegister == 31 ? 0 : 1
      return board.skipCount == 1 && board.written.count == count
    case .memory(let access):
      return board.skipCount == 1 && board.written == (access.isWrite ? [] : [access.register])
    case .systemRegister(let access):
      return board.skipCount == 1 && board.written == (access.isWrite ? [] : [access.generalRegister])
    default: return board.skipCount == 1
    }
  }

  @Test(
    "No exit makes the models trap, and none is skipped that ended in a fault",
    arguments: [(.v2, 1), (.v2, 8), (.v3, 1), (.v3, 3)] as [(GICVersion, Int)])
  func anything(gic: GICVersion, vcpuCount: Int) throws {
    var random = ExitGenerator(state: Fuzzing.seed &+ UInt64(gic.rawValue) << 32 | UInt64(vcpuCount))
    let board = try Board(gic, vcpuCount: vcpuCount)
    var values: [Int: UInt64] = [:]
    for step in 0..<(25_000 * Fuzzing.factor) {
      board.around.now = board.around.now.advanced(by: random.next() % 5_000)
      if step % 5_000 == 4_999 { board.around.now = Instant(ticks: .max - random.next() % 100) }
      values.removeAll(keepingCapacity: true)
      for index in 0..<5 { values[index] = random.value() }
      let exit = random.exit()
      let outcome = board.handle(exit, values, description: random.description())
      guard check(exit, outcome, board) else {
        Issue.record(
          "step \(step): \(exit) with \(values): \(outcome) \(board.faults) \(board.skipCount) \(board.written)")
        return
      }
      carryOut(outcome, random.next(), board)
    }
  }

  /// What whoever owns the hardware does about it, roughly: the machine goes on and interrupts are delivered.
  private func carryOut(_ outcome: Outcome, _ number: UInt64, _ board: Board) {
    switch outcome {
    case .systemOff, .systemReset, .off:
      board.reset()
      board.machine.power.ran(0)
      board.machine.interrupts.load(vcpu: 0, into: &board.around.listRegisters)
    case .start(let vcpu, _, _):
      if vcpu != 0 { board.machine.power.ran(vcpu) }
    case .wait: board.machine.power.ran(0)
    default: break
    }
    switch number % 16 {
    case 0: _ = board.type(UInt8(truncatingIfNeeded: number >> 8))
    case 1: board.machine.updatePhysicalTimer(vcpu: 0, at: board.around.now)
    case 2:
      if let interrupt = board.around.listRegisters.acknowledge() { board.around.listRegisters.end(interrupt) }
    default: break
    }
    if board.machine.interrupts.takeAttention() != 0 {
      board.machine.interrupts.refresh(vcpu: 0, registers: &board.around.listRegisters)
    }
    if board.around.listRegisters.isMaintenanceAsserted {
      board.machine.interrupts.maintenance(vcpu: 0, registers: &board.around.listRegisters)
    }
  }
}
