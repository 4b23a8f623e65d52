import TestSupport
import Testing
import Toolkit

/// A system of VMs `a`, `b`, `c`, … with a vCPU each on CPU 0.
func simulated(_ cpu: String, _ vcpus: [String]) throws -> Simulator {
  var text = "cpus: [{cpu: 0, \(cpu)}]\nvms:\n"
  for (name, vcpu) in zip("abcdefgh", vcpus) {
    text += "  - {name: \(name), memory: 2MiB, image: none, vcpus: [{cpu: 0, \(vcpu)}]}\n"
  }
  return Simulator(try SystemFile(parsing: SourceText(path: "s.yaml", text: text)))
}

private let ms: UInt64 = 1_000_000

@Suite("The simulator", .timeLimited)
struct SimulatorTests {
  /// One CPU's outcome.
  private func run(_ cpu: String, _ vcpus: [String], for duration: UInt64) throws -> SimulationResult.Processor {
    try #require(simulated(cpu, vcpus).run(for: duration).result.processors.first)
  }

  @Test("gives reservations by the earliest deadline what theory says, and the rest the rest")
  func earliestDeadline() throws {
    let cpu = try run(
      "policy: earliest-deadline, overhead: 0",
      ["reserve: 2ms every 5ms", "reserve: 3ms every 10ms", "simulate: busy"], for: 100 * ms)
    let (a, b, c) = (cpu.virtualCPUs[0], cpu.virtualCPUs[1], cpu.virtualCPUs[2])
    // In each 10 ms: a from 0 to 2, b to 5, a to 7, c to 10.
    #expect([a, b, c].map(\.runTime) == [40 * ms, 30 * ms, 30 * ms])
    #expect([a, b, c].map(\.jobCount) == [20, 10, 0])
    #expect([a, b, c].map(\.doneCount) == [20, 10, 0])
    #expect([a, b, c].map(\.missCount) == [0, 0, 0])
    #expect([a, b].map(\.worstResponse) == [2 * ms, 5 * ms])
    #expect([a, b, c].map(\.throttleCount) == [0, 0, 0])
    // Only c loses the CPU with work left: when the next 10 ms begin.
    #expect([a, b, c].map(\.preemptionCount) == [0, 0, 9])
    #expect(cpu.switchCount == 40)
    #expect((cpu.runTime, cpu.overheadTime) == (100 * ms, 0))
  }

  @Test(
    "gives a reservation all of its budget after a phase of frequent blocking, alone on the CPU and beside a busy one",
    arguments: [
      ("500us every 1ms", "5us", 0.5), ("500us every 1ms", "1us", 0.5), ("500us every 1ms", "20us", 0.5),
      ("900us every 1ms", "5us", 0.9), ("200us every 1ms", "5us", 0.2), ("5ms every 10ms", "5us", 0.5),
    ], [[], ["simulate: busy"]])
  func settling(reservation: (String, String, Double), others: [String]) throws {
    let (phrase, overhead, share) = reservation
    func runTime(_ duration: UInt64) throws -> UInt64 {
      try run(
        "policy: earliest-deadline, overhead: \(overhead)",
        ["reserve: \(phrase), simulate: 20us every 37us busy-from 50ms"] + others, for: duration
      ).virtualCPUs[0].runTime
    }
    // Jobs that waited for budget go on a little.
    let ran = Double(try runTime(600 * ms) - runTime(100 * ms)) / Double(500 * ms)
    #expect(abs(ran - share) <= share / 100, "\(phrase) with \(overhead): \(ran)")
  }

  @Test("shows the response times of fixed priorities")
  func fixedPriority() throws {
    let cpu = try run(
      "policy: fixed-priority, overhead: 0",
      ["priority: 2, reserve: 2ms every 4ms", "priority: 1, reserve: 2ms every 5ms"], for: 40 * ms)
    let (a, b) = (cpu.virtualCPUs[0], cpu.virtualCPUs[1])
    // b waits 2 ms behind a where both begin; of what comes at 15 ms, half is done before a comes again at 16.
    #expect((a.worstResponse, b.worstResponse) == (2 * ms, 4 * ms))
    #expect((a.missCount, b.missCount) == (0, 0))
    #expect((a.preemptionCount, b.preemptionCount) == (0, 2))
    #expect((a.runTime, b.runTime) == (20 * ms, 16 * ms))
  }

  @Test("gives busy ones turns of equal length, with a timer at the end of each")
  func roundRobin() throws {
    let cpu = try run(
      "policy: round-robin, slice: 1ms, overhead: 0", ["simulate: busy", "simulate: busy"], for: 10 * ms)
    #expect(cpu.virtualCPUs.map(\.runTime) == [5 * ms, 5 * ms])
    #expect((cpu.switchCount, cpu.timerCount) == (10, 9))
    #expect(cpu.virtualCPUs.map(\.preemptionCount) == [5, 4])
    #expect(cpu.virtualCPUs[0].runs == [0, 2, 4, 6, 8].map { $0 * ms..<($0 + 1) * ms })
    #expect(cpu.virtualCPUs[0].waits.map(\.time) == [1, 3, 5, 7, 9].map { $0 * ms..<($0 + 1) * ms })
    #expect(cpu.virtualCPUs[0].waits.allSatisfy { !$0.isThrottled })
  }

  @Test("takes vCPUs for started: one whose first job comes late goes before the busy ones, as one that wakes")
  func wakes() throws {
    let cpu = try run(
      "policy: round-robin, slice: 1ms, overhead: 0",
      ["simulate: busy", "simulate: busy", "simulate: 200us every 10ms after 5500us"], for: 10 * ms)
    #expect(cpu.virtualCPUs[2].runs == [5_500_000..<5_700_000])
    #expect(cpu.virtualCPUs[2].worstResponse == 200_000)
  }

  @Test("lets a switch take its time, and takes it from nobody's turn")
  func overhead() throws {
    let cpu = try run(
      "policy: round-robin, slice: 1ms, overhead: 10us", ["simulate: busy", "simulate: busy"], for: 10 * ms)
    #expect((cpu.switchCount, cpu.overheadTime, cpu.runTime) == (10, 100_000, 9_900_000))
    #expect(cpu.switches.count == 10)
    #expect(cpu.switches[1] == 1_010_000..<1_020_000)
    #expect(cpu.virtualCPUs[0].runs[1] == 2_030_000..<3_030_000)
  }

  @Test("sets no timer where one vCPU has the CPU for itself")
  func alone() throws {
    let cpu = try run("policy: static", ["simulate: busy"], for: 1000 * ms)
    #expect((cpu.timerCount, cpu.switchCount) == (0, 1))
    // The first load takes the 5 us that a switch costs unless the file says otherwise.
    #expect(cpu.runTime == 1000 * ms - 5000)
  }

  @Test("keeps a table: who comes outside of its windows waits for the next one")
  func cyclic() throws {
    let cpu = try run(
      "policy: cyclic, overhead: 0, frame: 10ms, windows: [{vm: a, for: 4ms}, {vm: b, for: 3ms}]",
      ["simulate: 1ms every 10ms after 5ms", "simulate: busy"], for: 100 * ms)
    let (a, b) = (cpu.virtualCPUs[0], cpu.virtualCPUs[1])
    #expect((a.jobCount, a.doneCount, a.missCount, a.worstResponse) == (10, 9, 0, 6 * ms))
    #expect((a.runTime, b.runTime) == (9 * ms, 30 * ms))
  }

  @Test("throttles whoever wants more than its budget, even where the CPU idles")
  func throttles() throws {
    let cpu = try run(
      "policy: earliest-deadline, overhead: 0", ["reserve: 1ms every 4ms, simulate: busy"], for: 20 * ms)
    #expect((cpu.virtualCPUs[0].runTime, cpu.virtualCPUs[0].throttleCount) == (5 * ms, 5))
    #expect(cpu.virtualCPUs[0].preemptionCount == 0)
    #expect(cpu.virtualCPUs[0].waits.map(\.isThrottled) == [true, true, true, true, true])
    #expect(cpu.virtualCPUs[0].runs.first == 0..<ms)
  }

  @Test("shows a run in one piece, however often the policy was asked in it")
  func onePiece() throws {
    let cpu = try run(
      "policy: fixed-priority, overhead: 0", ["priority: 2, simulate: busy", "priority: 1, simulate: 1ms every 4ms"],
      for: 20 * ms)
    #expect(cpu.virtualCPUs[0].runs == [0..<20 * ms])
    #expect(cpu.virtualCPUs[1].runs == [])
  }

  @Test("counts late jobs and those that were never done")
  func misses() throws {
    let cpu = try run(
      "policy: earliest-deadline, overhead: 0", ["reserve: 1ms every 4ms, simulate: 2ms every 4ms"], for: 20 * ms)
    let a = cpu.virtualCPUs[0]
    // The first is done at 5 ms, the second at 13; the third, of 8 ms, has a millisecond left at the end.
    #expect((a.jobCount, a.doneCount, a.missCount) == (5, 2, 4))
    #expect((a.worstResponse, a.isWorstUnfinished) == (12 * ms, true))
    #expect(a.firstMiss == Job(release: 0, work: 2 * ms, deadline: 4 * ms))
    // Each millisecond of budget is used at once. What came while it worked waits from where it had to stop.
    #expect(a.runs == [0, 4, 8, 12, 16].map { $0 * ms..<($0 + 1) * ms })
    #expect(a.waits.map(\.time) == [1, 5, 9, 13, 17].map { $0 * ms..<min($0 + 3, 20) * ms })
  }

  @Test("does not count as late what is done at its deadline, nor what is not yet due at the end")
  func inTime() throws {
    let cpu = try run(
      "policy: earliest-deadline, overhead: 0",
      ["reserve: 2ms every 5ms within 2ms", "simulate: 30ms every 100ms after 95ms"], for: 100 * ms)
    let (a, b) = (cpu.virtualCPUs[0], cpu.virtualCPUs[1])
    #expect((a.doneCount, a.missCount, a.worstResponse) == (20, 0, 2 * ms))
    #expect((b.jobCount, b.doneCount, b.missCount, b.isWorstUnfinished) == (1, 0, 0, true))
  }

  @Test("simulates what admission refuses, and says that it does")
  func refused() throws {
    let simulator = try simulated("policy: earliest-deadline", ["reserve: 3ms every 5ms", "reserve: 3ms every 5ms"])
    let outcome = try simulator.run(for: 100 * ms)
    #expect(outcome.refusals.count == 1)
    #expect(outcome.refusals[0].position == Position(line: 4, column: 68))
    #expect(outcome.refusals[0].message.hasPrefix("cpu 0, b vcpu 0: "))
    #expect(outcome.result.processors[0].virtualCPUs.reduce(0) { $0 + $1.missCount } > 0)
  }

  @Test("refuses what makes no sense")
  func nonsense() throws {
    let simulator = try simulated("policy: round-robin", ["reserve: 3ms every 2ms"])
    let error = #expect(throws: Problems.self) { try simulator.run(for: ms) }
    #expect(
      error?.problems.map(\.message)
        == ["reserve: must have budget, deadline and period in this order of length; lengthen the later ones"])
    let kept = try simulated("policy: round-robin", ["reserve: 1ms every 2ms"])
    #expect(throws: Problems.self) { try kept.run(for: ms) }
  }

  @Test("takes behaviours from the command line, for a vCPU or for all of a VM's")
  func behaviours() throws {
    var simulator = try simulated("overhead: 0", ["simulate: busy", "simulate: busy"])
    try simulator.setBehaviour("a=idle")
    try simulator.setBehaviour("b.0=1ms every 4ms")
    let cpu = try #require(simulator.run(for: 20 * ms).result.processors.first)
    #expect(cpu.virtualCPUs.map(\.runTime) == [0, 5 * ms])
    #expect(throws: Failure("there is no vCPU 'b.1'; did you mean 'b.0'?")) { try simulator.setBehaviour("b.1=idle") }
    #expect(throws: Failure("cannot read 'b'; write for example `debian.1=busy`")) { try simulator.setBehaviour("b") }
  }

  @Test("makes the same bursts of the same seed, about as long and as often as was said")
  func bursts() throws {
    func runTime(_ seed: Int) throws -> UInt64 {
      try run("overhead: 0", ["simulate: bursts of 300us every 2ms seed \(seed)"], for: 10_000 * ms).runTime
    }
    let first = try runTime(1)
    #expect(try runTime(1) == first)
    #expect(try runTime(2) != first)
    // Two vCPUs of one seed have bursts of their own.
    let two = try run(
      "overhead: 0", Array(repeating: "simulate: bursts of 300us every 2ms seed 1", count: 2), for: 1000 * ms)
    #expect(two.virtualCPUs[0].runTime != two.virtualCPUs[1].runTime)
    // 5000 of them: the sum of the means is 1500 ms, and its standard deviation 30 ms.
    #expect((1300 * ms...1700 * ms).contains(first))
  }

  @Test("shows the start, or what is about the first missed deadline")
  func windows() throws {
    let calm = try simulated("overhead: 0", ["simulate: 1ms every 4ms"]).run(for: 1000 * ms)
    #expect(calm.result.window == 0..<20 * ms)
    let slow = try simulated("overhead: 0", ["simulate: 1ms every 10ms"]).run(for: 1000 * ms)
    #expect(slow.result.window == 0..<40 * ms)
    let short = try simulated("overhead: 0", ["simulate: busy"]).run(for: 3 * ms)
    #expect(short.result.window == 0..<3 * ms)
    let late = try simulated(
      "policy: earliest-deadline, overhead: 0", ["reserve: 1ms every 4ms, simulate: 2ms every 4ms after 101ms"]
    ).run(for: 1000 * ms)
    // 20 ms, a quarter of them before the release at 101 ms.
    #expect(late.result.window == 96 * ms..<116 * ms)
    let vcpu = late.result.processors[0].virtualCPUs[0]
    #expect(vcpu.runs.first == 101 * ms..<102 * ms)
    #expect(vcpu.runs.allSatisfy { late.result.window.contains($0.lowerBound) })
  }

  @Test("prints a table for each CPU")
  func table() throws {
    let outcome = try simulated(
      "policy: earliest-deadline, overhead: 0", ["reserve: 2ms every 5ms", "simulate: busy"]
    ).run(for: 100 * ms)
    #expect(
      outcome.result.description == """
        CPU 0, earliest-deadline: 100.0% used, 0.0% for 40 switches, 20 timer interrupts
          vCPU  behaviour      jobs  misses  worst response  CPU share  throttles  preemptions
          a.0   2ms every 5ms    20       0             2ms      40.0%          0            0
          b.0   busy              -       -               -      60.0%          0           19
        """)
  }
}
