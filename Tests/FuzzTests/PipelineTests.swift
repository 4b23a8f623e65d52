import ARMv8
import Architecture
import TestSupport
import Testing
import Virtualization

/// A vCPU with registers and nothing else.
private struct PlainCPU: VirtualCPU, ~Copyable {
  var registers: [UInt64]
  var skipCount = 0
  var faultCount = 0

  subscript(register index: UInt8) -> UInt64 {
    get { index < 31 ? registers[Int(index)] : 0 }
    set { if index < 31 { registers[Int(index)] = newValue } }
  }
  mutating func setConditionFlags(_ flags: UInt8) {}
  mutating func skipInstruction() { skipCount += 1 }
  mutating func skipInstruction(byteCount: UInt8) { skipCount += 1 }
  mutating func inject(_ fault: GuestFault) { faultCount += 1 }
  func describeTransfer(
    at address: GuestPhysicalAddress, isWrite: Bool, read: (GuestPhysicalAddress, Int) -> UInt32?
  ) -> TransferDescription { .refused(.unrecognized) }
}

private struct PlainSurroundings: Surroundings, ~Copyable {
  var listRegisters: ListRegisterInterpreter
  var now = Instant(ticks: 0)
  var ticksPerSecond: UInt64 { 1_000_000 }
  func identification(_ register: SystemRegister) -> UInt64 { 0x1111_1111_1111_1111 }
  func setDebugControl(_ value: UInt64) {}
  func readBreakpoint(_ register: SystemRegister) -> UInt64? { register.crm < 6 ? 0 : nil }
  func writeBreakpoint(_ register: SystemRegister, _ value: UInt64) -> Bool { register.crm < 6 }
}

/// A VM, its running vCPU 0 and the exits that it takes.
private final class Pipeline {
  var machine: VirtualMachine
  var around: PlainSurroundings

  init(_ gic: GICVersion, listRegisterCount: Int) throws {
    var heap = HeapStorage()
    machine = try VirtualMachine(
      gic: gic, usesHardwareLinks: true, vcpuCount: 4, sharedInterruptCount: 256,
      memory: AddressRange(start: GuestPhysicalAddress(0x4000_0000), size: 0x800_0000),
      firmware: AddressRange(start: GuestPhysicalAddress(0), size: 0x20_0000), secondsAtStart: 1, storage: &heap)
    around = PlainSurroundings(listRegisters: ListRegisterInterpreter(version: gic, count: listRegisterCount))
    start()
  }

  private func start() {
    machine.power.ran(0)
    machine.interrupts.load(vcpu: 0, into: &around.listRegisters)
  }

  /// Decodes and answers one exit. What must hold: nothing traps, the guest goes on or takes one exception, and it is never
  /// both.
  func take(_ fuzzing: inout Fuzzing) -> Bool {
    around.now = around.now.advanced(by: fuzzing.random.next() % 10_000)
    let base = fuzzing.pick([0x0800_0000, 0x0801_0000, 0x080a_0000, 0x080b_0000, 0x0900_0000, 0x0901_0000, 0x0c00_0000])
    let address = GuestPhysicalAddress(UInt64(base) + fuzzing.random.next() % 0x1_0000)
    let exit = Syndrome(rawValue: syndrome(&fuzzing)).exit(at: address, state: 0x3c5)
    var cpu = PlainCPU(registers: (0..<31).map { _ in fuzzing.value() })
    if fuzzing.below(2) == 0 {
      cpu.registers[0] = fuzzing.pick([0x8400_0000, 0xc400_0000, 0x8000_0000]) | UInt64(fuzzing.below(24))
      cpu.registers[1] = UInt64(fuzzing.below(5))
    }
    if ExitDispatcher.answersAlone(exit, cpu: &cpu, machine: machine) { return cpu.skipCount <= 1 }
    let outcome = ExitDispatcher.handle(exit, vcpu: 0, cpu: &cpu, machine: &machine, around: &around)
    if case .unfinished(let rest) = outcome { machine.interrupts.finish(rest) }
    carryOut(outcome, &fuzzing)
    return cpu.skipCount + cpu.faultCount <= 1
  }

  /// Mostly loads and stores that a syndrome describes, system registers, and calls.
  private func syndrome(_ fuzzing: inout Fuzzing) -> UInt64 {
    let detail = fuzzing.random.next() & 0x1ff_ffff
    return switch fuzzing.below(8) {
    // ISV, any size, any register, either direction, a translation fault at level 3.
    case 0...3: 0x24 << 26 | 1 << 25 | 1 << 24 | detail & 0x00ff_0040 | 0x07
    case 4, 5: 0x18 << 26 | 1 << 25 | detail
    case 6: fuzzing.pick([0x16, 0x17]) << 26 | 1 << 25
    default: UInt64(fuzzing.below(64)) << 26 | detail
    }
  }

  private func carryOut(_ outcome: Outcome, _ fuzzing: inout Fuzzing) {
    switch outcome {
    case .systemOff, .systemReset, .off:
      machine.interrupts.unload(vcpu: 0, from: &around.listRegisters)
      machine.reset()
      start()
    case .start(let vcpu, _, _): if vcpu != 0 { machine.power.ran(vcpu) }
    case .wait: machine.power.ran(0)
    default: break
    }
    switch fuzzing.below(12) {
    case 0: _ = machine.type(UInt8(fuzzing.below(256)))
    case 1: machine.updatePhysicalTimer(vcpu: 0, at: around.now)
    case 2: machine.updateClock(at: around.now, ticksPerSecond: 1_000_000)
    case 3, 4: if let taken = around.listRegisters.acknowledge() { around.listRegisters.end(taken) }
    case 5:
      machine.interrupts.unload(vcpu: 0, from: &around.listRegisters)
      machine.interrupts.load(vcpu: 0, into: &around.listRegisters)
    default: break
    }
    if machine.interrupts.takeAttention() != 0 {
      machine.interrupts.refresh(vcpu: 0, registers: &around.listRegisters)
    }
    if around.listRegisters.isMaintenanceAsserted {
      machine.interrupts.maintenance(vcpu: 0, registers: &around.listRegisters)
    }
  }
}

@Suite("Fuzzing: from the syndrome to the devices", .timeLimited)
struct PipelineTests {
  @Test(
    "no syndrome with no registers makes the models trap, or skips an instruction that faulted",
    arguments: [(.v2, 4), (.v2, 1), (.v3, 4), (.v3, 16)] as [(GICVersion, Int)])
  func pipeline(gic: GICVersion, listRegisterCount: Int) throws {
    let pipeline = try Pipeline(gic, listRegisterCount: listRegisterCount)
    Fuzzing.run("exits of GICv\(gic.rawValue) with \(listRegisterCount) list registers", 50_000) { fuzzing in
      if !pipeline.take(&fuzzing) { Issue.record("an instruction was skipped and faulted") }
    }
  }
}
