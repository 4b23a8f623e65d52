import TestSupport
import Testing

@testable import ARMv8

/// What E2H = 1 and E2H = 0 mean, from the registers' descriptions (DDI 0487, D19.2).
@Suite("Virtualization host extensions", .timeLimited)
struct HostExtensionTests {
  /// ID_AA64MMFR1_EL1.VH is bits 11:8; ID_AA64MMFR4_EL1.E2H0 is bits 27:24 and signed: 0 where E2H can be 0, -1 where it
  /// cannot, -2 where besides nested virtualization has only its first form.
  @Test(
    "E2H is 1 wherever it can be, unless somebody declines that and it can be 0",
    arguments: [
      // VH, E2H0, declined, E2H
      (0x0, 0x0, false, false), (0x0, 0x0, true, false),
      (0x1, 0x0, false, true), (0x1, 0x0, true, false),
      (0x1, 0xf, false, true), (0x1, 0xf, true, true),
      (0x1, 0xe, false, true), (0x1, 0xe, true, true),
    ] as [(UInt64, UInt64, Bool, Bool)])
  func choice(vh: UInt64, e2h0: UInt64, isDeclined: Bool, expected: Bool) {
    // The fields beside them say what they like.
    for others: UInt64 in [0, ~0] {
      let setting = HostExtensions.setting(
        memoryFeatures1: others & ~0xf00 | vh << 8, memoryFeatures4: others & ~0xf00_0000 | e2h0 << 24,
        isDeclined: isDeclined)
      #expect(setting == expected)
    }
  }

  /// CPTR_EL2 with E2H = 0: TZ 8, TFP 10, TSM 12, TTA 20, TAM 30, TCPAC 31; RES1 are 7:0, 9 and 13, and TZ and TSM where
  /// there is neither SVE nor SME.
  @Test(
    "Without them, CPTR_EL2 traps FP by TFP, and always SVE, SME, trace and activity monitors",
    arguments: [false, true])
  func plainTraps(floatingPoint: Bool) {
    let value = HostExtensions.coprocessorTraps(floatingPoint: floatingPoint, isInUse: false)
    #expect(value & 0x22ff == 0x22ff, "RES1")
    for bit: UInt64 in [8, 12, 20, 30] { #expect(value >> bit & 1 == 1) }
    #expect(value >> 10 & 1 == (floatingPoint ? 1 : 0))
    #expect(value >> 31 == 0, "TCPAC: CPACR_EL1 is the guest's own")
    #expect(value & ~0x4010_37ff == 0, "RES0")
  }

  /// CPTR_EL2 with E2H = 1, CPACR_EL1's layout: ZEN 17:16, FPEN 21:20, SMEN 25:24, TTA 28, E0POE 29, TAM 30, TCPAC 31. An
  /// enable traps at 0b00 and 0b10, and lets everything through at 0b11.
  @Test(
    "With them, CPTR_EL2 traps FP by FPEN, and always SVE, SME, trace and activity monitors", arguments: [false, true])
  func hostTraps(floatingPoint: Bool) {
    let value = HostExtensions.coprocessorTraps(floatingPoint: floatingPoint, isInUse: true)
    #expect(value >> 16 & 1 == 0, "ZEN")
    #expect(value >> 24 & 1 == 0, "SMEN")
    #expect(value >> 20 & 3 == (floatingPoint ? 0b00 : 0b11))
    for bit: UInt64 in [28, 30] { #expect(value >> bit & 1 == 1) }
    #expect(value >> 31 == 0, "TCPAC")
    #expect(value & ~0x5030_0000 == 0, "RES0")
  }

  /// CNTHCTL_EL2: EL1PCTEN is bit 0 and EL1PCEN bit 1; with E2H = 1 they are bit 10 and, as EL1PTEN, bit 11.
  @Test(
    "EL1 reads the physical counter, and its physical timer traps",
    arguments: [(false, 0), (true, 10)] as [(Bool, UInt64)])
  func counterAccess(isInUse: Bool, counter: UInt64) {
    #expect(HostExtensions.counterAccess(isInUse: isInUse) == 1 << counter)
  }

  @Test("HCR_EL2.E2H is bit 34, and no part of what guests ask for; TGE, bit 27, is never set")
  func enable() {
    #expect(HostExtensions.enable == 1 << 34)
    #expect(TrapControls.configuration >> 34 & 1 == 0)
    #expect(TrapControls.configuration >> 27 & 1 == 0)
  }
}
