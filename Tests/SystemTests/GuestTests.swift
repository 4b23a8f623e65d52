import Testing
import Toolkit

@Suite("Other guests under TVisor")
struct GuestTests {
  @Test("U-Boot for QEMU's virt runs as it is, from address 0, to its prompt", arguments: [2, 3] as [UInt64])
  func uBoot(gic: UInt64) async throws {
    let rom = """
        - {name: u-boot, memory: 128MiB, vcpus: [0], firmware: "@guests/u-boot/qemu_arm64.bin"}

      """
    try await Booting.boot(rom, Booting.Choice(gic: gic, processors: 1)) { console in
      // Any key ends the wait before it looks for something to boot.
      try await console.expect("autoboot", from: "u-boot")
      try await console.type(" ")
      try await console.expect("=> ", from: "u-boot")
      try await console.type(line: "version")
      try await console.expect("U-Boot 20", from: "u-boot")
      try await console.type(line: "bdinfo")
      // RAM as the guest's device tree describes it.
      try await console.expect("start    = 0x0000000040000000", from: "u-boot")
      try await console.expect("size     = 0x0000000008000000", from: "u-boot")
    }
  }

  @Test("the hostile guest gets the architecture's answers and harms nobody", arguments: [2, 3] as [UInt64])
  func hostile(gic: UInt64) async throws {
    try await Booting.attack(Booting.Choice(gic: gic, processors: 1))
  }

  @Test("the hostile guest beside Linux: the shell still obeys")
  func hostileBesideLinux() async throws {
    let system = Booting.debian(on: "[0, 0]") + Booting.own("hostile", arguments: "loop")
    try await Booting.boot(system, Booting.Choice(processors: 2)) { console in
      try await console.expectShell(processors: 2)
      try await console.expect("hostile: done, ", from: "hostile")
      try await console.type(
        line: "dd if=/dev/urandom bs=1k count=100 2>/dev/null | md5sum | wc -c; echo still $((40 + 2))")
      try await console.expect("still 42", from: "debian")
    }
  }

  @Test("floating-point registers stay each VM's own", arguments: [2, 3] as [UInt64])
  func floatingPoint(gic: UInt64) async throws {
    let system =
      Booting.own("hostile", named: "one", arguments: "fp") + Booting.own("hostile", named: "two", arguments: "fp")
    try await Booting.boot(system, Booting.Choice(gic: gic, processors: 1)) { console in
      for _ in 0..<3 {
        for name in ["one", "two"] { try await console.expect(": ok (", from: name) }
      }
      #expect(await !console.transcript.text.contains("WRONG"))
    }
  }

  @Test("Ctrl-T and a digit choose who hears the keyboard")
  func keyboard() async throws {
    let system = Booting.own("metronome", named: "first") + Booting.own("metronome", named: "second")
    try await Booting.boot(system, Booting.Choice(processors: 1)) { console in
      for name in ["first", "second"] { try await console.expect("memory=ok", from: name) }
      try await console.select(1, named: "second")
      try await console.type("h")
      try await console.expect("metronome: below ", from: "second")
      #expect(await !console.transcript.text(of: "first").contains("metronome: below "))
      try await console.select(0, named: "first")
      try await console.type("q")
      try await console.expect("VM 'first' turned itself off", from: "tvisor")
      try await console.expectTicking("second")
    }
  }

  @Test("Ctrl-T x stops every VM, says so, and turns the machine off")
  func stopAll() async throws {
    try await Booting.boot(Booting.own("metronome"), Booting.Choice(processors: 1)) { console in
      try await console.expect("memory=ok", from: "metronome")
      try await console.type("\u{14}x")
      try await console.expect("VM 'metronome' was stopped by Ctrl-T x", from: "tvisor")
      try await console.expect("all VMs have stopped", from: "tvisor")
      try await console.expectEnd()
    }
  }
}
