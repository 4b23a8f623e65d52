import Architecture
import TestSupport
import Testing

@testable import Virtualization

/// What an identification register shows is there: no field says that a guest has registers which then are undefined.
@Suite("Promises of identification registers", .timeLimited)
struct IdentificationPromiseTests {
  /// A field of an identification register, S3_0_C0_C<crm>_<op2>, the value that stands for nothing beside zero, and registers
  /// that come with anything else (DDI 0487, D23.2), of those that trap or that EL2 can keep away.
  private struct Feature {
    var crm: UInt16
    var op2: UInt16
    var shift: UInt64
    var absent: UInt64 = 0
    var least: UInt64 = 1
    var registers: [SystemRegister]
  }

  private static let features: [Feature] = [
    Feature(crm: 4, op2: 0, shift: 24, registers: [.init(3, 0, 12, 12, 5), .init(3, 0, 12, 11, 5)]),  // GIC
    Feature(crm: 4, op2: 0, shift: 28, registers: [.init(3, 0, 5, 3, 0), .init(3, 0, 5, 3, 1)]),  // RAS
    Feature(crm: 4, op2: 0, shift: 32, registers: [.init(3, 0, 1, 2, 0)]),  // SVE
    Feature(crm: 4, op2: 0, shift: 40, registers: [.init(3, 0, 10, 5, 0), .init(3, 0, 10, 5, 1)]),  // MPAM
    Feature(crm: 4, op2: 0, shift: 44, registers: [.init(3, 3, 13, 2, 0)]),  // AMU
    Feature(crm: 4, op2: 0, shift: 56, least: 2, registers: [.init(3, 0, 13, 0, 7)]),  // CSV2: SCXTNUM_EL1
    Feature(crm: 4, op2: 1, shift: 8, least: 2, registers: [.init(3, 0, 1, 0, 6), .init(3, 0, 5, 6, 0)]),  // MTE
    Feature(crm: 4, op2: 1, shift: 24, registers: [.init(3, 0, 1, 2, 6)]),  // SME
    Feature(crm: 4, op2: 1, shift: 32, registers: [.init(3, 0, 13, 0, 7)]),  // CSV2_frac
    Feature(crm: 4, op2: 1, shift: 44, registers: [.init(3, 0, 2, 5, 0)]),  // GCS
    Feature(crm: 5, op2: 0, shift: 4, registers: [.init(2, 1, 0, 0, 1)]),  // TraceVer
    Feature(crm: 5, op2: 0, shift: 8, absent: 15, registers: [.init(3, 3, 9, 12, 0), .init(3, 3, 9, 13, 0)]),  // PMUVer
    Feature(crm: 5, op2: 0, shift: 32, registers: [.init(3, 0, 9, 9, 0)]),  // PMSVer
    Feature(crm: 5, op2: 0, shift: 36, absent: 15, registers: [.init(2, 0, 1, 3, 4)]),  // DoubleLock
    Feature(crm: 5, op2: 0, shift: 40, registers: [.init(3, 0, 1, 2, 1)]),  // TraceFilt
    Feature(crm: 5, op2: 0, shift: 44, registers: [.init(3, 0, 9, 11, 0)]),  // TraceBuffer
    Feature(crm: 5, op2: 0, shift: 52, registers: [.init(2, 1, 9, 0, 0)]),  // BRBE
    Feature(crm: 6, op2: 1, shift: 4, registers: [.init(3, 0, 2, 1, 0)]),  // APA
    Feature(crm: 6, op2: 1, shift: 8, registers: [.init(3, 0, 2, 1, 0)]),  // API
    Feature(crm: 6, op2: 1, shift: 24, registers: [.init(3, 0, 2, 3, 0)]),  // GPA
    Feature(crm: 6, op2: 1, shift: 28, registers: [.init(3, 0, 2, 3, 0)]),  // GPI
    Feature(crm: 6, op2: 1, shift: 60, least: 3, registers: [.init(3, 0, 13, 0, 5)]),  // LS64: ACCDATA_EL1
    Feature(crm: 6, op2: 2, shift: 8, registers: [.init(3, 0, 2, 3, 0)]),  // GPA3
    Feature(crm: 6, op2: 2, shift: 12, registers: [.init(3, 0, 2, 1, 0)]),  // APA3
    Feature(crm: 7, op2: 1, shift: 16, registers: [.init(3, 0, 10, 4, 3), .init(3, 0, 10, 4, 7)]),  // LO
    Feature(crm: 7, op2: 3, shift: 0, registers: [.init(3, 0, 2, 0, 3)]),  // TCRX
    Feature(crm: 7, op2: 3, shift: 4, registers: [.init(3, 0, 1, 0, 3)]),  // SCTLRX
    Feature(crm: 7, op2: 3, shift: 8, registers: [.init(3, 0, 10, 2, 3)]),  // S1PIE
    Feature(crm: 7, op2: 3, shift: 16, registers: [.init(3, 0, 10, 2, 4)]),  // S1POE
    // AArch32's: PerfMon, CopTrc, RAS.
    Feature(crm: 1, op2: 2, shift: 24, absent: 15, registers: [.init(3, 3, 9, 12, 0), .init(3, 3, 9, 13, 0)]),
    Feature(crm: 1, op2: 2, shift: 12, registers: [.init(2, 1, 0, 0, 1)]),
    Feature(crm: 1, op2: 0, shift: 28, registers: [.init(3, 0, 5, 3, 0)]),
  ]

  @Test("no field that passes shows undefined registers, whatever the CPU has", arguments: [GICVersion.v2, .v3])
  func trapped(gic: GICVersion) {
    let (view, map) = (IdentificationRegisters(gic: gic), SystemRegisterMap(gic: gic))
    for feature in Self.features {
      let register = SystemRegister(3, 0, 0, feature.crm, feature.op2)
      for claimed in 0...15 as ClosedRange<UInt64> {
        let hardware = ~(15 << feature.shift) | claimed << feature.shift
        let shown = view.value(of: register, hardware: hardware) >> feature.shift & 15
        guard shown != feature.absent, shown >= feature.least else { continue }
        for promised in feature.registers where map.answer(to: promised, isWrite: false) == .undefined {
          // ICC_SGI1R_EL1 is for writing.
          if map.answer(to: promised, isWrite: true) == .undefined { Issue.record("\(register): \(promised)") }
        }
      }
    }
  }

  /// Where the identification registers do not trap (QEMU's Cortex-A15 and -A7), all that they show and that traps answers:
  /// ID_DFR0 0x0201_0555, ID_PFR0 0x0000_1131, ID_PFR1 0x0001_1011.
  @Test("on an ARMv7 that shows its own, the performance monitors and debug are there")
  func untrapped() {
    let map = SystemRegisterMap(gic: .v2)
    func expect(_ register: CoprocessorRegister, _ answer: SystemRegisterAnswer) {
      for isWrite in [false, true] { #expect(map.answer(to: register, isWrite: isWrite) == answer) }
    }
    // PMCR to PMCEID1; PMCCNTR, PMXEVTYPER, PMXEVCNTR; PMUSERENR to PMOVSSET: RAZ/WI, so that PMCR.N is 0.
    for opc2: UInt32 in 0...7 {
      for crm: UInt32 in 12...14 { expect(CoprocessorRegister(15, 0, 9, crm, opc2), .constant(0)) }
      for crm: UInt32 in 8...15 { expect(CoprocessorRegister(15, 0, 14, crm, opc2), .constant(0)) }
    }
    expect(CoprocessorRegister(15, 0, crm: 9), .constant(0))
    // DBGDIDR, DBGDSCRint, DBGOSLSR, JIDR.
    for register in [(0, 0, 0, 0), (0, 0, 1, 0), (0, 1, 1, 4), (7, 0, 0, 0)] as [(UInt32, UInt32, UInt32, UInt32)] {
      let (opc1, crn, crm, opc2) = register
      #expect(map.answer(to: CoprocessorRegister(14, opc1, crn, crm, opc2), isWrite: false) != .undefined)
    }
  }
}
