import Testing
import Toolkit

/// Guests in AArch32 under the AArch64 hypervisor, on CPUs whose EL1 knows both.
@Suite("TVisor on ARMv8 with 32-bit guests")
struct AArch32GuestTests {
  static let choices = [
    Booting.Choice(model: "cortex-a53", gic: 2, processors: 1),
    Booting.Choice(model: "cortex-a57", gic: 3, processors: 1),
    Booting.Choice(model: "cortex-a72", gic: 3, processors: 2),
  ]

  /// One 32-bit vCPU on each CPU: QEMU keeps the SPSR of the mode that an AArch32 program was in where EL2 cannot reach it,
  /// so that a second one on the same CPU would find the first one's.
  @Test("Debian's 32-bit Linux shares CPU 0 with a 64-bit metronome, and its shell obeys", arguments: choices)
  func linux(choice: Booting.Choice) async throws {
    let isAlone = choice.processors == 1
    let system = Booting.debian(on: isAlone ? "[0]" : "[0, 1]", architecture: "armhf") + Booting.own("metronome")
    try await Booting.boot(system, choice) { console in
      try await console.expectShell(processors: isAlone ? 1 : 2)
      try await console.expectTicking()
    }
  }

  @Test("floating-point registers stay each VM's own, of either instruction set", arguments: [2, 3] as [UInt64])
  func floatingPoint(gic: UInt64) async throws {
    let system =
      Booting.own("hostile", named: "narrow", arguments: "fp", isa: "armv7")
      + Booting.own("hostile", named: "wide", arguments: "fp", isa: "armv8")
    try await Booting.boot(system, Booting.Choice(gic: gic)) { console in
      for _ in 0..<3 {
        for name in ["narrow", "wide"] { try await console.expect(": ok (", from: name) }
      }
      #expect(await !console.transcript.text.contains("WRONG"))
    }
  }

  @Test("U-Boot for QEMU's 32-bit virt runs as it is, to its prompt")
  func uBoot() async throws {
    let rom = """
        - {name: u-boot, isa: aarch32, memory: 128MiB, vcpus: [0], firmware: "@guests/u-boot/qemu_arm.bin"}

      """
    try await Booting.boot(rom) { console in
      try await console.expect("autoboot", from: "u-boot")
      try await console.type(" ")
      try await console.expect("=> ", from: "u-boot")
    }
  }
}
