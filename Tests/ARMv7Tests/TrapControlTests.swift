import TestSupport
import Testing

@testable import ARMv7

/// What traps from a guest, by the registers' descriptions (DDI 0406C, B4.1.64 to B4.1.72).
@Suite("Trap controls of ARMv7", .timeLimited)
struct TrapControlTests {
  private func expect(_ value: UInt32, _ fields: [(String, UInt32)], sourceLocation: SourceLocation = #_sourceLocation)
  {
    for (name, bit) in fields { #expect(value >> bit & 1 == 1, "\(name)", sourceLocation: sourceLocation) }
    #expect(value.nonzeroBitCount == fields.count, sourceLocation: sourceLocation)
  }

  @Test("HCR has exactly the controls that the design names")
  func configuration() {
    expect(
      TrapControls.configuration,
      [
        ("VM", 0), ("SWIO", 1), ("PTW", 2), ("FMO", 3), ("IMO", 4), ("AMO", 5), ("FB", 9), ("BSU inner", 10),
        ("TWI", 13),
        ("TWE", 14), ("TID3", 18), ("TSC", 19), ("TIDCP", 20), ("TAC", 21),
      ])
  }

  /// TDE (8) would take the guest's breakpoints away.
  @Test("HDCR traps debug registers and performance monitors, and no debug exceptions")
  func debug() {
    expect(TrapControls.debug, [("TPMCR", 5), ("TPM", 6), ("TDA", 9), ("TDOSA", 10), ("TDRA", 11)])
  }

  @Test("HSTR traps c15 and Jazelle, HCPTR trace and the coprocessors that there are not; FP is another control's")
  func coprocessors() {
    expect(TrapControls.systemRegisters, [("T15", 15), ("TJDBX", 17)])
    let absent = ((0...9) + [12, 13]).map { ("TCP\($0)", UInt32($0)) }
    expect(TrapControls.coprocessors, absent + [("TTA", 20)])
  }
}
