import Architecture
import Testing

@testable import Virtualization

@Suite("Trapped system registers")
struct SystemRegisterMapTests {
  private let map = SystemRegisterMap(gic: .v3)

  private func read(_ op0: UInt16, _ op1: UInt16, _ crn: UInt16, _ crm: UInt16, _ op2: UInt16) -> SystemRegisterAnswer {
    map.answer(to: SystemRegister(op0, op1, crn, crm, op2), isWrite: false)
  }

  private func write(_ op0: UInt16, _ op1: UInt16, _ crn: UInt16, _ crm: UInt16, _ op2: UInt16) -> SystemRegisterAnswer
  {
    map.answer(to: SystemRegister(op0, op1, crn, crm, op2), isWrite: true)
  }

  @Test("CNTP_TVAL_EL0, CNTP_CTL_EL0 and CNTP_CVAL_EL0 are the physical timer")
  func timer() {
    #expect(read(3, 3, 14, 2, 0) == .physicalTimer(.timerValue))
    #expect(write(3, 3, 14, 2, 1) == .physicalTimer(.control))
    #expect(write(3, 3, 14, 2, 2) == .physicalTimer(.compareValue))
  }

  @Test("The SGI registers are there for a GICv3 guest, to write")
  func sgi() {
    #expect(write(3, 0, 12, 11, 5) == .generateSGI(.group1))
    #expect(write(3, 0, 12, 11, 6) == .generateSGI(.otherGroup1))
    #expect(write(3, 0, 12, 11, 7) == .generateSGI(.group0))
    #expect(read(3, 0, 12, 11, 5) == .undefined)
    #expect(read(3, 0, 12, 12, 5) == .constant(7))
    let v2 = SystemRegisterMap(gic: .v2)
    for (crm, op2): (UInt16, UInt16) in [(11, 5), (11, 6), (11, 7), (12, 5)] {
      #expect(v2.answer(to: SystemRegister(3, 0, 12, crm, op2), isWrite: true) == .undefined)
    }
  }

  @Test("Identification registers can be read and not written")
  func identification() {
    #expect(read(3, 0, 0, 4, 0) == .identification)
    #expect(read(3, 0, 0, 7, 7) == .identification)
    #expect(write(3, 0, 0, 4, 0) == .undefined)
    // MIDR_EL1 and MPIDR_EL1 are not trapped; VPIDR_EL2 and VMPIDR_EL2 answer them.
    #expect(read(3, 0, 0, 0, 0) == .undefined)
  }

  @Test("What Linux writes on each CPU's way up is taken: OSLAR, OSDLR, MDSCR, breakpoints, PMUSERENR")
  func linuxBoot() {
    #expect(write(2, 0, 1, 0, 4) == .constant(0))
    #expect(write(2, 0, 1, 3, 4) == .constant(0))
    #expect(write(2, 0, 0, 2, 2) == .stored(.debugControl))
    for op2: UInt16 in 4...7 {
      for n: UInt16 in 0...1 { #expect(write(2, 0, 0, n, op2) == .constant(0)) }
    }
    #expect(write(3, 3, 9, 14, 0) == .constant(0))
    #expect(write(3, 3, 9, 12, 0) == .constant(0))
  }

  @Test("There are two breakpoints and two watchpoints, as ID_AA64DFR0_EL1 says, and no third")
  func breakpoints() {
    #expect(read(2, 0, 0, 1, 5) == .readAsZeroWriteIgnored)
    #expect(read(2, 0, 0, 2, 5) == .undefined)
    #expect(read(2, 0, 0, 15, 7) == .undefined)
  }

  @Test("The OS lock is there and open; registers that are only read or only written are just that")
  func debugStatus() {
    #expect(read(2, 0, 1, 1, 4) == .constant(0b1000))
    #expect(write(2, 0, 1, 1, 4) == .undefined)
    #expect(read(2, 0, 1, 0, 4) == .undefined)
    #expect(read(2, 3, 0, 1, 0) == .constant(0))
    #expect(write(2, 3, 0, 1, 0) == .undefined)
    #expect(read(2, 0, 1, 0, 0) == .constant(0))
  }

  @Test("A guest may set MDE, KDE, TDCC and SS in MDSCR_EL1 and nothing else")
  func debugControl() {
    #expect(StoredRegister.debugControl.writableMask == 0xb001)
  }

  @Test(
    "Every performance monitor register reads as zero",
    arguments: [
      (3, 9, 12, 0), (3, 9, 12, 7), (3, 9, 13, 0), (3, 9, 14, 3), (0, 9, 14, 1), (0, 9, 14, 2), (3, 14, 8, 0),
      (3, 14, 12, 0), (3, 14, 15, 7),
    ] as [(UInt16, UInt16, UInt16, UInt16)])
  func performanceMonitors(op1: UInt16, crn: UInt16, crm: UInt16, op2: UInt16) {
    #expect(read(3, op1, crn, crm, op2) == .constant(0))
    #expect(write(3, op1, crn, crm, op2) == .constant(0))
  }

  @Test("Implementation defined registers and operations do nothing, and ACTLR_EL1 too")
  func implementationDefined() {
    #expect(write(3, 1, 15, 2, 1) == .constant(0))
    #expect(read(3, 7, 11, 15, 7) == .constant(0))
    #expect(write(1, 0, 15, 0, 0) == .constant(0))
    #expect(read(3, 0, 1, 0, 1) == .constant(0))
  }

  @Test("Hidden features' registers are undefined: trace, SVE, LORegions, RAS, SPE")
  func hidden() {
    #expect(read(2, 1, 0, 0, 1) == .undefined)
    #expect(read(3, 0, 1, 2, 0) == .undefined)
    #expect(read(3, 0, 10, 4, 7) == .undefined)
    #expect(read(3, 0, 5, 3, 0) == .undefined)
    #expect(read(3, 0, 9, 9, 7) == .undefined)
  }

  @Test("No encoding, read or written, by either guest, is without an answer")
  func total() {
    var answered = 0
    for gic in [GICVersion.v2, .v3] {
      let map = SystemRegisterMap(gic: gic)
      for encoding in UInt16.min...UInt16.max {
        for isWrite in [false, true]
        where map.answer(to: SystemRegister(encoding: encoding), isWrite: isWrite) != .undefined { answered += 1 }
      }
    }
    // Nearly all that is answered is the implementation defined space: 2 of 16 CRn in op0 1 and 3.
    #expect(answered > 4 * 2 * 2 * 8 * 128)
    #expect(answered < 4 * 2 * 2 * 8 * 128 + 2_000)
  }
}
