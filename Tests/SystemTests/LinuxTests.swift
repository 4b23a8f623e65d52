import Testing
import Toolkit

@Suite("Debian's Linux under TVisor")
struct LinuxTests {
  @Test(
    "shares CPU 0 with the metronome, and its shell obeys",
    arguments: [
      Booting.Choice(gic: 2, processors: 1), Booting.Choice(gic: 3, processors: 1),
      Booting.Choice(gic: 2, processors: 4), Booting.Choice(gic: 3, processors: 4),
      Booting.Choice(model: "cortex-a57", gic: 2), Booting.Choice(model: "cortex-a72", gic: 3),
      Booting.Choice(model: "cortex-a76", gic: 3), Booting.Choice(model: "max", gic: 2),
      Booting.Choice(model: "max", gic: 3),
    ])
  func demo(choice: Booting.Choice) async throws {
    try await Booting.boot(Booting.debian(on: "[0, 0]") + Booting.own("metronome"), choice) { console in
      try await console.expectShell(processors: 2)
      try await console.expectTicking()
    }
  }

  @Test("runs four vCPUs on one CPU, and each does its part", arguments: [2, 3] as [UInt64])
  func fourVCPUs(gic: UInt64) async throws {
    let choice = Booting.Choice(gic: gic, processors: 1)
    try await Booting.boot(Booting.debian(on: "[0, 0, 0, 0]"), choice) { console in
      try await console.expectShell(processors: 4)
      // Each vCPU runs a program of its own, which the others' interrupts must start and end.
      try await console.type(line: "for c in 0 1 2 3; do taskset $((1 << c)) sh -c 'echo ran on $0' $c; done; wait")
      for processor in 0..<4 { try await console.expect("ran on \(processor)", from: "debian") }
    }
  }

  @Test(
    "boots wherever the hypervisor's image was loaded", arguments: [0x80_0000, 0x100_0000, 0x2020_0000] as [UInt64])
  func elsewhere(textOffset: UInt64) async throws {
    try await Booting.boot(Booting.debian(), Booting.Choice(processors: 1), textOffset: textOffset) { console in
      try await console.expectShell(processors: 1)
    }
  }

  @Test("that powers off ends alone: the metronome ticks on", arguments: [2, 3] as [UInt64])
  func powerOff(gic: UInt64) async throws {
    let system = Booting.debian() + Booting.own("metronome")
    try await Booting.boot(system, Booting.Choice(gic: gic, processors: 1)) { console in
      try await console.expectShell(processors: 1)
      try await console.type(line: "poweroff")
      try await console.expect("VM 'debian' turned itself off", from: "tvisor")
      try await console.expectTicking(reports: 3)
    }
  }

  @Test("that reboots boots again, as often as it likes, and the metronome ticks on", arguments: [2, 3] as [UInt64])
  func reboot(gic: UInt64) async throws {
    let system = Booting.debian(on: "[0, 0]") + Booting.own("metronome")
    try await Booting.boot(system, Booting.Choice(gic: gic, processors: 2)) { console in
      for _ in 0..<2 {
        try await console.expectShell(processors: 2)
        try await console.type(line: "reboot")
        try await console.expect("VM 'debian' asked for a reset: starting again", from: "tvisor")
      }
      try await console.expectShell(processors: 2)
      try await console.expectTicking()
    }
  }

  @Test("twice on one CPU: each has a shell of its own")
  func twins() async throws {
    let system = Booting.debian("left", on: "[0]") + Booting.debian("right", on: "[0]")
    try await Booting.boot(system, Booting.Choice(processors: 1)) { console in
      try await console.expectShell(of: "left", processors: 1)
      try await console.type(line: "cd /tmp && echo left > owner; sync")
      try await console.select(1, named: "right")
      try await console.expectShell(of: "right", processors: 1)
      try await console.type(line: "ls /tmp/owner || echo nothing $((1 + 1)) see")
      try await console.expect("nothing 2 see", from: "right")
      try await console.select(0, named: "left")
      try await console.type(line: "echo owner is $(cat owner)")
      try await console.expect("owner is left", from: "left")
    }
  }

  @Test("is the last VM to stop: then the machine turns off")
  func lastOne() async throws {
    try await Booting.boot(Booting.debian(), Booting.Choice(processors: 1)) { console in
      try await console.expectShell(processors: 1)
      try await console.type(line: "poweroff")
      try await console.expect("all VMs have stopped", from: "tvisor")
      try await console.expectEnd()
    }
  }
}
