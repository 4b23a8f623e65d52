import Architecture
import TestSupport
import Testing

@testable import ARMv8

@Suite("Stage 2 parameters", .timeLimited)
struct Stage2ParametersTests {
  /// VTCR_EL2 (DDI 0487): T0SZ 5:0, SL0 7:6, IRGN0 9:8, ORGN0 11:10, SH0 13:12, TG0 15:14, PS 18:16, VS 19, RES1 31.
  @Test(
    "The input is what the CPU can address, up to one table at level 1; PS is the CPU's own, up to 48 bits",
    arguments: [(0, 32, 0), (1, 36, 1), (2, 39, 2), (3, 39, 3), (4, 39, 4), (5, 39, 5), (6, 39, 5), (7, 39, 5)]
      as [(UInt64, Int, UInt64)])
  func ranges(range: UInt64, bits: Int, size: UInt64) {
    let parameters = Stage2Parameters(physicalAddressRange: range)
    #expect(parameters.inputBits == bits)
    let control = parameters.control
    #expect(control & 0x3f == UInt64(64 - bits))
    #expect(control >> 6 & 3 == 1, "level 1 first")
    #expect(control >> 8 & 3 == 1, "write-back inside")
    #expect(control >> 10 & 3 == 1, "write-back outside")
    #expect(control >> 12 & 3 == 3, "inner shareable")
    #expect(control >> 14 & 3 == 0, "4 KiB")
    #expect(control >> 16 & 7 == size)
    #expect(control >> 19 & 1 == 0, "VMIDs of 8 bits")
    #expect(control >> 20 == 1 << 11, "only the RES1 bit 31 above")
  }

  @Test("The register's other fields make no difference")
  func otherFields() {
    #expect(
      Stage2Parameters(physicalAddressRange: 0xffff_ffff_ffff_fff4) == Stage2Parameters(physicalAddressRange: 4))
  }
}

@Suite("Trap controls", .timeLimited)
struct TrapControlTests {
  /// HCR_EL2 by its fields' bits (DDI 0487, HCR_EL2).
  @Test("Exactly the controls that the design names are set")
  func configuration() {
    let fields: [(String, UInt64)] = [
      ("VM", 0), ("SWIO", 1), ("PTW", 2), ("FMO", 3), ("IMO", 4), ("AMO", 5), ("FB", 9), ("BSU inner", 10), ("TWI", 13),
      ("TWE", 14), ("TID1", 16), ("TID3", 18), ("TSC", 19), ("TIDCP", 20), ("TACR", 21), ("RW", 31), ("TLOR", 35),
      ("TERR", 36), ("TID5", 58),
    ]
    for (name, bit) in fields { #expect(TrapControls.configuration >> bit & 1 == 1, "\(name)") }
    #expect(TrapControls.configuration.nonzeroBitCount == fields.count)
  }

  /// MDCR_EL2 by its fields' bits (DDI 0487, MDCR_EL2). E2PB (13:12) and E2TB (25:24) trap while they are zero, and TDE (8)
  /// would take the guest's breakpoints away.
  @Test("Of debug and monitors exactly what the table answers, or hides, traps")
  func debug() {
    let fields: [(String, UInt64)] = [
      ("TPMCR", 5), ("TPM", 6), ("TDA", 9), ("TDOSA", 10), ("TDRA", 11), ("TPMS", 14), ("TTRF", 19),
    ]
    for (name, bit) in fields { #expect(TrapControls.debug >> bit & 1 == 1, "\(name)") }
    #expect(TrapControls.debug.nonzeroBitCount == fields.count)
  }
}

@Suite("Trap frames", .timeLimited)
struct TrapFrameTests {
  @Test("x0 to x30 are side by side; register 31 and above are not memory")
  func registers() {
    #expect(TrapFrame.byteCount >= 31 * 8 && TrapFrame.byteCount % 16 == 0)
    let words = UnsafeMutablePointer<UInt64>.allocate(capacity: 32)
    defer { unsafe words.deallocate() }
    for index in 0..<32 { unsafe words[index] = 0x100 + UInt64(index) }
    let frame = unsafe TrapFrame(unsafeAddress: UnsafeMutableRawPointer(words))
    for index: UInt8 in 0...30 { #expect(frame[index] == 0x100 + UInt64(index)) }
    for index: UInt8 in [31, 32, 128, 255] {
      #expect(frame[index] == 0)
      frame[index] = 0xbad
    }
    frame[30] = 0x77
    #expect(unsafe words[30] == 0x77)
    #expect(unsafe words[31] == 0x11f)
  }
}

@Suite("A vCPU that is not loaded", .timeLimited)
struct GuestContextTests {
  @Test("Reset puts it at its entry with its timer off")
  func reset() {
    var context = GuestContext(affinity: 3, instructionSet: .aarch64)
    context.reset(entry: 0x4008_0000, argument: 0x4800_0000)
    #expect(context.resumeAddress == 0x4008_0000)
    #expect(context.timerControl == 0)
    #expect(context.timerCompareValue == 0)
  }

  @Test("Loading puts the argument into x0 and zero into the others, whatever was in the frame")
  func load() {
    var context = GuestContext(affinity: 0, instructionSet: .aarch64)
    context.reset(entry: 0x4008_0000, argument: 0x4800_0000)
    let words = UnsafeMutablePointer<UInt64>.allocate(capacity: 32)
    defer { unsafe words.deallocate() }
    for index in 0..<32 { unsafe words[index] = ~0 }
    context.load(into: unsafe TrapFrame(unsafeAddress: UnsafeMutableRawPointer(words)), counterOffset: 0)
    #expect(unsafe words[0] == 0x4800_0000)
    for index in 1..<31 { #expect(unsafe words[index] == 0) }
  }
}
