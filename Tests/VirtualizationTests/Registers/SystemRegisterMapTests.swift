import Architecture
import TestSupport
import Testing

@testable import Virtualization

@Suite("Trapped system registers", .timeLimited)
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

  @Test("What Linux writes on each CPU's way up is taken: OSLAR, OSDLR, MDSCR, breakpoints")
  func linuxBoot() {
    #expect(write(2, 0, 1, 0, 4) == .lockAccess)
    #expect(write(2, 0, 1, 3, 4) == .constant(0))
    #expect(write(2, 0, 0, 2, 2) == .stored(.debugControl))
    for op2: UInt16 in 4...7 {
      for n: UInt16 in 0...15 {
        #expect(write(2, 0, 0, n, op2) == .breakpoint)
        #expect(read(2, 0, 0, n, op2) == .breakpoint)
      }
    }
  }

  @Test("The OS lock is there; registers that are only read or only written are just that")
  func debugStatus() {
    #expect(read(2, 0, 1, 1, 4) == .lockStatus)
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
    "No performance monitor register is there, as ID_AA64DFR0_EL1.PMUVer says",
    arguments: [
      (3, 9, 12, 0), (3, 9, 12, 7), (3, 9, 13, 0), (3, 9, 14, 3), (0, 9, 14, 1), (0, 9, 14, 2), (3, 14, 8, 0),
      (3, 14, 12, 0), (3, 14, 15, 7),
    ] as [(UInt16, UInt16, UInt16, UInt16)])
  func performanceMonitors(op1: UInt16, crn: UInt16, crm: UInt16, op2: UInt16) {
    #expect(read(3, op1, crn, crm, op2) == .undefined)
    #expect(write(3, op1, crn, crm, op2) == .undefined)
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
    #expect(answered < 4 * 2 * 2 * 8 * 128 + 1_000)
  }

  @Test("No encoding has two rows, and the identification registers have none here")
  func uniqueRows() {
    for encoding in UInt16.min...UInt16.max {
      let register = SystemRegister(encoding: encoding)
      var count = IdentificationRegisters.contains(register) ? 1 : 0
      for index in SystemRegisterTable.rows.indices where SystemRegisterTable.rows[index].covers(register) {
        count += 1
      }
      if count > 1 { Issue.record("\(register)") }
    }
  }

  /// Name, encoding, whether a read and whether a write has an answer: the trapped registers of op0 = 2 and 3 by DDI 0487
  /// D23.2, D23.3, D23.10 and IHI 0069 12.2, outside identification and IMPLEMENTATION DEFINED space.
  private static let there: [(String, SystemRegister, Bool, Bool)] = [
    ("ACTLR_EL1", .init(3, 0, 1, 0, 1), true, true), ("REVIDR_EL1", .init(3, 0, 0, 0, 6), true, false),
    ("AIDR_EL1", .init(3, 1, 0, 0, 7), true, false), ("ICC_SGI1R_EL1", .init(3, 0, 12, 11, 5), false, true),
    ("ICC_ASGI1R_EL1", .init(3, 0, 12, 11, 6), false, true), ("ICC_SGI0R_EL1", .init(3, 0, 12, 11, 7), false, true),
    ("ICC_DIR_EL1", .init(3, 0, 12, 11, 1), false, true),
    ("ICC_SRE_EL1", .init(3, 0, 12, 12, 5), true, true), ("CNTP_TVAL_EL0", .init(3, 3, 14, 2, 0), true, true),
    ("CNTP_CTL_EL0", .init(3, 3, 14, 2, 1), true, true), ("CNTP_CVAL_EL0", .init(3, 3, 14, 2, 2), true, true),
    ("OSDTRRX_EL1", .init(2, 0, 0, 0, 2), true, true), ("MDCCINT_EL1", .init(2, 0, 0, 2, 0), true, true),
    ("MDSCR_EL1", .init(2, 0, 0, 2, 2), true, true), ("OSDTRTX_EL1", .init(2, 0, 0, 3, 2), true, true),
    ("OSECCR_EL1", .init(2, 0, 0, 6, 2), true, true), ("MDRAR_EL1", .init(2, 0, 1, 0, 0), true, false),
    ("OSLAR_EL1", .init(2, 0, 1, 0, 4), false, true), ("OSLSR_EL1", .init(2, 0, 1, 1, 4), true, false),
    ("OSDLR_EL1", .init(2, 0, 1, 3, 4), true, true), ("DBGPRCR_EL1", .init(2, 0, 1, 4, 4), true, true),
    ("DBGCLAIMSET_EL1", .init(2, 0, 7, 8, 6), true, true), ("DBGCLAIMCLR_EL1", .init(2, 0, 7, 9, 6), true, true),
    ("DBGAUTHSTATUS_EL1", .init(2, 0, 7, 14, 6), true, false), ("MDCCSR_EL0", .init(2, 3, 0, 1, 0), true, false),
    ("DBGDTR_EL0", .init(2, 3, 0, 4, 0), true, true), ("DBGDTRRX_EL0", .init(2, 3, 0, 5, 0), true, true),
  ]

  @Test("Every encoding of op0 = 2 and 3 is a register of the list, one of a block, or undefined")
  func everyEncoding() {
    for encoding in UInt16(2 << 14)...UInt16.max {
      let register = SystemRegister(encoding: encoding)
      let expected: (read: Bool, write: Bool)
      if let named = Self.there.first(where: { $0.1 == register }) {
        expected = (named.2, named.3)
      } else if register.op0 == 3 && register.op1 == 0 && register.crn == 0 && register.crm != 0 && register.crm < 8 {
        expected = (true, false)
      } else if register.op0 == 3 && (register.crn == 11 || register.crn == 15) {
        expected = (true, true)
      } else {
        let isBreakpoint = register.op0 == 2 && register.op1 == 0 && register.crn == 0 && register.op2 >= 4
        expected = (isBreakpoint, isBreakpoint)
      }
      let isReadable = map.answer(to: register, isWrite: false) != .undefined
      let isWritable = map.answer(to: register, isWrite: true) != .undefined
      if isReadable != expected.read || isWritable != expected.write { Issue.record("\(register)") }
    }
  }

  @Test(
    "Registers of features that are hidden are undefined",
    arguments: [
      (3, 0, 1, 0, 3), (3, 0, 2, 0, 3), (3, 0, 10, 2, 2), (3, 3, 10, 2, 4),  // SCTLR2, TCR2, PIRE0, POR_EL0
      (3, 0, 2, 1, 0), (3, 0, 2, 5, 0), (3, 0, 13, 0, 5), (3, 3, 13, 0, 7),  // APIAKeyLo, GCSCR, ACCDATA, SCXTNUM_EL0
      (3, 0, 13, 0, 7), (3, 0, 1, 0, 5), (3, 0, 1, 0, 6), (3, 1, 0, 0, 4),  // SCXTNUM_EL1, RGSR, GCR, GMID
      (3, 1, 0, 0, 6), (3, 0, 1, 2, 4), (3, 3, 13, 0, 5), (3, 0, 5, 6, 0),  // SMIDR, SMPRI, TPIDR2_EL0, TFSR
      (3, 3, 13, 2, 0), (3, 0, 10, 5, 1), (3, 0, 10, 4, 4), (3, 0, 9, 11, 7),  // AMCR, MPAM1, MPAMIDR, TRBIDR
      (2, 1, 9, 0, 0), (3, 0, 5, 3, 0), (3, 0, 5, 4, 1), (3, 0, 4, 3, 0),  // BRBCR, ERRIDR, ERXCTLR, ALLINT
    ] as [(UInt16, UInt16, UInt16, UInt16, UInt16)])
  func hiddenFeatures(op0: UInt16, op1: UInt16, crn: UInt16, crm: UInt16, op2: UInt16) {
    #expect(read(op0, op1, crn, crm, op2) == .undefined)
    #expect(write(op0, op1, crn, crm, op2) == .undefined)
  }
}
