import Architecture
import TestSupport
import Testing
import Virtualization

private let data: UInt64 = 0x0900_0000
private let flags: UInt64 = 0x0900_0018
private let lineControl: UInt64 = 0x0900_002c
private let interruptMask: UInt64 = 0x0900_0038

/// UARTFR: RXFE is bit 4, RXFF bit 6. UARTIMSC: RXIM is bit 4, RTIM bit 6. UARTLCR_H: FEN is bit 4.
@Suite("The console of a VM", .timeLimited)
struct TypingTests {
  /// The guest takes what there is, as a driver's interrupt handler does.
  private func drain(_ board: Board, limit: Int = 10_000) -> [UInt8] {
    var received: [UInt8] = []
    while received.count < limit {
      board.handle(.load(flags))
      if board.register(3) >> 4 & 1 != 0 { break }
      board.handle(.load(data))
      received.append(UInt8(truncatingIfNeeded: board.register(3)))
    }
    return received
  }

  @Test("A character written comes out as the outcome of the very store, once")
  func transmission() throws {
    let board = try Board()
    for byte in "TVisor\n".utf8 {
      #expect(board.handle(.store(data, .byte), [3: 0xffff_ff00 | UInt64(byte)]) == .transmit(byte))
      #expect(board.skipCount == 1 && board.faults == [])
      #expect(board.handle(.load(flags)) == .resume)
    }
    #expect(board.handle(.store(data, from: 31)) == .transmit(0))
  }

  @Test("Typed characters arrive in order and none is lost, with the FIFO on and off", arguments: [0, 1 << 4])
  func order(fifoEnable: UInt64) throws {
    let board = try Board()
    board.handle(.store(lineControl), [3: fifoEnable])
    let text = (0..<200).map { UInt8(truncatingIfNeeded: $0 * 7 + 1) }
    for byte in text { #expect(board.type(byte)) }
    #expect(drain(board) == text)
  }

  @Test("Typing goes on while the guest reads, over the ring's end many times")
  func ring() throws {
    let board = try Board()
    board.handle(.store(lineControl), [3: 1 << 4])
    var typed: [UInt8] = []
    var received: [UInt8] = []
    for round in 0..<40 {
      for step in 0..<(round % 7 * 25) {
        let byte = UInt8(truncatingIfNeeded: round &* 31 &+ step)
        if board.type(byte) { typed.append(byte) }
      }
      received += drain(board, limit: round % 5 * 40)
    }
    received += drain(board)
    #expect(typed.count > 1_000)
    #expect(received == typed)
  }

  @Test("When nothing more fits the typist is told, and what was taken still arrives")
  func full() throws {
    let board = try Board()
    board.handle(.store(lineControl), [3: 1 << 4])
    var taken: [UInt8] = []
    for index in 0..<1_000 {
      let byte = UInt8(truncatingIfNeeded: index)
      if board.type(byte) { taken.append(byte) } else { break }
    }
    #expect(taken.count >= 256 && taken.count < 1_000)
    #expect(!board.type(0x21))
    #expect(drain(board) == taken)
    #expect(board.type(0x21))
    #expect(drain(board) == [0x21])
  }

  @Test("What is typed during a loopback test waits for its end, and then comes by itself")
  func loopback() throws {
    let control: UInt64 = 0x0900_0030
    let board = try Board()
    board.handle(.store(lineControl), [3: 1 << 4])
    // UARTCR: LBE is bit 7.
    board.handle(.store(control), [3: 0x381])
    #expect(board.type(0x21))
    #expect(board.handle(.store(data), [3: 0x41]) == .resume)
    #expect(drain(board) == [0x41])
    board.handle(.store(control), [3: 0x301])
    #expect(drain(board) == [0x21])
  }

  @Test("The interrupt line follows: SPI 1 is pending while characters wait, and falls with the last")
  func line() throws {
    let board = try Board()
    #expect(board.type(0x41))
    #expect(!board.isPending(33), "masked")
    board.handle(.store(interruptMask), [3: 1 << 4 | 1 << 6])
    #expect(board.isPending(33))
    #expect(board.type(0x42))
    board.handle(.load(data))
    #expect(board.register(3) == 0x41)
    #expect(board.isPending(33), "another one waits, though the receiver holds but one")
    board.handle(.load(data))
    #expect(board.register(3) == 0x42)
    #expect(!board.isPending(33))
  }

  @Test("A reset VM is a new one: nothing typed, no line, no timer, no stored register, only vCPU 0 about to run")
  func reset() throws {
    let board = try Board()
    board.around.now = Instant(ticks: 5_000)
    board.handle(.store(interruptMask), [3: 0x7ff])
    for _ in 0..<100 { _ = board.type(0x5a) }
    board.handle(.msr(SystemRegister(3, 3, 14, 2, 1)), [3: 1])
    board.handle(.msr(SystemRegister(2, 0, 0, 2, 2)), [3: 0x8000])
    board.handle(.store(0x0800_0000), [3: 3])
    board.handle(.store(0x0800_0100 + 4), [3: ~0])
    board.handle(.store(0x0901_0008), [3: 7])
    board.handle(.call(.hypervisorCall, immediate: 0), [0: 0xc400_0003, 1: 1, 2: 0x4000_0000])
    #expect(board.isPending(33) && board.isPending(30))

    board.reset()
    #expect(board.machine.physicalTimerDeadline(vcpu: 0) == .never)
    #expect(!board.isTimerLineHigh(0))
    #expect(board.machine.interrupts.attention == 0)
    #expect(board.machine.power.state(of: 0) == .onPending)
    #expect(board.machine.power.state(of: 1) == .off)

    board.machine.interrupts.load(vcpu: 0, into: &board.around.listRegisters)
    #expect(!board.isPending(33) && !board.isPending(30))
    #expect(drain(board) == [])
    board.handle(.load(interruptMask))
    #expect(board.register(3) == 0)
    board.handle(.mrs(SystemRegister(2, 0, 0, 2, 2)))
    #expect(board.register(3) == 0)
    board.handle(.load(0x0800_0000))
    #expect(board.register(3) & 3 == 0)
    board.handle(.load(0x0800_0104))
    #expect(board.register(3) == 0)
    board.handle(.load(0x0901_0000))
    #expect(board.register(3) == 1_000_005)
    #expect(board.type(0x61))
    #expect(drain(board) == [0x61])
  }

  @Test(
    "A VM that is reset with each line of its devices high hears of each again; what holds its transmitter still does")
  func linesAfterReset() throws {
    let board = try Board()
    board.around.now = Instant(ticks: 5_000)
    /// A character, an alarm for this second, and a timer whose time has come.
    func raiseAll() {
      board.handle(.store(interruptMask), [3: 1 << 4 | 1 << 6])
      #expect(board.type(0x41))
      board.handle(.store(0x0901_0010), [3: 1])
      board.handle(.store(0x0901_0004), [3: 1_000_005])
      board.handle(.msr(SystemRegister(3, 3, 14, 2, 1)), [3: 1])
      for id: UInt16 in [30, 33, 34] { #expect(board.isPending(id), "\(id)") }
    }
    raiseAll()
    board.machine.holdConsole(true)
    board.reset()
    board.machine.interrupts.load(vcpu: 0, into: &board.around.listRegisters)
    for id: UInt16 in [30, 33, 34] { #expect(!board.isPending(id), "\(id)") }
    // UARTFR: TXFF is bit 5, TXFE bit 7.
    board.handle(.load(flags))
    #expect(board.register(3) & 0b1010_0000 == 1 << 5)
    board.machine.holdConsole(false)
    board.handle(.load(flags))
    #expect(board.register(3) & 0b1010_0000 == 1 << 7)
    raiseAll()
  }

  /// What a guest reads of the whole interrupt controller.
  private func controller(_ board: Board) -> [UInt64] {
    var places: [UInt64] = []
    for offset in stride(from: 0 as UInt64, to: 0x1000, by: 4) {
      places += [0x0800_0000 + offset, 0x0800_6000 + offset, 0x080b_0000 + offset, 0x080d_0000 + offset]
    }
    return places.map { place in
      board.handle(.load(place))
      return board.register(3)
    }
  }

  @Test(
    "A reset takes its steps with the console at work in between, and the VM is a new one",
    arguments: [GICVersion.v2, .v3])
  func resetInSteps(gic: GICVersion) throws {
    let board = try Board(gic)
    board.handle(.store(interruptMask), [3: 0x7ff])
    board.handle(.store(0x0800_0000), [3: 3])
    for word in 0 as UInt64..<9 {
      for offset: UInt64 in [0x80, 0x100, 0x200, 0x300] {
        // Every other one of them is active.
        let value: UInt64 = offset == 0x300 ? 0x5555_5555 : 0xffff_ffff
        board.handle(.store(0x0800_0000 + offset + word * 4), [3: value])
        if gic == .v3 && word == 0 { board.handle(.store(0x080b_0000 + offset), [3: value]) }
      }
      for field in 0 as UInt64..<8 {
        board.handle(.store(0x0800_0420 + word * 32 + field * 4), [3: 0x1010_1010 * field])
        if gic == .v2 { board.handle(.store(0x0800_0820 + word * 32 + field * 4), [3: 0x0101_0101]) }
      }
    }
    board.machine.interrupts.refresh(vcpu: 0, registers: &board.around.listRegisters)
    board.around.listRegisters.synchronizeMasks()
    #expect(board.around.listRegisters.emptyMask == 0)
    board.machine.interrupts.unload(vcpu: 0, from: &board.around.listRegisters)
    for step in 0..<board.machine.resetStepCount {
      board.machine.reset(step: step)
      _ = board.type(0x61)
      board.machine.holdConsole(step % 2 == 0)
      _ = board.machine.interrupts.takeAttention()
      while board.machine.interrupts.takeDeactivation(vcpu: 0) != nil {}
    }
    board.machine.holdConsole(false)
    #expect(board.machine.power.state(of: 0) == .onPending)
    board.around.listRegisters = .init(version: gic, count: 4)
    board.machine.interrupts.load(vcpu: 0, into: &board.around.listRegisters)
    let fresh = try Board(gic)
    fresh.machine.interrupts.unload(vcpu: 0, from: &fresh.around.listRegisters)
    fresh.machine.interrupts.load(vcpu: 0, into: &fresh.around.listRegisters)
    #expect(controller(board) == controller(fresh))
    board.around.listRegisters.synchronizeMasks()
    #expect(board.around.listRegisters.emptyMask == 0b1111)
    #expect(!drain(board).isEmpty)
  }

  @Test("A vCPU that starts again finds its timer and its stored registers clean, and the others' as they were")
  func resetOfOne() throws {
    let board = try Board()
    board.around.now = Instant(ticks: 10)
    for vcpu in 0...1 {
      board.handle(.msr(SystemRegister(3, 3, 14, 2, 1)), vcpu: vcpu, [3: 1])
      board.handle(.msr(SystemRegister(2, 0, 0, 2, 2)), vcpu: vcpu, [3: 0x8000])
    }
    board.machine.reset(vcpu: 1)
    #expect(!board.isTimerLineHigh(1))
    #expect(board.isTimerLineHigh(0))
    board.handle(.mrs(SystemRegister(2, 0, 0, 2, 2)), vcpu: 1)
    #expect(board.register(3) == 0)
    board.handle(.mrs(SystemRegister(2, 0, 0, 2, 2)), vcpu: 0)
    #expect(board.register(3) == 0x8000)
  }
}
