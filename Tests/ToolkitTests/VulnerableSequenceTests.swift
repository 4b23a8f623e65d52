import TestSupport
import Testing

@testable import Toolkit

/// The encodings are those that an assembler gives.
@Suite("Sequences that a Cortex-A53 gets wrong", .timeLimited)
struct VulnerableSequenceTests {
  private static let nop: UInt32 = 0xd503_201f
  /// ldr x1, [x2]; str x1, [x2]; ldp x1, x2, [sp]; add x1, x2, x3.
  private static let load: UInt32 = 0xf940_0041
  private static let store: UInt32 = 0xf900_0041
  private static let pair: UInt32 = 0xa940_0be1
  private static let sum: UInt32 = 0x8b03_0041

  private func errata(_ code: [UInt32], at address: UInt64 = 0x1000) -> [Int] {
    VulnerableSequence.all(in: code, at: address).map(\.erratum)
  }

  @Test(
    "835769: a 64-bit multiplication that adds, right behind a load or store",
    arguments: [
      // madd x0, x1, x2, x3; msub; smaddl x0, w1, w2, x3; umaddl; umsubl.
      (0x9b02_0c20, true), (0x9b02_8c20, true), (0x9b22_0c20, true), (0x9ba2_0c20, true), (0x9ba2_8c20, true),
      // mul x0, x1, x2 adds nothing, madd w0, w1, w2, w3 has 32 bits, umulh x0, x1, x2 adds nothing.
      (0x9b02_7c20, false), (0x1b02_0c20, false), (0x9bc2_7c20, false),
    ] as [(UInt32, Bool)])
  func multiplyAccumulate(instruction: UInt32, isVulnerable: Bool) {
    for access in [Self.load, Self.store, Self.pair] {
      #expect(errata([access, instruction]) == (isVulnerable ? [835769] : []))
      #expect(errata([access, Self.nop, instruction]) == [])
    }
    #expect(errata([Self.sum, instruction]) == [])
  }

  /// adrp x0, …; ldr x1, [x2]; ldr x3, [x0, #8].
  private static let page: [UInt32] = [0x9000_0000, load, 0xf940_0403]

  @Test("843419: an ADRP in the last two words of a page, then a load or store, then one by its register")
  func pageAddress() {
    for place in [0xff8, 0xffc] as [UInt64] {
      #expect(errata(Self.page, at: place) == [843419])
      #expect(errata([Self.page[0], Self.page[1], Self.sum, Self.page[2]], at: place) == [843419])
      #expect(VulnerableSequence.all(in: Self.page, at: place).first?.address == place + 8)
    }
    #expect(errata(Self.page, at: 0xff4) == [])
    #expect(errata(Self.page, at: 0x1000) == [])
  }

  @Test("843419 needs the register as it was, and nothing that goes elsewhere")
  func notPageAddress() {
    // ldr x0, [x2] changes the register; ldp x0, x1, [x2] and ldr x1, [x0], #8 too; `b` does not come back.
    for other in [0xf940_0040, 0xa940_0440, 0xf840_8401] as [UInt32] {
      #expect(errata([Self.page[0], other, Self.page[2]], at: 0xff8) == [])
    }
    #expect(errata([Self.page[0], Self.load, 0x1400_0002, Self.page[2]], at: 0xff8) == [])
    #expect(errata([Self.page[0], Self.sum, Self.page[2]], at: 0xff8) == [])
    #expect(errata([Self.page[0], Self.load, Self.sum, Self.sum, Self.page[2]], at: 0xff8) == [])
    // ldr x3, [x4, #8]: another base. adr x0, … is no ADRP.
    #expect(errata([Self.page[0], Self.load, 0xf940_0483], at: 0xff8) == [])
    #expect(errata([0x1000_0000, Self.load, Self.page[2]], at: 0xff8) == [])
  }
}
