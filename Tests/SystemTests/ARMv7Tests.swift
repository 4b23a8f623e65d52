import Testing
import Toolkit

@Suite("TVisor on ARMv7")
struct ARMv7Tests {
  @Test(
    "Debian's 32-bit Linux shares CPU 0 with the metronome, and its shell obeys",
    arguments: [
      Booting.Choice.armv7(gic: 2), .armv7(gic: 3), .armv7("cortex-a7", gic: 2), .armv7("cortex-a7", gic: 3),
      .armv7(gic: 2, processors: 2),
    ])
  func demo(choice: Booting.Choice) async throws {
    let system = Booting.debian(on: "[0, 0]", architecture: "armhf") + Booting.own("metronome", isa: "armv7")
    try await Booting.boot(system, choice) { console in
      try await console.expectShell(processors: 2)
      try await console.expectTicking()
    }
  }

  @Test("Debian's 32-bit Linux reboots and powers off while the metronome ticks on", arguments: [2, 3] as [UInt64])
  func reboot(gic: UInt64) async throws {
    let system = Booting.debian(architecture: "armhf") + Booting.own("metronome", isa: "armv7")
    try await Booting.boot(system, .armv7(gic: gic)) { console in
      try await console.expectShell(processors: 1)
      try await console.type(line: "reboot")
      try await console.expect("VM 'debian' asked for a reset: starting again", from: "tvisor")
      await console.skipToNow(of: "debian")
      try await console.expectShell(processors: 1)
      try await console.type(line: "poweroff")
      try await console.expect("VM 'debian' turned itself off", from: "tvisor")
      try await console.expectTicking(reports: 3)
    }
  }

  @Test("U-Boot for QEMU's 32-bit virt runs as it is, from address 0, to its prompt", arguments: [2, 3] as [UInt64])
  func uBoot(gic: UInt64) async throws {
    let rom = """
        - {name: u-boot, isa: aarch32, memory: 128MiB, vcpus: [0], firmware: "@guests/u-boot/qemu_arm.bin"}

      """
    try await Booting.boot(rom, .armv7(gic: gic)) { console in
      try await console.expect("autoboot", from: "u-boot")
      try await console.type(" ")
      try await console.expect("=> ", from: "u-boot")
      try await console.type(line: "version")
      try await console.expect("U-Boot 20", from: "u-boot")
    }
  }

  @Test("the hostile guest gets the architecture's answers and harms nobody", arguments: [2, 3] as [UInt64])
  func hostile(gic: UInt64) async throws {
    try await Booting.attack(.armv7(gic: gic), isa: "armv7")
  }

  @Test("floating-point registers stay each VM's own", arguments: [2, 3] as [UInt64])
  func floatingPoint(gic: UInt64) async throws {
    let system =
      Booting.own("hostile", named: "one", arguments: "fp", isa: "armv7")
      + Booting.own("hostile", named: "two", arguments: "fp", isa: "armv7")
    try await Booting.boot(system, .armv7(gic: gic)) { console in
      for _ in 0..<3 {
        for name in ["one", "two"] { try await console.expect(": ok (", from: name) }
      }
      #expect(await !console.transcript.text.contains("WRONG"))
    }
  }

  @Test("the bench measures every path to its end", arguments: [2, 3] as [UInt64])
  func bench(gic: UInt64) async throws {
    try await Booting.boot(Booting.own("bench", isa: "armv7"), .armv7(gic: gic)) { console in
      try await console.expect("bench: done", from: "bench")
      try await console.expectEnd()
    }
  }
}
