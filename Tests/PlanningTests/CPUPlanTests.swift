import Architecture
import Configuration
import DeviceTree
import Planning
import Scheduling
import TestSupport
import Testing

/// A bundle with nothing but what scheduling reads: CPUs, and VMs of the given vCPUs.
private struct Sample {
  var cpu: UInt32 = 0
  var policy: String? = "earliest-deadline"
  var slice: UInt64?
  var overhead: UInt64? = 0
  var frame: UInt64 = 0
  var windows: [CPUDescription.Window] = []
  /// For each VM, its vCPUs' CPUs, reservations and priorities.
  var vms: [(name: String, cpus: [UInt32], reservations: [TimeReservation], priorities: [UInt32])] = []

  func make() throws -> SystemDescription {
    let buffer = unsafe makeBuffer(byteCount: 1 << 14)
    let count = try unsafe BundleWriter.write(unsafeInto: buffer) { (bundle) throws(DeviceTreeError) in
      try bundle.cpus { (bundle) throws(DeviceTreeError) in
        try bundle.cpu(cpu) { (bundle) throws(DeviceTreeError) in
          if let policy { try bundle.policy(Array(policy.utf8).span) }
          if let slice { try bundle.slice(nanoseconds: slice) }
          if let overhead { try bundle.overhead(nanoseconds: overhead) }
          if !windows.isEmpty { try bundle.table(frameNanoseconds: frame, windows.span) }
        }
      }
      try bundle.vms { (bundle) throws(DeviceTreeError) in
        for (index, vm) in vms.enumerated() {
          try bundle.vm(index) { (bundle) throws(DeviceTreeError) in
            try bundle.name(Array(vm.name.utf8).span)
            try bundle.vcpus(vm.cpus.span)
            if !vm.reservations.isEmpty { try bundle.reservations(vm.reservations.span) }
            if !vm.priorities.isEmpty { try bundle.priorities(vm.priorities.span) }
          }
        }
      }
    }
    return SystemDescription(try unsafe DeviceTree(unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[..<count])))
  }

  func plan(_ cpu: UInt32 = 0, rate: TickRate = .nanoseconds) throws -> CPUPlan {
    var heap = HeapStorage()
    return try CPUPlan(cpu: cpu, of: make(), rate: rate, in: &heap)
  }

  /// What is wrong with a CPU, in words.
  func problem(_ cpu: UInt32 = 0, rate: TickRate = .nanoseconds) throws -> String {
    let plan: CPUPlan
    var transcript = Transcript()
    do {
      plan = try self.plan(cpu, rate: rate)
      try plan.check()
    } catch PlanError.problem(let problem) {
      problem.write(to: &transcript, naming: try make())
    } catch let problem as PlanProblem {
      problem.write(to: &transcript, naming: try make())
    }
    return transcript.text
  }
}

private let none = TimeReservation(budgetNanoseconds: 0, periodNanoseconds: 0)
private func time(_ budget: UInt64, _ period: UInt64, _ deadline: UInt64? = nil) -> TimeReservation {
  TimeReservation(budgetNanoseconds: budget, periodNanoseconds: period, deadlineNanoseconds: deadline)
}

@Suite("The CPU that does the console's work", .timeLimited)
struct ConsolePlaceTests {
  private func place(_ policy: String?, cpu: UInt32 = 0, cpus: [UInt32], count: Int, down: [Int] = []) throws -> Int {
    let vms = cpus.enumerated().map { ("vm\($0)", [$1], [TimeReservation](), [UInt32]()) }
    let system = try Sample(cpu: cpu, policy: policy, vms: vms).make()
    return ConsolePlace.cpu(of: system, cpuCount: count) { !down.contains($0) }
  }

  @Test("is never one that did not start")
  func down() throws {
    #expect(try place("round-robin", cpus: [0], count: 4, down: [1, 2]) == 3)
    #expect(try place("round-robin", cpus: [0], count: 4, down: [1, 2, 3]) == 0)
  }

  @Test("is one without vCPUs, and of several the first")
  func free() throws {
    #expect(try place("round-robin", cpus: [0, 1], count: 4) == 2)
    #expect(try place("round-robin", cpus: [0, 2, 3], count: 4) == 1)
  }

  @Test("is else the one where the least is promised, and of several the first")
  func least() throws {
    #expect(try place("round-robin", cpus: [0, 1], count: 2) == 0)
    // What nothing is said of shares in turn.
    for policy in ["static", "cyclic", "fixed-priority", "earliest-deadline"] {
      #expect(try place(policy, cpus: [0, 1, 2], count: 3) == 1, "\(policy)")
      #expect(try place(policy, cpu: 1, cpus: [0, 1], count: 2) == 0, "\(policy)")
    }
    #expect(try place("static", cpus: [0], count: 1) == 0)
  }
}

@Suite("A CPU's plan", .timeLimited)
struct CPUPlanTests {
  @Test("has the CPU's vCPUs in the bundle's order, with their reservations in ticks")
  func members() throws {
    let sample = Sample(
      slice: 500_000, overhead: 8_000,
      vms: [
        ("a", [1, 0, 0], [none, none, time(200_000, 1_000_000, 500_000)], [0, 0, 7]),
        ("b", [0], [time(16_000, 32_000)], []),
      ])
    let plan = try sample.plan(rate: TickRate(perSecond: 62_500_000))
    #expect(plan.policy == .earliestDeadline)
    #expect(
      plan.members.indices.map { plan.members[$0] } == [
        .init(vm: 0, vcpu: 1), .init(vm: 0, vcpu: 2), .init(vm: 1, vcpu: 0),
      ])
    // A tick is 16 ns.
    #expect((plan.parameters.slice, plan.parameters.switchOverhead) == (31_250, 500))
    #expect(
      plan.tasks.indices.map { plan.tasks[$0] } == [
        TaskParameters(),
        TaskParameters(priority: 7, reservation: Reservation(budget: 12_500, period: 62_500, deadline: 31_250)),
        TaskParameters(reservation: Reservation(budget: 1000, period: 2000)),
      ])
    #expect(plan.number(of: .init(vm: 1, vcpu: 0)) == 2)
    #expect(plan.number(of: .init(vm: 0, vcpu: 0)) == nil)
    let other = try sample.plan(1)
    #expect((other.policy, other.members.count, other.members[0]) == (.roundRobin, 1, .init(vm: 0, vcpu: 0)))
    // 1 ms turns, and 5 us for a switch.
    #expect((other.parameters.slice, other.parameters.switchOverhead) == (1_000_000, 5_000))
  }

  @Test("is round robin where the bundle says no policy, and a slice is a tick at least")
  func defaults() throws {
    let plan = try Sample(policy: nil, slice: 10_000, vms: [("a", [0], [], [])]).plan(rate: TickRate(perSecond: 32_768))
    #expect(plan.policy == .roundRobin)
    #expect(plan.parameters.slice == 1)
  }

  @Test("gives priorities beyond the most urgent one that")
  func priorities() throws {
    let plan = try Sample(vms: [("a", [0, 0, 0, 0], [], [254, 255, 256, .max])]).plan()
    #expect(plan.tasks.indices.map { plan.tasks[$0].priority } == [254, 255, 255, 255])
  }

  @Test("has the table with windows that touch where the bundle's do, whatever a tick is")
  func windows() throws {
    let sample = Sample(
      policy: "cyclic", frame: 1000,
      windows: [
        .init(vm: 0, vcpu: 1, startNanoseconds: 10, lengthNanoseconds: 15),
        .init(vm: 0, vcpu: 0, startNanoseconds: 25, lengthNanoseconds: 25),
      ], vms: [("a", [0, 0], [], [])])
    // A tick is 16 ns: 10, 25 and 50 ns are 0, 1 and 3 ticks.
    let plan = try sample.plan(rate: TickRate(perSecond: 62_500_000))
    #expect(plan.parameters.majorFrame == 62)
    #expect(
      plan.windows.indices.map { plan.windows[$0] } == [
        CyclicWindow(vcpu: 1, offset: 0, length: 1), CyclicWindow(vcpu: 0, offset: 1, length: 2),
      ])
  }

  @Test("makes a scheduler that runs its vCPUs")
  func scheduler() throws {
    let plan = try Sample(policy: "static", vms: [("a", [0], [], [])]).plan()
    try plan.check()
    var heap = HeapStorage()
    var scheduler = try plan.makeScheduler(in: &heap)
    #expect(scheduler.pick(at: Instant(ticks: 0)) == .idle(until: .never))
    scheduler.ready(0, at: Instant(ticks: 5))
    #expect(scheduler.pick(at: Instant(ticks: 5)) == .run(vcpu: 0, until: .never))
  }

  @Test("does not fit into memory that is not there")
  func memory() throws {
    let system = try Sample(vms: [("a", [0, 0], [], [])]).make()
    var heap = HeapStorage(byteLimit: 16)
    #expect(throws: PlanError.memory(OutOfMemory(requestedByteCount: 32))) {
      try CPUPlan(cpu: 0, of: system, rate: .nanoseconds, in: &heap)
    }
  }

  @Test("that says what makes no sense is refused in words")
  func words() throws {
    let policies = (0..<PolicyKind.count).compactMap { PolicyKind(number: $0).map { "\($0.name)" } }
      .joined(separator: ", ")
    #expect(
      try Sample(policy: "lottery", vms: [("a", [0], [], [])]).problem()
        == "cpu 0: \"lottery\" is no policy; known are \(policies)")
    #expect(
      try Sample(policy: "static", vms: [("a", [0], [], []), ("b", [0], [], [])]).problem()
        == "cpu 0: static takes exactly 1 vCPU, but the CPU has 2; move some to other CPUs, or choose another policy")
    #expect(
      try Sample(policy: "static").problem()
        == "cpu 0: static takes exactly 1 vCPU, but the CPU has 0; give it one, or take its entry out")
    #expect(
      try Sample(policy: "round-robin", vms: [("a", [0, 0], [none, time(1, 2)], [])]).problem()
        == "cpu 0, a vcpu 1: round-robin keeps no reservations; choose another policy, or take this one out")
  }

  @Test("that asks for too much is refused with the figures and a remedy")
  func loads() throws {
    // (600 us + 500 us) / 1 ms, without overhead.
    let full = Sample(vms: [("a", [0], [time(600_000, 1_000_000)], []), ("b", [0], [time(500_000, 1_000_000)], [])])
    #expect(
      try full.problem()
        == "cpu 0, b vcpu 0: the reservations up to this one, with two switches for each period, take 110 % of the CPU, "
        + "and it has 100 %; give less, less often, or move one to another CPU")
    // A nanosecond in each millisecond too much never reads as if there were room.
    let excessive = Sample(
      vms: [("a", [0], [time(500_001, 1_000_000)], []), ("b", [0], [time(500_000, 1_000_000)], [])])
    #expect(try excessive.problem().contains(" take 100.1 % of the CPU, and it has 100 %"))
    // Both want 3 ms by 5 ms: little in the long run, but too much at once.
    let rush = Sample(
      vms: [("a", [0, 0], [time(3_000_000, 20_000_000, 5_000_000), time(3_000_000, 20_000_000, 5_000_000)], [])])
    let refusal = try rush.problem()
    #expect(refusal.contains("when all wake at once, 6 ms of running time are due by 5 ms after that"))
    // a runs 2 of every 4 ms and b needs 3: done at 8 at the earliest, due at 5.
    let late = Sample(
      policy: "fixed-priority",
      vms: [("a", [0, 0], [time(2_000_000, 4_000_000), time(2_500_000, 5_000_000)], [2, 1])])
    #expect(
      try late.problem().hasPrefix("cpu 0, a vcpu 1: its budget may take 6.5 ms to come, but its deadline is at 5 ms;"))
    let unbounded = Sample(
      policy: "fixed-priority", vms: [("a", [0, 0], [none, time(1_000_000, 4_000_000)], [7, 7])])
    #expect(
      try unbounded.problem()
        == "cpu 0, a vcpu 1: a vcpu 0 has no reservation and no smaller priority, so it may never stop; give it either")
    let switches = Sample(overhead: 10_000, vms: [("a", [0], [time(990_000, 1_000_000)], [])])
    #expect(
      try switches.problem()
        == "cpu 0, a vcpu 0: the budget and two switches take 1.01 ms, but the deadline is at 1 ms; "
        + "give less, or more time for it")
  }

  @Test("is refused in nanoseconds whatever a tick is")
  func ticks() throws {
    let switches = Sample(overhead: 16_000, vms: [("a", [0], [time(992_000, 1_000_000)], [])])
    #expect(
      try switches.problem(rate: TickRate(perSecond: 62_500_000))
        .contains("the budget and two switches take 1.024 ms, but the deadline is at 1 ms"))
    let tiny = Sample(vms: [("a", [0], [time(900, 1_000_000)], [])])
    #expect(
      try tiny.problem(rate: TickRate(perSecond: 1_000_000))
        == "cpu 0, a vcpu 0: the budget is less than a tick of the counter; give more")
  }

  @Test("with a table that does not fit together is refused at the window")
  func tables() throws {
    func problem(_ windows: [(vcpu: UInt32, start: UInt64, length: UInt64)]) throws -> String {
      try Sample(
        policy: "cyclic", frame: 10_000_000,
        windows: windows.map { .init(vm: 0, vcpu: $0, startNanoseconds: $1, lengthNanoseconds: $2) },
        vms: [("a", [0, 0, 1], [], [])]
      ).problem()
    }
    #expect(try problem([(0, 0, 4_000_000), (1, 4_000_000, 6_000_000)]) == "")
    #expect(
      try problem([(0, 0, 4_000_000), (1, 3_500_000, 1_000_000)])
        == "cpu 0, window 1: the window begins at 3.5 ms, but the one before it ends at 4 ms; "
        + "list windows in the order of time, and none over another")
    #expect(
      try problem([(0, 0, 4_000_000), (1, 4_000_000, 6_000_001)])
        == "cpu 0, window 1: the window ends at 10.000001 ms, but the frame at 10 ms; shorten it, or lengthen the frame"
    )
    #expect(
      try problem([(0, 0, 4_000_000)])
        == "cpu 0, a vcpu 1: no window is its own, so it would never run; add one to the CPU's table")
    #expect(
      try problem([(0, 0, 4_000_000), (2, 5_000_000, 1_000_000), (1, 7_000_000, 1_000_000)])
        == "cpu 0, window 1: the window's vCPU is not on this CPU; put it here, or take the window out")
  }

  @Test("tells loads, of which one can ask what would happen, from nonsense")
  func kinds() throws {
    let full = Sample(vms: [("a", [0], [time(600_000, 1_000_000)], []), ("b", [0], [time(500_000, 1_000_000)], [])])
    #expect(#expect(throws: PlanProblem.self) { try full.plan().check() }?.isAboutLoad == true)
    let none = Sample(policy: "static")
    #expect(#expect(throws: PlanProblem.self) { try none.plan().check() }?.isAboutLoad == false)
  }
}
