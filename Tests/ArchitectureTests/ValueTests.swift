import Architecture
import TestSupport
import Testing

@Suite("Memory-mapped accesses", .timeLimited)
struct MMIOAccessTests {
  private func access(_ width: AccessWidth, signed: Bool, sixtyFour: Bool) -> MMIOAccess {
    MMIOAccess(
      address: GuestPhysicalAddress(0x900_0000), width: width, isWrite: false, register: 3, isSignExtended: signed,
      isSixtyFourBit: sixtyFour)
  }

  @Test("Widths are bytes, and their masks are as many bits")
  func widths() {
    let expected: [(AccessWidth, UInt64, UInt64)] = [
      (.byte, 1, 0xff), (.halfword, 2, 0xffff), (.word, 4, 0xffff_ffff), (.doubleword, 8, 0xffff_ffff_ffff_ffff),
    ]
    for (width, count, mask) in expected {
      #expect(width.byteCount == count)
      #expect(width.mask == mask)
    }
  }

  @Test("A plain load clears everything above its width: LDRB, LDRH, LDR W, LDR X")
  func zeroExtension() {
    for sixtyFour in [false, true] {
      let value: UInt64 = 0xfedc_ba98_8765_c3f1
      #expect(access(.byte, signed: false, sixtyFour: sixtyFour).extended(value) == 0xf1)
      #expect(access(.halfword, signed: false, sixtyFour: sixtyFour).extended(value) == 0xc3f1)
      #expect(access(.word, signed: false, sixtyFour: sixtyFour).extended(value) == 0x8765_c3f1)
    }
    #expect(
      access(.doubleword, signed: false, sixtyFour: true).extended(0xfedc_ba98_8765_c3f1) == 0xfedc_ba98_8765_c3f1)
  }

  @Test(
    "A sign-extending load fills its register, W or X, with the sign: LDRSB, LDRSH, LDRSW",
    arguments: [
      (.byte, 0x80, 0xffff_ff80, 0xffff_ffff_ffff_ff80), (.byte, 0x7f, 0x7f, 0x7f),
      (.byte, 0xaaff, 0xffff_ffff, 0xffff_ffff_ffff_ffff), (.byte, 0xff00, 0, 0),
      (.halfword, 0x8000, 0xffff_8000, 0xffff_ffff_ffff_8000), (.halfword, 0x7fff, 0x7fff, 0x7fff),
      (.halfword, 0xffff_1234, 0x1234, 0x1234),
      (.word, 0x8000_0000, 0x8000_0000, 0xffff_ffff_8000_0000), (.word, 0x7fff_ffff, 0x7fff_ffff, 0x7fff_ffff),
    ] as [(AccessWidth, UInt64, UInt64, UInt64)])
  func signExtension(width: AccessWidth, value: UInt64, narrow: UInt64, wide: UInt64) {
    #expect(access(width, signed: true, sixtyFour: false).extended(value) == narrow)
    #expect(access(width, signed: true, sixtyFour: true).extended(value) == wide)
  }
}

@Suite("System register names", .timeLimited)
struct SystemRegisterTests {
  @Test("Fields are packed as bits 20 to 5 of the MRS instruction: op0(2) op1(3) CRn(4) CRm(4) op2(3)")
  func packing() {
    // CNTP_CTL_EL0 is S3_3_C14_C2_1; MRS X0, CNTP_CTL_EL0 is 0xd53be220.
    let timer = SystemRegister(3, 3, 14, 2, 1)
    #expect(timer.encoding == UInt16(truncatingIfNeeded: 0xd53b_e220 >> 5 as UInt32))
    // MDSCR_EL1 is S2_0_C0_C2_2; MSR MDSCR_EL1, X0 is 0xd5100240.
    #expect(SystemRegister(2, 0, 0, 2, 2).encoding == UInt16(truncatingIfNeeded: 0xd510_0240 >> 5 as UInt32))
    // ICC_SGI1R_EL1 is S3_0_C12_C11_5; MSR ICC_SGI1R_EL1, X0 is 0xd518cba0.
    #expect(SystemRegister(3, 0, 12, 11, 5).encoding == UInt16(truncatingIfNeeded: 0xd518_cba0 >> 5 as UInt32))
  }

  @Test("Every encoding comes apart into its fields and together again")
  func roundTrip() {
    for encoding in UInt16.min...UInt16.max {
      let register = SystemRegister(encoding: encoding)
      let again = SystemRegister(register.op0, register.op1, register.crn, register.crm, register.op2)
      guard again == register, register.op0 <= 3, register.op1 <= 7, register.crn <= 15, register.crm <= 15 else {
        Issue.record("encoding \(encoding) comes back as \(again.encoding)")
        return
      }
    }
    #expect(SystemRegister(encoding: 0b10_011_0101_1110_110) == SystemRegister(2, 3, 5, 14, 6))
  }

  @Test("A field too wide does not touch its neighbours")
  func wideFields() {
    #expect(SystemRegister(0xffff, 0, 0, 0, 0).encoding == 0b11 << 14)
    #expect(SystemRegister(0, 0xffff, 0, 0, 0).encoding == 0b111 << 11)
    #expect(SystemRegister(0, 0, 0xffff, 0, 0).encoding == 0b1111 << 7)
    #expect(SystemRegister(0, 0, 0, 0xffff, 0).encoding == 0b1111 << 3)
    #expect(SystemRegister(0, 0, 0, 0, 0xffff).encoding == 0b111)
  }
}

@Suite("Instants", .timeLimited)
struct InstantTests {
  @Test("Time that would pass the counter's end is never")
  func advancing() {
    #expect(Instant(ticks: 5).advanced(by: 7) == Instant(ticks: 12))
    #expect(Instant(ticks: .max - 1).advanced(by: 1) == .never)
    #expect(Instant(ticks: .max - 1).advanced(by: 2) == .never)
    #expect(Instant(ticks: 1 << 63).advanced(by: 1 << 63) == .never)
    #expect(Instant.never.advanced(by: 0) == .never)
    #expect(Instant.never.advanced(by: 1) == .never)
  }

  @Test("Ticks since a later instant are none")
  func difference() {
    #expect(Instant(ticks: 12).ticks(since: Instant(ticks: 5)) == 7)
    #expect(Instant(ticks: 5).ticks(since: Instant(ticks: 12)) == 0)
    #expect(Instant(ticks: 5).ticks(since: Instant(ticks: 5)) == 0)
    #expect(Instant.never.ticks(since: Instant(ticks: 0)) == .max)
  }

  @Test("Instants are ordered as unsigned numbers, and nothing is after never")
  func order() {
    #expect(Instant(ticks: .max / 2) < Instant(ticks: .max / 2 + 1))
    #expect(Instant(ticks: .max - 1) < .never)
  }
}

@Suite("Storage", .timeLimited)
struct StorageTests {
  @Test("Elements start as made, keep what is put there, and a copy names the same memory")
  func elements() throws {
    var heap = HeapStorage()
    let storage = try heap.storage(of: UInt32.self, count: 5) { UInt32($0 * 10) }
    let same = storage
    #expect(storage.count == 5)
    #expect(storage.indices == 0..<5)
    #expect(storage.indices.map { storage[$0] } == [0, 10, 20, 30, 40])
    same[3] = 7
    storage[4] += 2
    #expect(storage.indices.map { same[$0] } == [0, 10, 20, 7, 42])
  }

  @Test("A span shows the first elements")
  func span() throws {
    var heap = HeapStorage()
    let storage = try heap.storage(of: UInt8.self, count: 4) { UInt8($0 + 1) }
    let span = storage.span(3)
    let bytes = span.indices.map { span[$0] }
    #expect(bytes == [1, 2, 3])
    let emptyCount = storage.span(0).count
    #expect(emptyCount == 0)
  }

  @Test("Memory that is not there is an error that says how much was asked for")
  func outOfMemory() {
    var heap = HeapStorage(byteLimit: 63)
    #expect(throws: OutOfMemory(requestedByteCount: 64)) {
      _ = try heap.storage(of: UInt64.self, count: 8) { _ in 0 }
    }
  }
}

@Suite("The guest's machine", .timeLimited)
struct GuestMachineTests {
  @Test("sixteen vCPUs share one Aff1, for an SGI's target list reaches so many (IHI 0069, ICC_SGI1R_EL1)")
  func affinities() {
    #expect(
      [0, 1, 15, 16, 17, 31, 32, 63].map(GuestMachine.affinity(vcpu:)) == [0, 1, 15, 0x100, 0x101, 0x10f, 0x200, 0x30f])
    #expect(GuestMachine.vcpuLimit(gic: .v2) == 8)
    #expect(GuestMachine.vcpuLimit(gic: .v3) == 64)
  }
}
