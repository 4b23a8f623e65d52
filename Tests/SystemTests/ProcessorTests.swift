import Testing
import Toolkit

@Suite("Several CPUs")
struct ProcessorTests {
  /// Time counts instructions here: the CPUs run in turn, and a lost interrupt shows as time that nobody worked.
  private static let choices = [
    Booting.Choice(gic: 2, counts: true), Booting.Choice(gic: 3, counts: true),
    Booting.Choice(board: "qemu-virt-armv7", model: "cortex-a15", gic: 2, counts: true),
    Booting.Choice(board: "qemu-virt-armv7", model: "cortex-a15", gic: 3, counts: true),
  ]

  @Test(
    "run four vCPUs of Linux under stress: every CPU's interrupts go on rising, and nothing stalls", arguments: choices)
  func stress(choice: Booting.Choice) async throws {
    let isARMv7 = choice.board.hasSuffix("armv7")
    let system =
      Booting.debian(on: "[0, 1, 2, 3]", architecture: isARMv7 ? "armhf" : "arm64", hasStressTests: true)
      + Booting.own("metronome", isa: isARMv7 ? "armv7" : "armv8")
    try await Booting.boot(system, choice) { console in
      try await console.expectShell(processors: 4)
      try await console.type(
        line: "hackbench -g 1 -l 20; stress-ng --cpu 1 --timer 1 --switch 2 -t 2; echo over $((40 + 2))")
      try await console.expect("over 42", from: "debian")
      // Each CPU gets a rescheduling interrupt, and its timer comes, once more after all that.
      try await console.type(
        line: """
          for c in 0 1 2 3; do a=$(awk "/arch_timer/ {print \\$$((c + 2))}" /proc/interrupts); \
          taskset $((1 << c)) sleep 0.1; b=$(awk "/arch_timer/ {print \\$$((c + 2))}" /proc/interrupts); \
          test $b -gt $a && echo timer of $((c + 0)) rose; done
          """)
      for processor in 0..<4 { try await console.expect("timer of \(processor) rose", from: "debian") }
      try await console.type(line: "dmesg | grep -ciE 'stall|oops|lockup|BUG:'; echo counted $((1 + 1))")
      try await console.expect("\n0\n", from: "debian")
      try await console.expect("counted 2", from: "debian")
      try await console.expectTicking()
    }
  }

  @Test("eight with GICv2 and sixteen with GICv3, and 31 VMs with 76 vCPUs on them, with the same image")
  func crowd() async throws {
    let eight = Booting.Choice(gic: 2, processors: 8, counts: true)
    try await Booting.boot(Booting.debian(on: "[0, 1, 2, 3, 4, 5, 6, 7]"), eight) { console in
      try await console.expectShell(processors: 8)
    }
    let sixteen = Booting.Choice(gic: 3, processors: 16, counts: true)
    let all = (0..<16).map { "\($0)" }.joined(separator: ", ")
    let others = (1...30).map { number in
      Booting.own(
        "metronome", named: "m\(number)", on: "[\(number % 16), \((number + 1) % 16)]", arguments: "rate=10 ticks=10")
    }
    let system = Booting.debian(on: "[\(all)]") + others.joined()
    try await Booting.boot(system, sixteen) { console in
      try await console.expectShell(processors: 16)
      for number in 1...30 { try await console.expectTicking("m\(number)", reports: 1) }
    }
  }

  @Test("are restarted and stopped with the VM that has them", arguments: [2, 3] as [UInt64])
  func restart(gic: UInt64) async throws {
    let system = Booting.debian(on: "[0, 1, 2, 3]") + Booting.own("metronome", on: "[3]")
    try await Booting.boot(system, Booting.Choice(gic: gic, counts: true)) { console in
      try await console.expectShell(processors: 4)
      try await console.type(line: "reboot")
      try await console.expect("VM 'debian' asked for a reset: starting again", from: "tvisor")
      await console.skipToNow(of: "debian")
      try await console.expectShell(processors: 4)
      try await console.expectTicking()
      try await console.type(line: "poweroff")
      try await console.expect("VM 'debian' turned itself off", from: "tvisor")
      try await console.expectTicking()
    }
  }
}
