import Architecture
import TestSupport
import Testing
import Virtualization

@Suite("Exits that are answered without the VM's lock", .timeLimited)
struct AnsweredAloneTests {
  /// Everything that an exit can do to a vCPU.
  private struct Effect: Equatable {
    var registers: [UInt64]
    var written: [UInt8]
    var skipCount: Int
    var faults: [GuestFault]

    init(_ board: Board) {
      registers = (0..<31).map(board.register)
      written = board.written
      skipCount = board.skipCount
      faults = board.faults
    }
  }

  /// Whether the short way answers, having checked that it does what the models do and leaves alone what it refuses.
  private func isAnswered(_ exit: Exit, _ values: [Int: UInt64] = [:], on board: Board) -> Bool {
    let isAnswered = board.answersAlone(exit, values)
    let alone = Effect(board)
    if isAnswered {
      #expect(board.handleWithModels(exit, values) == .resume)
      #expect(Effect(board) == alone)
    } else {
      #expect(alone.written.isEmpty && alone.skipCount == 0 && alone.faults.isEmpty)
    }
    return isAnswered
  }

  @Test(
    "calls: the version, and every function that is no architecture or standard service call",
    arguments: [GICVersion.v2, .v3])
  func calls(gic: GICVersion) throws {
    let board = try Board(gic)
    for conduit in [CallConduit.hypervisorCall, .secureMonitorCall] {
      let call = Exit.call(conduit, immediate: 0)
      // PSCI_VERSION; vendor, OEM, trusted application and OS ranges; yielding calls; X0's upper half says nothing.
      for function in [
        0x8400_0000, 0xc600_ff42, 0x8600_0000, 0x8200_0001, 0xb000_0000, 0xbf00_ffff, 0x0400_0000, 0, 0xffff_ffff,
        0x1_8400_0000,
      ] as [UInt64] {
        #expect(isAnswered(call, [0: function], on: board), "\(function)")
      }
      // SMCCC_VERSION, SMCCC_ARCH_FEATURES, AFFINITY_INFO, PSCI_FEATURES, an unknown PSCI function.
      for function in [0x8000_0000, 0x8000_0001, 0xc400_0004, 0x8400_000a, 0x8400_001f] as [UInt64] {
        #expect(!isAnswered(call, [0: function], on: board), "\(function)")
      }
      #expect(!isAnswered(.call(conduit, immediate: 1), [0: 0x8400_0000], on: board))
    }
  }

  @Test("loads: GICD_TYPER and UARTFR by words, in every state of the UART", arguments: [GICVersion.v2, .v3])
  func loads(gic: GICVersion) throws {
    let board = try Board(gic)
    let registers = [0x0800_0004, 0x0900_0018] as [UInt64]
    func check() {
      for address in registers {
        for (register, isSigned, isLong) in [(5, false, false), (31, false, true), (7, true, true)]
          as [(UInt8, Bool, Bool)]
        {
          let access = MMIOAccess(
            address: GuestPhysicalAddress(address), width: .word, isWrite: false, register: register,
            isSignExtended: isSigned, isSixtyFourBit: isLong)
          #expect(isAnswered(.memory(access), on: board))
        }
      }
    }
    func store(_ value: UInt64, to offset: UInt64) {
      let access = MMIOAccess(
        address: GuestPhysicalAddress(0x0900_0000 + offset), width: .word, isWrite: true, register: 3)
      #expect(!isAnswered(.memory(access), [3: value], on: board))
      board.handle(.memory(access), [3: value])
    }
    check()
    // One character fills the receiver without FIFOs, 32 with them (UARTLCR_H.FEN); loopback has other modem lines.
    for _ in 0..<40 { _ = board.machine.type(0x41) }
    check()
    store(1 << 4, to: 0x2c)
    check()
    board.machine.holdConsole(true)
    check()
    board.machine.holdConsole(false)
    store(1 << 7 | 1 << 11 | 1 << 13, to: 0x30)
    check()
    for _ in 0..<40 {
      board.handle(
        .memory(MMIOAccess(address: GuestPhysicalAddress(0x0900_0000), width: .word, isWrite: false, register: 1)))
      check()
    }
    board.reset()
    check()
  }

  @Test(
    "loads: what the interrupt controller has that never changes, each of it and nothing beside it",
    arguments: [GICVersion.v2, .v3])
  func constants(gic: GICVersion) throws {
    let board = try Board(gic, vcpuCount: 3)
    func isAnswered(_ address: UInt64, _ width: AccessWidth = .word) -> Bool {
      self.isAnswered(.load(address, width), on: board)
    }
    #expect(isAnswered(0x0800_0008))
    let identification: UInt64 = gic == .v2 ? 0xfd0 : 0xffd0
    for offset in stride(from: identification, to: identification + 0x30, by: 4) {
      #expect(isAnswered(0x0800_0000 + offset))
      #expect(!isAnswered(0x0800_0000 + offset, .byte))
    }
    #expect(!isAnswered(0x0800_0000 + identification - 4))
    for vcpu in 0..<4 as Range<UInt64> {
      let frame = 0x080a_0000 + vcpu * 0x2_0000
      let isThere = gic == .v3 && vcpu < 3
      for offset in [0x4, 0x8, 0xc, 0xffd0, 0xfffc] as [UInt64] { #expect(isAnswered(frame + offset) == isThere) }
      #expect(isAnswered(frame + 0x8, .doubleword) == isThere)
      // GICR_WAKER, GICR_ISENABLER0, and what would be constants of the SGI frame.
      for offset in [0x14, 0x1_0100, 0x1_0004, 0x1_ffd0] as [UInt64] { #expect(!isAnswered(frame + offset)) }
    }
  }

  @Test("nothing else of a device", arguments: [AccessWidth.byte, .halfword, .word, .doubleword])
  func others(width: AccessWidth) throws {
    let board = try Board()
    for window in [0x0800_0000, 0x080a_0000, 0x0900_0000, 0x0901_0000, 0x4000_0000] as [UInt64] {
      for offset in 0..<0x100 as Range<UInt64> {
        let address = GuestPhysicalAddress(window + offset)
        var isOne = width == .word && [0x0800_0004, 0x0800_0008, 0x0900_0018].contains(address.rawValue)
        // GICR_IIDR, GICR_TYPER by words and whole.
        if width == .word { isOne = isOne || [0x080a_0004, 0x080a_0008, 0x080a_000c].contains(address.rawValue) }
        if width == .doubleword { isOne = isOne || address.rawValue == 0x080a_0008 }
        let load = MMIOAccess(address: address, width: width, isWrite: false, register: 2)
        #expect(board.answersAlone(.memory(load)) == isOne)
        let store = MMIOAccess(address: address, width: width, isWrite: true, register: 2)
        #expect(!board.answersAlone(.memory(store)))
      }
    }
    #expect(!board.answersAlone(.waitForInterrupt))
    #expect(!board.answersAlone(.undefined))
  }

  @Test("an SGI is sent the short way by a word to GICD_SGIR that names one vCPU, and by nothing else")
  func softwareInterrupts() throws {
    let board = try Board(.v2)
    let register = GuestPhysicalAddress(0x0800_0f00)
    func sent(_ value: UInt64, _ width: AccessWidth = .word, at address: GuestPhysicalAddress) -> SoftwareInterrupt? {
      var cpu = RecordingCPU()
      cpu.registers[3] = value
      let access = MMIOAccess(address: address, width: width, isWrite: true, register: 3)
      return board.machine.softwareInterrupt(access, vcpu: 1, cpu: cpu)
    }
    #expect(sent(0x0001_0005, at: register) == SoftwareInterrupt(id: 5, target: 0, source: 1))
    #expect(sent(0x0200_0005, at: register) == SoftwareInterrupt(id: 5, target: 1, source: 1))
    // Two targets, all others, none, nobody that there is.
    for value: UInt64 in [0x0003_0005, 0x0100_0005, 0x5, 0x0004_0005, 0x0301_0005] {
      #expect(sent(value, at: register) == nil)
    }
    for width: AccessWidth in [.byte, .halfword, .doubleword] { #expect(sent(0x0001_0005, width, at: register) == nil) }
    #expect(sent(0x0001_0005, at: register.advanced(by: 4)) == nil)
  }
}
