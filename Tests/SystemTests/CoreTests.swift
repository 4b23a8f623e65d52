import Testing
import Toolkit

/// QEMU has no core's errata, but any core's MIDR: what is done for one is done, and harms nobody.
@Suite("What a core gets wrong")
struct CoreTests {
  @Test(
    "is said at start-up and with the statistics, and guests run as on any other",
    arguments: [
      (
        Booting.Choice(model: "cortex-a57"),
        "cortex-a57 r1p0; errata: handled 852523 1319537; guests' 1742098; open 832075 834220"
      ),
      // Vectors of their own: CONTEXTIDR_EL1 is written on the way to AArch32, T32 stores are read from the instruction.
      (
        Booting.Choice(model: "cortex-a53,midr=0x410fd034", gic: 2),
        "cortex-a53 r0p4; errata: handled 845719 1530924"
      ),
      (.armv7("cortex-a15,midr=0x410fc0f4"), "cortex-a15 r0p4; errata: handled 766422"),
      (.armv7("cortex-a7", gic: 3), "cortex-a7 r0p5; errata: guests' 814220"),
      (Booting.Choice(model: "max"), "a core that the table of errata does not know, MIDR 0x"),
    ])
  func said(choice: Booting.Choice, words: String) async throws {
    let isa = choice.board.hasSuffix("armv7") ? "armv7" : "armv8"
    let is32Bit = choice.model.hasPrefix("cortex-a53")
    let guests =
      Booting.own("metronome", isa: isa)
      + (is32Bit
        ? Booting.own("metronome", named: "other", isa: "armv7") : Booting.own("metronome", named: "other", isa: isa))
    try await Booting.boot(guests, choice) { console in
      try await console.expect("CPU 0: \(words)")
      try await console.expectTicking()
      try await console.expect("memory=ok", from: "other")
      try await console.type("\u{14}s")
      try await console.expect("from other CPUs; \(words)")
    }
  }
}
