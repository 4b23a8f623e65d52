import Architecture
import ArmCommon
import TestSupport
import Testing

/// The values of MIDR are put together from the manuals' fields: implementer 31:24, variant 23:20, architecture 19:16, part 15:4,
/// revision 3:0.
@Suite("Errata", .timeLimited)
struct ErrataTests {
  private func core(_ part: UInt32, variant: UInt32, revision: UInt32, mended: UInt32 = 0) -> CoreIdentity {
    CoreIdentity(midr: 0x41 << 24 | variant << 20 | 0xf << 16 | part << 4 | revision, revision: mended)
  }

  private struct Words: ByteSink {
    var bytes: [UInt8] = []
    mutating func write(_ byte: UInt8) { bytes.append(byte) }
    var text: String { String(decoding: bytes, as: UTF8.self) }
  }

  @Test("are found by the part and its version, whatever MIDR's architecture field says")
  func identity() {
    // The Raspberry Pi 4's Cortex-A72 r0p3, the Raspberry Pi 2's Cortex-A7 r0p5, QEMU's Cortex-A57 r1p0.
    #expect(CoreIdentity(midr: 0x410f_d083, revision: 0).part == .cortexA72)
    #expect(CoreIdentity(midr: 0x410f_d083, revision: 0).version == CoreVersion(rawValue: 0x03))
    #expect(CoreIdentity(midr: 0x410f_c075, revision: 0).part == .cortexA7)
    #expect(CoreIdentity(midr: 0x411f_d070, revision: 0).version == CoreVersion(rawValue: 0x10))
    // QEMU's `max`, and another maker's part of the same number.
    #expect(CoreIdentity(midr: 0x000f_0510, revision: 0).part == nil)
    #expect(CoreIdentity(midr: 0x420f_d083, revision: 0).part == nil)
  }

  @Test(
    "of speculative translation need nobody's stage 2 between two vCPUs",
    arguments: [
      (0xd03, 0, 4, true), (0xd05, 2, 0, true), (0xd07, 1, 3, true), (0xd08, 1, 0, true), (0xd0b, 2, 0, true),
      (0xd0b, 3, 0, false), (0xd0c, 2, 0, true), (0xd0c, 3, 1, false), (0xd04, 1, 0, false), (0xd0d, 0, 0, false),
      (0xc0f, 2, 1, false), (0xd09, 0, 2, false),
    ] as [(UInt32, UInt32, UInt32, Bool)])
  func parking(part: UInt32, variant: UInt32, revision: UInt32, isNeeded: Bool) {
    #expect(core(part, variant: variant, revision: revision).has(.speculativeTranslation) == isNeeded)
  }

  @Test("end with the last version that has them")
  func versions() {
    #expect(core(0xc0f, variant: 0, revision: 4).has(.wrongStoreRegister))
    #expect(!core(0xc0f, variant: 0, revision: 3).has(.wrongStoreRegister))
    #expect(!core(0xc0f, variant: 2, revision: 1).has(.wrongStoreRegister))
    #expect(core(0xd03, variant: 0, revision: 4).has(.staleLoad))
    #expect(!core(0xd03, variant: 1, revision: 0).has(.staleLoad))
  }

  @Test("that a core's maker has mended without another version are not counted")
  func mended() {
    #expect(core(0xd03, variant: 0, revision: 4).has(.pageAddress))
    #expect(!core(0xd03, variant: 0, revision: 4, mended: 1 << 8).has(.pageAddress))
    #expect(core(0xd03, variant: 0, revision: 3, mended: 1 << 8).has(.pageAddress))
    #expect(!core(0xd03, variant: 0, revision: 2, mended: 1 << 7).has(.multiplyAccumulate))
    #expect(core(0xd03, variant: 0, revision: 1, mended: 1 << 7).has(.multiplyAccumulate))
  }

  @Test("of a core that nobody knows are none")
  func unknown() {
    let core = CoreIdentity(midr: 0x000f_0510, revision: 0)
    for kind in Erratum.Kind.allCases { #expect(!core.has(kind)) }
    var words = Words()
    core.writeName(to: &words)
    #expect(words.text == "a core that the table of errata does not know, MIDR 0xf0510")
  }

  @Test("are named by what becomes of them")
  func words() {
    var words = Words()
    let core = CoreIdentity(midr: 0x410f_d083, revision: 0)
    core.writeName(to: &words)
    words.write("; ")
    core.writeErrata(to: &words)
    #expect(words.text == "cortex-a72 r0p3; errata: handled 853709 1319367; guests' 1655431")
    words = Words()
    CoreIdentity(midr: 0x411f_d040, revision: 0).writeErrata(to: &words)
    #expect(words.text == "no errata to see to")
  }

  @Test("have a range of versions, a number, and each a line of its own")
  func table() {
    var seen: Set<String> = []
    for index in Erratum.all.indices {
      let erratum = Erratum.all[index]
      #expect(erratum.first <= erratum.last && erratum.number > 700_000, "\(erratum.number)")
      #expect(seen.insert("\(erratum.part) \(erratum.number) \(erratum.first)").inserted, "\(erratum.number)")
    }
    for kind in Erratum.Kind.allCases {
      #expect(Erratum.all.indices.contains { Erratum.all[$0].kind == kind }, "\(kind)")
    }
  }
}
