import Architecture
import TestSupport
import Testing

@testable import Virtualization

private func id(_ crm: UInt16, _ op2: UInt16) -> SystemRegister { SystemRegister(3, 0, 0, crm, op2) }

private func field(_ value: UInt64, _ shift: UInt64) -> UInt64 { value >> shift & 15 }

@Suite("Identification registers", .timeLimited)
struct IdentificationRegisterTests {
  private let view = IdentificationRegisters(gic: .v3)
  /// A CPU that claims everything there will ever be.
  private let everything: UInt64 = .max

  @Test("TID3 traps op0 = 3, op1 = 0, CRn = 0, CRm = 1 to 7 and nothing else")
  func range() {
    for encoding in UInt16.min...UInt16.max {
      let register = SystemRegister(encoding: encoding)
      let expected =
        register.op0 == 3 && register.op1 == 0 && register.crn == 0 && (1...7).contains(register.crm)
      if IdentificationRegisters.contains(register) != expected { Issue.record("\(register)") }
    }
  }

  @Test("What the hardware lacks the guest does not see, but for its interrupt controller and debug")
  func nothingInvented() {
    for crm: UInt16 in 1...7 {
      for op2: UInt16 in 0...7 {
        let value = view.value(of: id(crm, op2), hardware: 0)
        switch (crm, op2) {
        case (4, 0): #expect(value == 1 << 24)
        case (1, 1): #expect(value == 1 << 28)
        case (5, 0): #expect(field(value, 0) == 6)
        default: #expect(value == 0)
        }
      }
    }
  }

  @Test(
    "Reserved encodings read as zero",
    arguments: [(3, 3), (3, 7), (4, 2), (4, 3), (4, 6), (5, 2), (5, 3), (5, 6), (5, 7), (6, 4), (6, 7), (7, 5), (7, 7)]
      as [(UInt16, UInt16)])
  func reserved(crm: UInt16, op2: UInt16) {
    #expect(view.value(of: id(crm, op2), hardware: everything) == 0)
  }

  @Test("ID_AA64PFR0_EL1 shows EL0, EL1 in AArch64 only, no EL2, no EL3, and neither RAS, SVE, AMU, MPAM nor RME")
  func processorFeatures() {
    let value = view.value(of: id(4, 0), hardware: 0x1201_1111_1011_2222)
    #expect(field(value, 0) == 2)
    #expect(field(value, 4) == 1)
    for hidden: UInt64 in [8, 12, 28, 32, 36, 40, 44, 52] { #expect(field(value, hidden) == 0) }
    for passed: UInt64 in [16, 20, 48, 60] { #expect(field(value, passed) == 1) }
    // CSV2 = 2 means SCXTNUM_ELx.
    #expect(field(value, 56) == 1)
  }

  @Test("The GIC fields follow the guest's controller, not the host's")
  func gic() {
    let v2 = IdentificationRegisters(gic: .v2)
    #expect(field(v2.value(of: id(4, 0), hardware: 1 << 24), 24) == 0)
    #expect(field(view.value(of: id(4, 0), hardware: 0), 24) == 1)
    #expect(field(view.value(of: id(4, 0), hardware: 3 << 24), 24) == 1)
    #expect(field(v2.value(of: id(1, 1), hardware: 1 << 28), 28) == 0)
    #expect(field(view.value(of: id(1, 1), hardware: 0), 28) == 1)
  }

  @Test("A CPU without FP says so to the guest: 15 in its signed fields passes")
  func noFloatingPoint() {
    let value = view.value(of: id(4, 0), hardware: 0x00ff_0011)
    #expect(field(value, 16) == 15)
    #expect(field(value, 20) == 15)
  }

  @Test("MTE, SME, SVE, GCS and pointer authentication are hidden; BTI and SSBS pass")
  func processorFeatures1() {
    #expect(view.value(of: id(4, 1), hardware: everything) == 0xff)
    #expect(view.value(of: id(4, 4), hardware: everything) == 0)
    #expect(view.value(of: id(4, 5), hardware: everything) == 0)
    let isar1 = view.value(of: id(6, 1), hardware: everything)
    for hidden: UInt64 in [4, 8, 24, 28, 56, 60] { #expect(field(isar1, hidden) == 0) }
    for passed: UInt64 in [0, 12, 16, 20, 32, 36, 44, 52] { #expect(field(isar1, passed) == 15) }
    let isar2 = view.value(of: id(6, 2), hardware: everything)
    for hidden: UInt64 in [0, 8, 12, 16, 24] { #expect(field(isar2, hidden) == 0) }
  }

  @Test("Atomics, crypto, CRC32 and random numbers pass, transactions do not")
  func instructions() {
    let value = view.value(of: id(6, 0), hardware: 0x1221_1111_1121_2120)
    #expect(value == 0x1221_1111_1021_2120)
    #expect(field(view.value(of: id(6, 0), hardware: everything), 24) == 0)
  }

  @Test("Debug is Armv8.0's with the CPU's breakpoints and watchpoints, without PMU, trace, SPE and double lock")
  func debug() {
    for hardware in [UInt64(0x1000_1000), everything, 0x10305106] {
      let value = view.value(of: id(5, 0), hardware: hardware)
      #expect(field(value, 0) == 6)
      #expect(field(value, 4) == 0)
      #expect(field(value, 8) == 0)
      #expect(field(value, 12) == field(hardware, 12))
      #expect(field(value, 20) == field(hardware, 20))
      #expect(field(value, 28) == field(hardware, 28))
      for zero: UInt64 in [16, 24] { #expect(field(value, zero) == 0) }
      #expect(field(value, 28) <= field(value, 12))
      #expect(field(value, 32) == 0)
      #expect(field(value, 36) == 15)
      #expect(value >> 40 == 0)
    }
    #expect(view.value(of: id(5, 1), hardware: everything) == 0)
  }

  @Test("Memory model: no VHE, no VMIDs, no LORegions, no nested virtualization; PAN, hardware AF and TTL pass")
  func memoryModel() {
    let mmfr1 = view.value(of: id(7, 1), hardware: 0x1111_1111_1121_2122)
    for hidden: UInt64 in [4, 8, 16, 24, 28, 32, 40, 52, 56] { #expect(field(mmfr1, hidden) == 0) }
    #expect(field(mmfr1, 0) == 2)
    #expect(field(mmfr1, 12) == 2)
    #expect(field(mmfr1, 20) == 2)
    let mmfr2 = view.value(of: id(7, 2), hardware: 0x1221_0111_1211_1111)
    for hidden: UInt64 in [12, 24, 40, 56] { #expect(field(mmfr2, hidden) == 0) }
    for passed: UInt64 in [0, 4, 8, 16, 20, 28, 32, 48, 60] { #expect(field(mmfr2, passed) == 1) }
    #expect(view.value(of: id(7, 3), hardware: everything) == 0)
    #expect(view.value(of: id(7, 4), hardware: everything) == 0)
  }

  @Test("Addresses have 48 bits at the most, in every granule, and ECV comes without the physical offset")
  func addressSizes() {
    let value = view.value(of: id(7, 0), hardware: 0x2100_0322_1020_0126)
    #expect(field(value, 0) == 5)
    #expect(field(value, 20) == 1)
    #expect(field(value, 28) == 0)
    #expect(field(value, 24) == 0)
    #expect(field(value, 60) == 1)
    for hidden: UInt64 in [12, 32, 36, 40, 56] { #expect(field(value, hidden) == 0) }
    // A CPU without 4 KiB pages, with 40-bit addresses (Cortex-A72's 44 and the like pass as they are).
    let small = view.value(of: id(7, 0), hardware: 0xf000_0002)
    #expect(field(small, 28) == 15)
    #expect(field(small, 0) == 2)
  }

  @Test("AArch32: no PMU, no virtualization, no security extensions; the instruction sets pass")
  func aarch32() {
    #expect(field(view.value(of: id(1, 2), hardware: 0x0301_0066), 0) == 6)
    #expect(field(view.value(of: id(1, 2), hardware: 0x0301_0066), 24) == 0)
    let pfr1 = view.value(of: id(1, 1), hardware: 0x1001_1011)
    #expect(pfr1 == 0x1001_0001)
    #expect(view.value(of: id(2, 5), hardware: 0x0001_1121) == 0x0001_1121)
    #expect(view.value(of: id(3, 0), hardware: 0x1011_0222) == 0x1011_0222)
    #expect(view.value(of: id(2, 0), hardware: everything) == 0xffff_ffff)
  }
}
