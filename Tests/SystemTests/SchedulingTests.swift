import Testing
import Toolkit

/// Policies on the target, in counted instructions: figures do not depend on the host, and a bound can be tight.
@Suite("Scheduling on the target")
struct SchedulingTests {
  private static let busy = "while :; do :; done &"

  /// The worst lateness, in instructions, in so many of the metronome's reports from now on.
  private func worstLateness(_ console: QEMUSession, reports: Int = 3) async throws -> Int {
    await console.skipToNow(of: "metronome")
    let before = await console.transcript.text(of: "metronome").count
    for _ in 0..<reports { try await console.expect("memory=ok", from: "metronome") }
    let text = await console.transcript.text(of: "metronome").dropFirst(before)
    return try #require(text.matches(of: /max=([0-9]+) ns/).compactMap { Int($0.1) }.max())
  }

  @Test(
    "a reservation keeps the metronome in time, whatever Linux does on the same CPU", arguments: [2, 3] as [UInt64])
  func reservation(gic: UInt64) async throws {
    let system =
      Booting.debian()
      + Booting.own("metronome", on: "[{cpu: 0, reserve: 200us every 1ms}]", arguments: "rate=1000 ticks=200")
    let processors = "cpus:\n  - {cpu: 0, policy: earliest-deadline}\n"
    try await Booting.boot(system, processors: processors, Booting.Choice(gic: gic, processors: 1, counts: true)) {
      console in
      try await console.expectShell(processors: 1)
      let idle = try await worstLateness(console)
      try await console.type(line: Self.busy)
      try await console.type(line: "dd if=/dev/zero of=/dev/null bs=4k &")
      let stressed = try await worstLateness(console, reports: 6)
      // A switch away from Linux costs what it costs; no part of Linux's turn comes on top.
      #expect(idle < 20_000)
      #expect(stressed < 20_000)
    }
  }

  @Test("a vCPU that never blocks gets its reservation, and not more")
  func share() async throws {
    let system =
      Booting.debian("left", on: "[{cpu: 0, reserve: 3ms every 10ms}]") + Booting.debian("right", on: "[0]")
    let processors = "cpus:\n  - {cpu: 0, policy: earliest-deadline}\n"
    try await Booting.boot(system, processors: processors, Booting.Choice(processors: 1, counts: true)) { console in
      try await console.expectShell(of: "left", processors: 1)
      try await console.type(line: Self.busy)
      try await console.select(1, named: "right")
      try await console.expectShell(of: "right", processors: 1)
      try await console.type(line: Self.busy)
      try await console.type(line: "sleep 1; echo begin $((1 + 1))")
      try await console.expect("begin 2", from: "right")
      let before = try await console.statistics(processors: 1).vcpus
      try await console.type(line: "sleep 2; echo end $((1 + 2))")
      try await console.expect("end 3", from: "right")
      let after = try await console.statistics(processors: 1).vcpus
      let ran = zip(after, before).map { $0.runTime - $1.runTime }
      let share = Double(ran[0]) / Double(ran[0] + ran[1])
      #expect(abs(share - 0.3) < 0.01, "left had \(share) of the CPU")
      #expect(after[0].throttleCount > before[0].throttleCount)
    }
  }

  /// Budgets that end before a switch does: the switch is made all the same, or the CPU would try it for ever.
  @Test("a CPU goes on where a reservation is used up in pieces of every size", arguments: reservations)
  func pieces(policy: String, loop: String, choice: Booting.Choice) async throws {
    let isa = choice.board == "qemu-virt-armv7" ? "armv7" : "armv8"
    let system =
      Booting.own("loop", on: "[{cpu: 0, \(loop)}]", arguments: "pieces=4000", isa: isa)
      + Booting.own("disturb", on: "[0]", arguments: "attack=spin vcpus=1 number=0 start=1000000", isa: isa)
    try await Booting.boot(system, processors: "cpus:\n  - {cpu: 0, policy: \(policy)}\n", choice) { console in
      try await console.expect("loop: pieces n=4000", from: "loop")
    }
  }

  private static let reservations: [(policy: String, loop: String, choice: Booting.Choice)] = [
    ("earliest-deadline", "reserve: 200us every 1ms", Booting.Choice(processors: 1, counts: true)),
    (
      "earliest-deadline, overhead: 0us", "reserve: 200us every 1ms",
      Booting.Choice(gic: 2, processors: 1, counts: true)
    ),
    (
      "fixed-priority, overhead: 0us", "reserve: 200us every 1ms, priority: 9",
      Booting.Choice(processors: 1, counts: true)
    ),
    ("earliest-deadline, overhead: 0us", "reserve: 200us every 1ms", countingARMv7),
  ]

  private static var countingARMv7: Booting.Choice {
    var choice = Booting.Choice.armv7()
    choice.counts = true
    return choice
  }

  @Test(
    "a static CPU takes no timer interrupt of the hypervisor's, and its vCPU's time is shown up to now",
    arguments: [2, 3] as [UInt64])
  func quiet(gic: UInt64) async throws {
    let processors = """
      cpus:
        - {cpu: 0, policy: static}
        - {cpu: 1, policy: round-robin}

      """
    let system =
      Booting.debian(on: "[0]") + Booting.own("metronome", on: "[1]")
      + Booting.own("metronome", named: "second", on: "[1]")
    try await Booting.boot(system, processors: processors, Booting.Choice(gic: gic, processors: 2, counts: true)) {
      console in
      try await console.expectShell(processors: 1)
      try await console.type(line: Self.busy)
      let before = try await console.statistics(processors: 2).vcpus.last { $0.machine == "debian" }?.runTime
      try await console.type(line: "sleep 1; echo slept $((1 + 1))")
      try await console.expect("slept 2", from: "debian")
      try await console.expectTicking()
      let (vcpus, timers) = try await console.statistics(processors: 2)
      #expect(timers[0] == 0)
      // The guest's second, in ticks of a counter of 1 GHz: nothing but the figures themselves has the hypervisor count there.
      let after = vcpus.last { $0.machine == "debian" }?.runTime
      #expect(try #require(after) - (try #require(before)) >= 1_000_000_000)
      // The other CPU's two guests share it, so that one's timer is often in nobody's hands but ours.
      #expect(timers[1] > 0)
    }
  }
}
