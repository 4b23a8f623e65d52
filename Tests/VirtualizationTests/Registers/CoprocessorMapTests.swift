import Architecture
import TestSupport
import Testing

@testable import Virtualization

/// `MRC p<coprocessor>, <opc1>, Rt, c<crn>, c<crm>, <opc2>`.
private func register(_ coprocessor: UInt32, _ opc1: UInt32, _ crn: UInt32, _ crm: UInt32, _ opc2: UInt32)
  -> CoprocessorRegister
{ CoprocessorRegister(coprocessor, opc1, crn, crm, opc2) }

@Suite("AArch32's names of system registers", .timeLimited)
struct CoprocessorMapTests {
  private let map = SystemRegisterMap(gic: .v3)

  @Test("Encodings hold what they were given")
  func encodings() {
    let narrow = register(14, 7, 15, 13, 6)
    #expect(narrow.coprocessor == 14 && narrow.opc1 == 7 && narrow.crn == 15 && narrow.crm == 13 && narrow.opc2 == 6)
    #expect(!narrow.isSixtyFourBit)
    let wide = CoprocessorRegister(15, 15, crm: 9)
    #expect(wide.coprocessor == 15 && wide.opc1 == 15 && wide.crm == 9 && wide.crn == 0 && wide.opc2 == 0)
    #expect(wide.isSixtyFourBit)
    #expect(register(15, 0, 0, 9, 0) != CoprocessorRegister(15, 0, crm: 9))
  }

  /// DDI 0487, G8 and D19: "is architecturally mapped to".
  @Test("Each register is mapped to the AArch64 register that the manual names")
  func mapping() {
    let pairs: [(CoprocessorRegister, SystemRegister)] = [
      (register(15, 0, 0, 1, 0), SystemRegister(3, 0, 0, 1, 0)),  // ID_PFR0, ID_PFR0_EL1
      (register(15, 0, 0, 2, 7), SystemRegister(3, 0, 0, 2, 7)),  // ID_ISAR6, ID_ISAR6_EL1
      (register(15, 0, 0, 3, 4), SystemRegister(3, 0, 0, 3, 4)),  // ID_PFR2, ID_PFR2_EL1
      (register(10, 7, 7, 0, 0), SystemRegister(3, 0, 0, 3, 0)),  // MVFR0, MVFR0_EL1
      (register(10, 7, 6, 0, 0), SystemRegister(3, 0, 0, 3, 1)),  // MVFR1, MVFR1_EL1
      (register(10, 7, 5, 0, 0), SystemRegister(3, 0, 0, 3, 2)),  // MVFR2, MVFR2_EL1
      (register(15, 0, 1, 0, 1), SystemRegister(3, 0, 1, 0, 1)),  // ACTLR, ACTLR_EL1
      (register(15, 0, 7, 6, 2), SystemRegister(1, 0, 7, 6, 2)),  // DCISW, DC ISW
      (register(15, 0, 7, 10, 2), SystemRegister(1, 0, 7, 10, 2)),  // DCCSW, DC CSW
      (register(15, 0, 7, 14, 2), SystemRegister(1, 0, 7, 14, 2)),  // DCCISW, DC CISW
      (register(15, 0, 9, 12, 0), SystemRegister(3, 3, 9, 12, 0)),  // PMCR, PMCR_EL0
      (register(15, 0, 9, 14, 0), SystemRegister(3, 3, 9, 14, 0)),  // PMUSERENR, PMUSERENR_EL0
      (register(15, 0, 9, 14, 1), SystemRegister(3, 0, 9, 14, 1)),  // PMINTENSET, PMINTENSET_EL1
      (register(15, 0, 9, 14, 2), SystemRegister(3, 0, 9, 14, 2)),  // PMINTENCLR, PMINTENCLR_EL1
      (register(15, 0, 9, 14, 3), SystemRegister(3, 3, 9, 14, 3)),  // PMOVSSET, PMOVSSET_EL0
      (register(15, 0, 14, 8, 0), SystemRegister(3, 3, 14, 8, 0)),  // PMEVCNTR0, PMEVCNTR0_EL0
      (register(15, 0, 14, 15, 7), SystemRegister(3, 3, 14, 15, 7)),  // PMCCFILTR, PMCCFILTR_EL0
      (register(15, 0, 12, 12, 5), SystemRegister(3, 0, 12, 12, 5)),  // ICC_SRE, ICC_SRE_EL1
      (register(15, 0, 14, 2, 0), SystemRegister(3, 3, 14, 2, 0)),  // CNTP_TVAL, CNTP_TVAL_EL0
      (register(15, 0, 14, 2, 1), SystemRegister(3, 3, 14, 2, 1)),  // CNTP_CTL, CNTP_CTL_EL0
      (CoprocessorRegister(15, 2, crm: 14), SystemRegister(3, 3, 14, 2, 2)),  // CNTP_CVAL, CNTP_CVAL_EL0
      (CoprocessorRegister(15, 0, crm: 9), SystemRegister(3, 3, 9, 13, 0)),  // PMCCNTR, PMCCNTR_EL0
      (CoprocessorRegister(15, 0, crm: 12), SystemRegister(3, 0, 12, 11, 5)),  // ICC_SGI1R, ICC_SGI1R_EL1
      (CoprocessorRegister(15, 1, crm: 12), SystemRegister(3, 0, 12, 11, 6)),  // ICC_ASGI1R, ICC_ASGI1R_EL1
      (CoprocessorRegister(15, 2, crm: 12), SystemRegister(3, 0, 12, 11, 7)),  // ICC_SGI0R, ICC_SGI0R_EL1
      (register(14, 0, 0, 2, 2), SystemRegister(2, 0, 0, 2, 2)),  // DBGDSCRext, MDSCR_EL1
      (register(14, 0, 0, 1, 4), SystemRegister(2, 0, 0, 1, 4)),  // DBGBVR1, DBGBVR1_EL1
      (register(14, 0, 1, 0, 4), SystemRegister(2, 0, 1, 0, 4)),  // DBGOSLAR, OSLAR_EL1
      (register(14, 0, 1, 1, 4), SystemRegister(2, 0, 1, 1, 4)),  // DBGOSLSR, OSLSR_EL1
      (register(14, 0, 1, 3, 4), SystemRegister(2, 0, 1, 3, 4)),  // DBGOSDLR, OSDLR_EL1
      (register(14, 0, 1, 0, 0), SystemRegister(2, 0, 1, 0, 0)),  // DBGDRAR, MDRAR_EL1
      (CoprocessorRegister(14, 0, crm: 1), SystemRegister(2, 0, 1, 0, 0)),
      (register(14, 0, 0, 5, 0), SystemRegister(2, 3, 0, 5, 0)),  // DBGDTRRXint, DBGDTRRX_EL0
      (register(14, 0, 7, 14, 6), SystemRegister(2, 0, 7, 14, 6)),  // DBGAUTHSTATUS, DBGAUTHSTATUS_EL1
    ]
    for (name, mapped) in pairs { #expect(name.systemRegister == mapped) }
  }

  @Test("What Linux does to the debug registers on each CPU's way up is taken")
  func linuxBoot() {
    #expect(map.answer(to: register(14, 0, 0, 0, 0), isWrite: false) == .debugIdentification)
    #expect(map.answer(to: register(14, 0, 1, 0, 4), isWrite: true) == .lockAccess)
    #expect(map.answer(to: register(14, 0, 1, 1, 4), isWrite: false) == .lockStatus)
    #expect(map.answer(to: register(14, 0, 1, 3, 4), isWrite: true) == .constant(0))
    #expect(map.answer(to: register(14, 0, 0, 7, 0), isWrite: true) == .constant(0))
    #expect(map.answer(to: register(14, 0, 0, 2, 2), isWrite: true) == .stored(.debugControl))
    for number: UInt32 in 0...15 {
      for opc2: UInt32 in 4...7 {
        #expect(map.answer(to: register(14, 0, 0, number, opc2), isWrite: true) == .breakpoint)
      }
    }
  }

  @Test("The upper half of ACTLR is RAZ/WI, as ACTLR_EL1 is, and so are a core's own registers of 64 bits")
  func ownRegisters() {
    for isWrite in [false, true] {
      // ACTLR2 (DDI 0487, G8.2.2).
      #expect(map.answer(to: register(15, 0, 1, 0, 3), isWrite: isWrite) == .constant(0))
      #expect(map.answer(to: register(15, 1, 1, 0, 3), isWrite: isWrite) == .undefined)
      // Cortex-A15's CPUMERRSR and L2MERRSR: MRRC p15, 0 and 1, c15.
      for opc1: UInt32 in 0...1 {
        #expect(map.answer(to: CoprocessorRegister(15, opc1, crm: 15), isWrite: isWrite) == .constant(0))
      }
      #expect(map.answer(to: CoprocessorRegister(15, 0, crm: 3), isWrite: isWrite) == .undefined)
    }
  }

  @Test("A GICv2 guest has no ICC registers")
  func gic() {
    let v2 = SystemRegisterMap(gic: .v2)
    for opc1: UInt32 in 0...2 {
      #expect(v2.answer(to: CoprocessorRegister(15, opc1, crm: 12), isWrite: true) == .undefined)
      #expect(map.answer(to: CoprocessorRegister(15, opc1, crm: 12), isWrite: true) != .undefined)
    }
    #expect(v2.answer(to: register(15, 0, 12, 12, 5), isWrite: false) == .undefined)
    #expect(map.answer(to: register(15, 0, 12, 12, 5), isWrite: false) == .constant(7))
  }

  @Test("HCR.TIDCP's space is RAZ/WI, and so is c15")
  func implementationDefined() {
    for opc1: UInt32 in 0...7 {
      for (crn, crm): (UInt32, UInt32) in [
        (9, 0), (9, 1), (9, 2), (9, 5), (9, 8), (10, 0), (10, 1), (10, 4), (10, 8), (11, 0), (11, 8), (11, 15), (15, 7),
      ] {
        #expect(map.answer(to: register(15, opc1, crn, crm, 3), isWrite: true) == .constant(0))
      }
    }
    #expect(map.answer(to: register(15, 0, 10, 2, 0), isWrite: true) == .undefined, "PRRR is no such register")
  }

  @Test("No encoding, read or written, by either guest, is without an answer, and none maps into EL2 or EL3")
  func total() {
    for gic in [GICVersion.v2, .v3] {
      let map = SystemRegisterMap(gic: gic)
      for encoding in UInt32(0)..<1 << 20 {
        let register = CoprocessorRegister(encoding: encoding)
        if let mapped = register.systemRegister, mapped.op1 == 4 || mapped.op1 == 6 { Issue.record("\(register)") }
        let (read, write) = (map.answer(to: register, isWrite: false), map.answer(to: register, isWrite: true))
        if register.coprocessor < 10, read != .undefined || write != .undefined { Issue.record("\(register)") }
      }
    }
  }
}

extension CoprocessorRegister {
  /// The register of a packed encoding.
  fileprivate init(encoding: UInt32) {
    self.init(0, 0, 0, 0, 0)
    self.encoding = encoding
  }
}
