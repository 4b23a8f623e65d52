import Architecture
import TestSupport
import Virtualization

/// The vCPU that has exited: says what was done to it.
struct RecordingCPU: VirtualCPU, ~Copyable {
  /// x0 to x30, each with a value of its own to begin with.
  var registers: [UInt64] = (0..<31).map { 0xc0de_0000_0000_0000 | UInt64($0) }
  /// The writes, in order, by register number; the zero register's among them.
  var written: [UInt8] = []
  var skipCount = 0
  var faults: [GuestFault] = []

  subscript(register index: UInt8) -> UInt64 {
    get { index < 31 ? registers[Int(index)] : 0 }
    set {
      written.append(index)
      if index < 31 { registers[Int(index)] = newValue }
    }
  }

  /// The flags that MRC set, in order.
  var flags: [UInt8] = []
  /// How long the skipped instructions were that the syndrome did not say it of.
  var skippedBytes: [UInt8] = []
  /// What the backend makes of a load or store without a description.
  var description = TransferDescription.refused(.unrecognized)

  mutating func setConditionFlags(_ flags: UInt8) { self.flags.append(flags) }
  mutating func skipInstruction() { skipCount += 1 }
  mutating func skipInstruction(byteCount: UInt8) {
    skipCount += 1
    skippedBytes.append(byteCount)
  }
  mutating func inject(_ fault: GuestFault) { faults.append(fault) }
  /// A real backend reads the instruction: so does this one, and adds what it read to the transfer's address.
  func describeTransfer(
    at address: GuestPhysicalAddress, isWrite: Bool, read: (GuestPhysicalAddress, Int) -> UInt32?
  ) -> TransferDescription {
    guard case .transfer(var transfer) = description, let word = read(Board.memory.start, 4) else { return description }
    transfer.address = transfer.address.advanced(by: UInt64(word))
    return .transfer(transfer)
  }
}

/// The hardware around the vCPU, with a clock that a test sets.
struct FakeSurroundings: Surroundings, ~Copyable {
  var listRegisters: ListRegisterInterpreter
  var now = Instant(ticks: 0)
  var isInterruptWaiting = false
  var ticksPerSecond: UInt64 = 1000
  /// What was put into MDSCR_EL1, in order.
  let debugControls = DebugLog()

  init(_ version: GICVersion) { listRegisters = ListRegisterInterpreter(version: version, count: 4) }

  /// All ones: a field that passes shows.
  func identification(_ register: SystemRegister) -> UInt64 { ~0 }
  /// DBGDSCRext.MOE in the hardware.
  var debugEntry: UInt64 = 0
  func setDebugControl(_ value: UInt64) { debugControls.values.append(value) }
  /// Six breakpoints and four watchpoints.
  private func exists(_ register: SystemRegister) -> Bool { register.crm < (register.op2 & 2 == 0 ? 6 : 4) }
  func readBreakpoint(_ register: SystemRegister) -> UInt64? {
    exists(register) ? debugControls.breakpoints[register] ?? 0 : nil
  }
  func writeBreakpoint(_ register: SystemRegister, _ value: UInt64) -> Bool {
    guard exists(register) else { return false }
    debugControls.breakpoints[register] = value
    return true
  }
  /// The guest's memory reads as one number everywhere.
  var memory: UInt32?
  func readGuest(_ address: GuestPhysicalAddress, byteCount: Int) -> UInt32? { memory }
  func report(_ refusal: TransferRefusal, at address: GuestPhysicalAddress, vcpu: Int) {
    debugControls.refusals.append(refusal)
  }
}

/// What the hardware was given, MDSCR_EL1 and breakpoints, and what was reported; a class, because none of it changes the
/// surroundings.
final class DebugLog {
  var values: [UInt64] = []
  var breakpoints: [SystemRegister: UInt64] = [:]
  var refusals: [TransferRefusal] = []
}

/// A VM whose vCPU 0 runs, and what one exit of it comes to.
final class Board {
  var machine: VirtualMachine
  var around: FakeSurroundings
  private(set) var cpu = RecordingCPU()

  static let memory = AddressRange(start: GuestPhysicalAddress(0x4000_0000), size: 0x800_0000)
  static let firmware = AddressRange(start: GuestPhysicalAddress(0), size: 0x20_0000)

  init(_ gic: GICVersion = .v3, vcpuCount: Int = 2) throws {
    var heap = HeapStorage()
    machine = try VirtualMachine(
      gic: gic, usesHardwareLinks: true, vcpuCount: vcpuCount, sharedInterruptCount: 256, memory: Self.memory,
      firmware: Self.firmware, secondsAtStart: 1_000_000, storage: &heap)
    around = FakeSurroundings(gic)
    machine.power.ran(0)
    machine.interrupts.load(vcpu: 0, into: &around.listRegisters)
  }

  /// Answers `exit` for a fresh set of registers, of which `values` are given.
  @discardableResult
  func handle(
    _ exit: Exit, vcpu: Int = 0, _ values: [Int: UInt64] = [:],
    description: TransferDescription = .refused(.unrecognized)
  ) -> Outcome {
    if answersAlone(exit, values) { return .resume }
    return handleWithModels(exit, vcpu: vcpu, values, description: description)
  }

  /// The same without the short way.
  @discardableResult
  func handleWithModels(
    _ exit: Exit, vcpu: Int = 0, _ values: [Int: UInt64] = [:],
    description: TransferDescription = .refused(.unrecognized)
  ) -> Outcome {
    begin(with: values, description)
    let outcome = ExitDispatcher.handle(exit, vcpu: vcpu, cpu: &cpu, machine: &machine, around: &around)
    // As the kernel does before the guest goes on.
    guard case .unfinished(let rest) = outcome else { return outcome }
    machine.interrupts.finish(rest)
    return .resume
  }

  /// The short way by itself.
  func answersAlone(_ exit: Exit, _ values: [Int: UInt64] = [:]) -> Bool {
    begin(with: values)
    if ExitDispatcher.answersAlone(exit, cpu: &cpu, machine: machine) { return true }
    guard case .memory(let access) = exit else { return false }
    return ExitDispatcher.readsConstant(access, cpu: &cpu, machine: machine)
  }

  private func begin(with values: [Int: UInt64], _ description: TransferDescription = .refused(.unrecognized)) {
    // The guest ran up to here.
    around.listRegisters.synchronizeMasks()
    cpu = RecordingCPU()
    cpu.description = description
    for (index, value) in values { cpu.registers[index] = value }
  }

  var skipCount: Int { cpu.skipCount }
  var faults: [GuestFault] { cpu.faults }
  var written: [UInt8] { cpu.written }
  var flags: [UInt8] { cpu.flags }
  var skippedBytes: [UInt8] { cpu.skippedBytes }
  func register(_ index: Int) -> UInt64 { cpu.registers[index] }

  /// Takes the vCPU out, as whoever resets the VM does first.
  func reset() {
    machine.interrupts.unload(vcpu: 0, from: &around.listRegisters)
    machine.reset()
  }

  /// A character comes from the terminal.
  func type(_ byte: UInt8) -> Bool { machine.type(byte) }

  /// Whether the vCPU's emulated timer holds its line up.
  func isTimerLineHigh(_ vcpu: Int) -> Bool { machine.isPhysicalTimerLineHigh(vcpu: vcpu) }

  /// Level or latch: whether the interrupt is pending at the distributor, by GICD_ISPENDR or GICR_ISPENDR0 of vCPU 0.
  func isPending(_ id: UInt16) -> Bool {
    let offset = 0x200 + UInt64(id / 32) * 4
    let base: UInt64 = id < 32 && machine.interrupts.version == .v3 ? 0x080b_0000 : 0x0800_0000
    handle(.load(base + offset, into: 9))
    return register(9) >> UInt64(id % 32) & 1 != 0
  }
}

extension Exit {
  /// A load of `width` at `address` into register `register`.
  static func load(
    _ address: UInt64, _ width: AccessWidth = .word, into register: UInt8 = 3, signed: Bool = false, wide: Bool = false
  ) -> Exit {
    .memory(
      MMIOAccess(
        address: GuestPhysicalAddress(address), width: width, isWrite: false, register: register,
        isSignExtended: signed,
        isSixtyFourBit: wide))
  }

  /// A store of `width` from register `register` to `address`.
  static func store(_ address: UInt64, _ width: AccessWidth = .word, from register: UInt8 = 3) -> Exit {
    .memory(
      MMIOAccess(address: GuestPhysicalAddress(address), width: width, isWrite: true, register: register))
  }

  /// MRS of a register into general register `target`.
  static func mrs(_ register: SystemRegister, _ target: UInt8 = 3) -> Exit {
    .systemRegister(SystemRegisterAccess(register: register, isWrite: false, generalRegister: target))
  }

  /// MSR of a register from general register `source`.
  static func msr(_ register: SystemRegister, _ source: UInt8 = 3) -> Exit {
    .systemRegister(SystemRegisterAccess(register: register, isWrite: true, generalRegister: source))
  }
}
