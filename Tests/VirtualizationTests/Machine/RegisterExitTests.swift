import Architecture
import TestSupport
import Testing
import Virtualization

private let physicalTimerValue = SystemRegister(3, 3, 14, 2, 0)
private let physicalTimerControl = SystemRegister(3, 3, 14, 2, 1)
private let physicalTimerCompareValue = SystemRegister(3, 3, 14, 2, 2)
private let sgi1 = SystemRegister(3, 0, 12, 11, 5)
private let debugControl = SystemRegister(2, 0, 0, 2, 2)

@Suite("Exits that are system registers", .timeLimited)
struct RegisterExitTests {
  @Test("An identification register reads as the guest's view and writes are undefined")
  func identification() throws {
    let board = try Board()
    // ID_AA64PFR0_EL1: the hardware here has all ones; EL2 (11:8) and SVE (35:32) are hidden, GIC (27:24) is 1.
    #expect(board.handle(.mrs(SystemRegister(3, 0, 0, 4, 0), 11)) == .resume)
    #expect(board.register(11) >> 8 & 15 == 0)
    #expect(board.register(11) >> 32 & 15 == 0)
    #expect(board.register(11) >> 24 & 15 == 1)
    #expect(board.written == [11] && board.skipCount == 1)
    #expect(board.handle(.msr(SystemRegister(3, 0, 0, 4, 0))) == .resume)
    #expect(board.faults == [.undefined] && board.skipCount == 0)
  }

  @Test("The physical timer raises PPI 14 when its time has come and lets it down when it is moved on")
  func timer() throws {
    let board = try Board()
    board.around.now = Instant(ticks: 1_000)
    #expect(board.machine.physicalTimerDeadline(vcpu: 0) == .never)
    // A guest that arms its timer and spins exits no more: the deadline has to be looked at now.
    #expect(board.handle(.msr(physicalTimerCompareValue), [3: 1_500]) == .timerChanged)
    #expect(board.handle(.msr(physicalTimerControl), [3: 1]) == .timerChanged)
    #expect(board.written == [] && board.skipCount == 1)
    #expect(board.machine.physicalTimerDeadline(vcpu: 0) == Instant(ticks: 1_500))
    #expect(board.machine.physicalTimerDeadline(vcpu: 1) == .never)
    #expect(!board.isPending(30))
    board.handle(.mrs(physicalTimerValue, 4))
    #expect(board.register(4) == 500)
    board.around.now = Instant(ticks: 1_500)
    board.machine.updatePhysicalTimer(vcpu: 0, at: board.around.now)
    #expect(board.isTimerLineHigh(0))
    #expect(board.isPending(30))
    board.handle(.mrs(physicalTimerControl, 4))
    #expect(board.register(4) == 0b101, "ENABLE and ISTATUS")
    board.handle(.msr(physicalTimerValue), [3: 10])
    #expect(!board.isTimerLineHigh(0))
    #expect(!board.isPending(30))
    #expect(board.machine.physicalTimerDeadline(vcpu: 0) == Instant(ticks: 1_510))
  }

  @Test("A compare value in the past raises the line with the very store; a mask lets it down")
  func pastTimer() throws {
    let board = try Board()
    board.around.now = Instant(ticks: 1_000)
    board.handle(.msr(physicalTimerControl), [3: 1])
    #expect(board.isPending(30))
    board.handle(.msr(physicalTimerControl), [3: 3])
    #expect(!board.isPending(30))
  }

  @Test("ICC_SGI1R_EL1 interrupts the vCPU that it names")
  func interprocessor() throws {
    let board = try Board(.v3)
    // GICD_CTLR: both groups. SGI 5 of vCPU 1: group 1 and enabled.
    board.handle(.store(0x0800_0000), [3: 3])
    board.handle(.store(0x080d_0080), [3: 1 << 5])
    board.handle(.store(0x080d_0100), [3: 1 << 5])
    #expect(board.handle(.msr(sgi1), [3: 5 << 24 | 0b10]) == .resume)
    #expect(board.skipCount == 1 && board.faults == [])
    board.handle(.load(0x080d_0200))
    #expect(board.register(3) == 1 << 5)
    #expect(board.machine.interrupts.attention >> 1 & 1 == 1)
    board.handle(.mrs(sgi1))
    #expect(board.faults == [.undefined] && board.skipCount == 0 && board.written == [], "it is write-only")
  }

  @Test("A GICv2's machine has no GICv3 registers")
  func noSystemRegisterInterface() throws {
    let board = try Board(.v2)
    board.handle(.msr(sgi1), [3: 0b10])
    #expect(board.faults == [.undefined] && board.skipCount == 0)
  }

  @Test("MDSCR_EL1 keeps the guest's own bits, each vCPU's its own, and the hardware gets them")
  func debugging() throws {
    let board = try Board()
    // SS 0, TDCC 12, KDE 13, MDE 15 are the guest's; HDE 14 and the rest are an external debugger's.
    board.handle(.msr(debugControl), [3: ~0])
    #expect(board.around.debugControls.values == [0xb001])
    board.handle(.mrs(debugControl, 8))
    #expect(board.register(8) == 0xb001)
    #expect(board.around.debugControls.values.count == 1, "a read changes nothing")
    board.handle(.mrs(debugControl, 8), vcpu: 1)
    #expect(board.register(8) == 0)
    board.handle(.msr(debugControl, 31))
    #expect(board.around.debugControls.values == [0xb001, 0])
  }

  @Test("The OS lock is each vCPU's own, open at first, and keeps debug exceptions away while it is locked")
  func debugLock() throws {
    let (lock, status) = (SystemRegister(2, 0, 1, 0, 4), SystemRegister(2, 0, 1, 1, 4))
    let board = try Board()
    board.handle(.mrs(status, 8))
    #expect(board.register(8) == 0b1000)
    board.handle(.msr(lock), [3: 1])
    board.handle(.mrs(status, 8))
    #expect(board.register(8) == 0b1010)
    board.handle(.msr(debugControl), [3: 0xb001])
    #expect(board.around.debugControls.values == [0, 0x1000], "TDCC is no debug exception")
    board.handle(.msr(lock), [3: 0])
    #expect(board.around.debugControls.values == [0, 0x1000, 0xb001])
    board.handle(.mrs(status, 8))
    #expect(board.register(8) == 0b1000)
    board.handle(.msr(lock), [3: 1])
    #expect(board.around.debugControls.values == [0, 0x1000, 0xb001, 0x1000])
    board.handle(.mrs(status, 8), vcpu: 1)
    #expect(board.register(8) == 0b1000)
    board.handle(.mrs(debugControl, 8))
    #expect(board.register(8) == 0xb001, "the register keeps what was written")
    board.handle(.msr(lock), vcpu: 1, [3: 1])
    board.machine.reset(vcpu: 1)
    board.handle(.mrs(status, 8), vcpu: 1)
    #expect(board.register(8) == 0b1000)
  }

  @Test("Breakpoints and watchpoints are the CPU's, as many as it has; more are undefined")
  func breakpoints() throws {
    let board = try Board()
    for (number, op2): (UInt16, UInt16) in [(0, 4), (5, 5), (0, 6), (3, 7)] {
      let register = SystemRegister(2, 0, 0, number, op2)
      board.handle(.msr(register), [3: 0x1234_0000 | UInt64(number << 4 | op2)])
      #expect(board.skipCount == 1 && board.faults == [])
      board.handle(.mrs(register, 8))
      #expect(board.register(8) == 0x1234_0000 | UInt64(number << 4 | op2))
    }
    for (number, op2): (UInt16, UInt16) in [(6, 4), (6, 5), (4, 6), (4, 7), (15, 4)] {
      let register = SystemRegister(2, 0, 0, number, op2)
      board.handle(.msr(register), [3: 1])
      #expect(board.skipCount == 0 && board.faults == [.undefined])
      board.handle(.mrs(register, 8))
      #expect(board.skipCount == 0 && board.faults == [.undefined])
    }
  }

  @Test("The short way of an identification register answers as the long one does")
  func shortWay() throws {
    let board = try Board()
    for crm: UInt16 in 0...8 {
      for op2: UInt16 in 0...7 {
        let register = SystemRegister(3, 0, 0, crm, op2)
        let read = SystemRegisterAccess(register: register, isWrite: false, generalRegister: 8)
        let isShort = ExitDispatcher.readsIdentification(read)
        #expect(isShort == (1...7).contains(crm))
        let write = SystemRegisterAccess(register: register, isWrite: true, generalRegister: 8)
        #expect(!ExitDispatcher.readsIdentification(write))
        guard isShort else { continue }
        board.handle(.systemRegister(read))
        var cpu = RecordingCPU()
        ExitDispatcher.readIdentification(read, cpu: &cpu, machine: board.machine, hardware: ~0)
        #expect(cpu.registers[8] == board.register(8) && cpu.skipCount == 1 && cpu.written == [8])
      }
    }
  }

  @Test("REVIDR_EL1 and AIDR_EL1 are the CPU's, and read-only")
  func revision() throws {
    let board = try Board()
    for register in [SystemRegister(3, 0, 0, 0, 6), SystemRegister(3, 1, 0, 0, 7)] {
      board.handle(.mrs(register, 8))
      #expect(board.register(8) == ~0 && board.faults == [])
      board.handle(.msr(register))
      #expect(board.faults == [.undefined])
    }
  }

  @Test("Start-up code's registers read as zero and ignore writes")
  func ignored() throws {
    let board = try Board()
    // ACTLR_EL1, an IMPLEMENTATION DEFINED one, OSDLR_EL1, DBGPRCR_EL1.
    let registers = [
      SystemRegister(3, 0, 1, 0, 1), SystemRegister(3, 1, 15, 2, 1), SystemRegister(2, 0, 1, 3, 4),
      SystemRegister(2, 0, 1, 4, 4),
    ]
    for register in registers {
      board.handle(.msr(register), [3: ~0])
      #expect(board.skipCount == 1 && board.faults == [] && board.written == [])
      board.handle(.mrs(register, 6))
      #expect(board.register(6) == 0)
      #expect(board.skipCount == 1 && board.faults == [] && board.written == [6])
    }
  }

  @Test("Reading into the zero register is done and forgotten")
  func zeroRegister() throws {
    let board = try Board()
    board.handle(.mrs(SystemRegister(3, 0, 0, 4, 0), 31))
    #expect(board.skipCount == 1 && board.faults == [])
    #expect((0..<31).allSatisfy { board.register($0) == 0xc0de_0000_0000_0000 | UInt64($0) })
  }

  @Test("What there is no register for is undefined and not skipped")
  func undefined() throws {
    let board = try Board()
    // ERRIDR_EL1, LORC_EL1, ZCR_EL1, an unallocated one, TRCOSLAR.
    let registers = [
      SystemRegister(3, 0, 5, 3, 0), SystemRegister(3, 0, 10, 4, 3), SystemRegister(3, 0, 1, 2, 0),
      SystemRegister(3, 6, 2, 3, 4), SystemRegister(2, 1, 1, 0, 4),
    ]
    for register in registers {
      for exit in [Exit.mrs(register), .msr(register)] {
        #expect(board.handle(exit) == .resume)
        #expect(board.faults == [.undefined])
        #expect(board.skipCount == 0 && board.written == [])
      }
    }
  }
}
