import Architecture
import TestSupport
import Testing
import Virtualization

private func read(_ register: CoprocessorRegister, _ target: UInt8 = 3, _ second: UInt8 = 4) -> Exit {
  .coprocessor(
    CoprocessorAccess(register: register, isWrite: false, generalRegister: target, secondRegister: second))
}

private func write(_ register: CoprocessorRegister, _ source: UInt8 = 3, _ second: UInt8 = 4) -> Exit {
  .coprocessor(
    CoprocessorAccess(register: register, isWrite: true, generalRegister: source, secondRegister: second))
}

private let timerValue = CoprocessorRegister(15, 0, 14, 2, 0)
private let timerControl = CoprocessorRegister(15, 0, 14, 2, 1)
private let timerCompareValue = CoprocessorRegister(15, 2, crm: 14)
private let debugControl = CoprocessorRegister(14, 0, 0, 2, 2)
private let debugStatus = CoprocessorRegister(14, 0, 0, 1, 0)

@Suite("Exits that are coprocessor registers", .timeLimited)
struct CoprocessorExitTests {
  @Test("The physical timer: CNTP_CVAL moves by two registers, of which the upper halves do not count")
  func timer() throws {
    let board = try Board()
    board.around.now = Instant(ticks: 0x1_0000_0000)
    #expect(
      board.handle(write(timerCompareValue), [3: 0xdead_0000_0000_0010, 4: 0xbeef_0000_0000_0001]) == .timerChanged)
    #expect(board.handle(write(timerControl), [3: 1]) == .timerChanged)
    #expect(board.machine.physicalTimerDeadline(vcpu: 0) == Instant(ticks: 0x1_0000_0010))
    #expect(board.written == [] && board.skipCount == 1)
    board.handle(read(timerCompareValue))
    #expect(board.written == [3, 4] && board.register(3) == 0x10 && board.register(4) == 1)
    board.handle(read(timerValue, 5))
    #expect(board.register(5) == 0x10 && board.written == [5])
    // CNTP_TVAL is signed.
    board.handle(write(timerValue), [3: 0xffff_ffff])
    #expect(board.machine.physicalTimerDeadline(vcpu: 0) == Instant(ticks: 0xffff_ffff))
    #expect(board.isPending(30))
  }

  @Test("ICC_SGI1R by MCRR interrupts the vCPU that it names")
  func interprocessor() throws {
    let board = try Board(.v3)
    board.handle(.store(0x0800_0000), [3: 3])
    board.handle(.store(0x080d_0080), [3: 1 << 5])
    board.handle(.store(0x080d_0100), [3: 1 << 5])
    #expect(board.handle(write(CoprocessorRegister(15, 0, crm: 12)), [3: 5 << 24 | 0b10, 4: 0]) == .resume)
    #expect(board.skipCount == 1 && board.faults == [])
    #expect(board.machine.interrupts.attention >> 1 & 1 == 1)
    board.handle(read(CoprocessorRegister(15, 0, crm: 12)))
    #expect(board.faults == [.undefined] && board.skipCount == 0, "it is write-only")
  }

  @Test("Identification registers read as the guest's view, MVFR0 by VMRS among them, and cannot be written")
  func identification() throws {
    let board = try Board()
    // ID_PFR1: the hardware here has all ones; Virtualization (15:12) and Security (7:4) are hidden.
    board.handle(read(CoprocessorRegister(15, 0, 0, 1, 1), 9))
    #expect(board.register(9) == 0x100f_000f && board.written == [9])
    // ID_PFR0: T32EE (15:12) is hidden.
    board.handle(read(CoprocessorRegister(15, 0, 0, 1, 0)))
    #expect(board.register(3) & 0xffff == 0x0fff)
    board.handle(read(CoprocessorRegister(10, 7, 7, 0, 0)))
    #expect(board.register(3) == 0xffff_ffff)
    board.handle(write(CoprocessorRegister(15, 0, 0, 1, 1)))
    #expect(board.faults == [.undefined] && board.skipCount == 0)
    // Reserved ones read as zero: c0, c4 is not ID_AA64PFR0_EL1.
    board.handle(read(CoprocessorRegister(15, 0, 0, 4, 0)))
    #expect(board.register(3) == 0 && board.faults == [])
  }

  @Test("DBGDSCRext keeps MDBGen and UDCCdis, and DBGDSCRint shows them")
  func debugging() throws {
    let board = try Board()
    // DBGOSLAR: the key locks, anything else unlocks.
    let (lock, status) = (CoprocessorRegister(14, 0, 1, 0, 4), CoprocessorRegister(14, 0, 1, 1, 4))
    board.handle(write(lock), [3: 1])
    board.handle(write(debugControl), [3: 0xffff_ffff])
    #expect(board.around.debugControls.values == [0, 0x9000])
    board.handle(read(status))
    #expect(board.register(3) == 0b1000)
    board.handle(write(lock), [3: 0xc5ac_ce55])
    #expect(board.around.debugControls.values == [0, 0x9000, 0x1000])
    board.handle(read(status))
    #expect(board.register(3) == 0b1010)
    board.handle(read(debugControl))
    #expect(board.register(3) == 0x9000)
    board.handle(read(debugStatus))
    #expect(board.register(3) == 0x9000)
    board.handle(write(debugStatus))
    #expect(board.faults == [.undefined])
  }

  /// DBGDSCR.MOE, bits 5:2: 0b0001 a breakpoint, 0b1010 a watchpoint (DDI 0406C, C11.11.20).
  @Test("The handler of a debug exception in AArch32 reads in DBGDSCR how it came, which AArch64's MDSCR_EL1 has not")
  func debugEntry() throws {
    let board = try Board()
    board.handle(write(debugControl), [3: 1 << 15])
    for method: UInt64 in [0b0001, 0b1010] {
      board.around.debugEntry = method << 2
      for register in [debugStatus, debugControl] {
        board.handle(read(register))
        #expect(board.register(3) == 1 << 15 | method << 2)
      }
      board.handle(.mrs(SystemRegister(2, 0, 0, 2, 2)))
      #expect(board.register(3) == 1 << 15)
    }
    board.handle(write(debugControl), [3: 1 << 15 | 0b1111 << 2])
    #expect(board.around.debugControls.values == [1 << 15, 1 << 15], "it is not the guest's to set")
  }

  @Test("MRC with R15 sets the flags and no register")
  func flags() throws {
    let board = try Board()
    board.handle(read(debugStatus, 31))
    #expect(board.flags == [0] && board.written == [] && board.skipCount == 1)
    // MVFR0: all ones here.
    board.handle(read(CoprocessorRegister(10, 7, 7, 0, 0), 31))
    #expect(board.flags == [15] && board.written == [])
    board.handle(read(debugStatus, 3))
    #expect(board.flags == [])
  }

  @Test("DBGDIDR says how many watchpoints and breakpoints the CPU has, and the architecture that ID_DFR0 says")
  func debugIdentification() throws {
    let board = try Board()
    board.handle(read(CoprocessorRegister(14, 0, 0, 0, 0)))
    #expect(board.register(3) == 0xfff6_8000)
    let view = IdentificationRegisters(gic: .v2)
    // Cortex-A15's ID_DFR0: v7.1 debug; four watchpoints, six breakpoints of which two are context-aware.
    let resources: UInt64 = 3 << 20 | 5 << 12 | 1 << 28
    #expect(view.debugIdentification(features: 0x0201_0555, resources: resources) == 0x3515_8000)
    #expect(view.debugIdentification(features: 0, resources: resources) == 0)
  }

  @Test("Start-up code's registers read as zero and ignore writes; what there is not is undefined")
  func others() throws {
    let board = try Board()
    // ACTLR, L2CTLR, c15.
    for register in [
      CoprocessorRegister(15, 0, 1, 0, 1), CoprocessorRegister(15, 1, 9, 0, 2), CoprocessorRegister(15, 4, 15, 0, 0),
    ] {
      board.handle(write(register), [3: ~0])
      #expect(board.skipCount == 1 && board.faults == [] && board.written == [])
      board.handle(read(register, 6))
      #expect(board.register(6) == 0 && board.written == [6])
    }
    // TEECR, trace, SCTLR, a hypervisor's register, an unallocated pair.
    for register in [
      CoprocessorRegister(14, 6, 0, 0, 0), CoprocessorRegister(14, 1, 0, 0, 1), CoprocessorRegister(15, 0, 1, 0, 0),
      CoprocessorRegister(15, 4, 1, 1, 0), CoprocessorRegister(15, 5, crm: 5), CoprocessorRegister(14, 3, crm: 1),
    ] {
      for exit in [read(register), write(register)] {
        board.handle(exit)
        #expect(board.faults == [.undefined] && board.skipCount == 0 && board.written == [])
      }
    }
  }

  @Test("An instruction whose condition fails is skipped")
  func failedCondition() throws {
    let board = try Board()
    #expect(board.handle(.failedCondition) == .resume)
    #expect(board.skipCount == 1 && board.written == [] && board.faults == [])
  }
}
