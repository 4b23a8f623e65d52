import Architecture
import TestSupport
import Testing

@testable import Scheduling

private func at(_ ticks: UInt64) -> Instant { Instant(ticks: ticks) }

@Suite("Reservations", .timeLimited)
struct ReservationTests {
  private func timeline(
    _ set: Tasks, _ behaviours: [Behaviour], under kind: PolicyKind = .earliestDeadline, until end: UInt64
  ) throws -> Timeline {
    #expect(set.refusal(kind) == nil)
    var policy = try set.scheduler(kind)
    return Workload(behaviours: behaviours, seed: 3).run(&policy, until: end)
  }

  @Test(
    "A vCPU that never blocks gets its budget in each period, to the tick, and not more",
    arguments: [
      PolicyKind.earliestDeadline, .fixedPriority,
    ])
  func share(kind: PolicyKind) throws {
    let own = Reservation(budget: 200, period: 1_000)
    let set = Tasks([TaskParameters(priority: 1, reservation: own), TaskParameters()])
    let timeline = try self.timeline(set, [.busy, .busy], under: kind, until: 50_000)
    for period in 0..<50 as Range<UInt64> {
      #expect(timeline.time(of: 0, from: period * 1_000, to: period * 1_000 + 1_000) == 200)
    }
    #expect(timeline.time(of: nil) == 0)
  }

  @Test("It gets no more where nobody else wants the CPU")
  func hard() throws {
    let timeline = try self.timeline(Tasks([Reservation(budget: 200, period: 1_000)]), [.busy], until: 10_000)
    #expect(timeline.time(of: 0) == 2_000)
  }

  @Test("Where switches cost time, it gets its budget all the same, and not more")
  func shareBesideSwitches() throws {
    let own = Reservation(budget: 200, period: 1_000)
    let set = Tasks([own, own, own, nil], cpu: CPUParameters(slice: 100, switchOverhead: 5))
    var policy = try set.scheduler(.earliestDeadline)
    let timeline = Workload(behaviours: [.busy, .busy, .busy, .busy], switchCost: 5, seed: 3)
      .run(&policy, until: 20_000)
    for vcpu in 0..<3 { #expect(timeline.time(of: vcpu) == 4_000) }
  }

  @Test("A vCPU pays for its switches: waking again and again, it has less time, and the others as much as ever")
  func wakingCosts() throws {
    let set = Tasks(
      [Reservation(budget: 300, period: 1_000), Reservation(budget: 600, period: 2_000), nil],
      cpu: CPUParameters(slice: 100, switchOverhead: 10))
    #expect(set.refusal(.earliestDeadline) == nil)
    var policy = try set.scheduler(.earliestDeadline)
    let job = Behaviour.jobs(of: 600, every: 2_000, jitter: 0, within: 2_000)
    let timeline = Workload(behaviours: [.wild(3), job, .busy], switchCost: 10, seed: 3).run(&policy, until: 100_000)
    #expect(timeline.misses(by: 100_000).isEmpty)
    #expect(timeline.jobs.count == 50)
    #expect(timeline.time(of: 0) < 10_000)
  }

  @Test("Throttles are counted")
  func throttles() throws {
    let set = Tasks([Reservation(budget: 200, period: 1_000), nil])
    var policy = try set.scheduler(.earliestDeadline)
    _ = Workload(behaviours: [.busy, .busy], seed: 3).run(&policy, until: 9_500)
    #expect(policy.throttleCount(of: 0) == 10)
    #expect(policy.throttleCount(of: 1) == 0)
  }

  @Test("A vCPU that slept long has its budget at once and a whole deadline, not what it slept through")
  func sleeper() throws {
    let set = Tasks([Reservation(budget: 200, period: 1_000), nil])
    var policy = try set.scheduler(.earliestDeadline)
    policy.ready(1, at: at(0))
    policy.ready(0, at: at(0))
    _ = policy.pick(at: at(0))
    policy.charge(0, ran: 50)
    policy.block(0, at: at(50))
    policy.ready(0, at: at(70_123))
    #expect(policy.pick(at: at(70_123)) == .run(vcpu: 0, until: at(70_323)))
    policy.charge(0, ran: 200)
    guard case .run(vcpu: 1, let until) = policy.pick(at: at(70_323)) else {
      Issue.record("throttled, as its budget is used up")
      return
    }
    #expect(until <= at(71_123))
    #expect(policy.pick(at: at(71_123)) == .run(vcpu: 0, until: at(71_323)))
  }

  @Test("A vCPU that wakes a little before its period is over waits that little, and no period more")
  func jitter() throws {
    let set = Tasks([Reservation(budget: 200, period: 1_000), nil])
    var policy = try set.scheduler(.earliestDeadline)
    policy.ready(1, at: at(0))
    policy.ready(0, at: at(0))
    _ = policy.pick(at: at(0))
    policy.charge(0, ran: 200)
    policy.block(0, at: at(200))
    _ = policy.pick(at: at(200))
    policy.ready(0, at: at(990))
    guard case .run(vcpu: 1, _) = policy.pick(at: at(990)) else {
      Issue.record("its budget comes back at 1000")
      return
    }
    #expect(policy.pick(at: at(1_000)) == .run(vcpu: 0, until: at(1_200)))
  }

  @Test("A vCPU that works in many short pieces gets eight ninths of its budget at least")
  func pieces() throws {
    for seed in 0..<40 as Range<UInt64> {
      var dice = Dice(seed)
      let period = dice.number(500...2_000)
      let budget = period * dice.number(10...60) / 100
      let set = Tasks([Reservation(budget: budget, period: period), nil])
      var policy = try set.scheduler(.earliestDeadline)
      policy.ready(1, at: at(0))
      var now: UInt64 = 0
      var ran: UInt64 = 0
      var wakeAt: UInt64 = 0
      var toDo: UInt64 = 0
      let end = period * 60
      while now < end {
        if wakeAt <= now {
          policy.ready(0, at: at(now))
          wakeAt = .max
          toDo = dice.number(1...20)
        }
        guard case .run(let vcpu, let until) = policy.pick(at: at(now)) else { break }
        let next = min(until.ticks, wakeAt, vcpu == 0 ? now + toDo : .max)
        policy.charge(vcpu, ran: next - now)
        if vcpu == 0 {
          ran += next - now
          toDo -= next - now
        }
        now = next
        if toDo == 0 && wakeAt == .max {
          policy.block(0, at: at(now))
          wakeAt = now + 1 + dice.number(0...2)
        }
      }
      #expect(ran <= 61 * budget)
      #expect(ran * 9 >= 59 * budget * 8, "seed \(seed): \(ran) of \(60 * budget)")
    }
  }

  @Test("Who yields or goes on with what came back later pays nothing where nobody else runs in between")
  func freeYields() throws {
    for kind in [PolicyKind.earliestDeadline, .fixedPriority] {
      let own = Reservation(budget: 300, period: 1_000)
      let set = Tasks(
        [TaskParameters(priority: 1, reservation: own), TaskParameters()],
        cpu: CPUParameters(slice: 100, switchOverhead: 10))
      var policy = try set.scheduler(kind)
      policy.ready(0, at: at(0))
      policy.ready(1, at: at(0))
      for now in stride(from: 0, to: 300, by: 20) as StrideTo<UInt64> {
        guard case .run(vcpu: 0, _) = policy.pick(at: at(now)) else {
          Issue.record("\(kind): it has budget at \(now)")
          return
        }
        policy.charge(0, ran: 20)
        policy.yield(0, at: at(now + 20))
      }
      guard case .run(vcpu: 1, _) = policy.pick(at: at(300)) else {
        Issue.record("\(kind): and none after that")
        return
      }
    }
  }

  @Test(
    "Who goes on with what came back later pays for the switches if another ran in between", arguments: [false, true])
  func laterChunk(isInterrupted: Bool) throws {
    let set = Tasks(
      [
        Reservation(budget: 300, period: 1_000), Reservation(budget: 300, period: 1_000, deadline: 400),
        Reservation(budget: 50, period: 1_100),
      ], cpu: CPUParameters(slice: 100, switchOverhead: 10))
    #expect(set.refusal(.earliestDeadline) == nil)
    var policy = try set.scheduler(.earliestDeadline)
    // 100 come back at 1000, and 200 at 1150; alone on the CPU, it pays nothing.
    policy.ready(0, at: at(0))
    #expect(policy.pick(at: at(0)) == .run(vcpu: 0, until: at(300)))
    policy.charge(0, ran: 100)
    policy.block(0, at: at(100))
    #expect(policy.pick(at: at(100)) == .idle(until: .never))
    policy.ready(0, at: at(150))
    #expect(policy.pick(at: at(150)) == .run(vcpu: 0, until: at(350)))
    policy.charge(0, ran: 200)
    #expect(policy.pick(at: at(350)) == .idle(until: at(1_000)))
    // The second, due at 1350, runs until both are there. The third is due at 2050, between the two.
    policy.ready(1, at: at(950))
    if isInterrupted { policy.ready(2, at: at(950)) }
    #expect(policy.pick(at: at(950)) == .run(vcpu: 1, until: at(1_000)))
    policy.charge(1, ran: 50)
    #expect(policy.pick(at: at(1_000)) == .run(vcpu: 1, until: at(1_250)))
    policy.charge(1, ran: 250)
    // The period's allowance.
    #expect(policy.pick(at: at(1_250)) == .run(vcpu: 0, until: at(1_350)))
    policy.charge(0, ran: 100)
    if isInterrupted {
      #expect(policy.pick(at: at(1_350)) == .run(vcpu: 2, until: at(1_400)))
      policy.charge(2, ran: 50)
      policy.block(2, at: at(1_400))
      #expect(policy.pick(at: at(1_400)) == .run(vcpu: 0, until: at(1_580)))
    } else {
      #expect(policy.pick(at: at(1_350)) == .run(vcpu: 0, until: at(1_550)))
    }
  }

  @Test(
    "A little that comes back before the rest, and is hardly worth its switches, waits for it", arguments: [15, 60])
  func splinters(little: UInt64) throws {
    let set = Tasks(
      [Reservation(budget: 300, period: 1_000), nil], cpu: CPUParameters(slice: 2_000, switchOverhead: 10))
    var policy = try set.scheduler(.earliestDeadline)
    policy.ready(1, at: at(0))
    policy.ready(0, at: at(0))
    #expect(policy.pick(at: at(0)) == .run(vcpu: 0, until: at(300)))
    policy.charge(0, ran: little)
    policy.block(0, at: at(little))
    _ = policy.pick(at: at(little))
    policy.ready(0, at: at(100))
    // The second time in the period two switches are paid out of the budget.
    let rest = 300 - little - 20
    #expect(policy.pick(at: at(100)) == .run(vcpu: 0, until: at(100 + rest)))
    policy.charge(0, ran: rest)
    guard case .run(vcpu: 1, let until) = policy.pick(at: at(100 + rest)) else {
      Issue.record("its budget is used up")
      return
    }
    #expect(until == (little == 15 ? at(1_100) : at(1_000)))
  }

  @Test("Two in the background share what is left, and nobody waits for ever")
  func background() throws {
    let set = Tasks([Reservation(budget: 600, period: 1_000), nil, nil])
    let timeline = try self.timeline(set, [.busy, .busy, .busy], until: 100_000)
    #expect(timeline.time(of: 0) == 60_000)
    #expect((19_800...20_200).contains(timeline.time(of: 1)))
    #expect((19_800...20_200).contains(timeline.time(of: 2)))
  }

  @Test("A background vCPU's slice goes on after a reservation interrupted it")
  func interruptedSlice() throws {
    var policy = try Tasks([Reservation(budget: 10, period: 1_000), nil, nil]).scheduler(.earliestDeadline)
    policy.ready(1, at: at(0))
    policy.ready(2, at: at(0))
    #expect(policy.pick(at: at(0)) == .run(vcpu: 1, until: at(100)))
    policy.charge(1, ran: 30)
    policy.ready(0, at: at(30))
    #expect(policy.pick(at: at(30)) == .run(vcpu: 0, until: at(40)))
    policy.charge(0, ran: 10)
    #expect(policy.pick(at: at(40)) == .run(vcpu: 1, until: at(110)))
  }

  @Test("With nothing changed in between a second question has the same answer", arguments: 0..<PolicyKind.count)
  func samePick(number: Int) throws {
    let kind = PolicyKind(number: number)!
    var dice = Dice(UInt64(number))
    let own = kind == .earliestDeadline || kind == .fixedPriority ? Reservation(budget: 20, period: 100) : nil
    let count = kind == .static ? 1 : 3
    let set = Tasks(
      (0..<count).map { TaskParameters(priority: UInt8($0 + 1), reservation: $0 == 0 ? nil : own) },
      cpu: CPUParameters(slice: 10, majorFrame: 90),
      windows: (0..<count).map { CyclicWindow(vcpu: $0, offset: UInt64($0) * 30, length: 25) })
    var policy = try set.scheduler(kind)
    for now in stride(from: 0, to: 20_000, by: 7) as StrideTo<UInt64> {
      let vcpu = dice.index(below: count)
      switch dice.number(0...4) {
      case 0: policy.block(vcpu, at: at(now))
      case 1: policy.remove(vcpu, at: at(now))
      case 2: policy.yield(vcpu, at: at(now))
      default: policy.ready(vcpu, at: at(now))
      }
      let decision = policy.pick(at: at(now))
      #expect(policy.pick(at: at(now)) == decision)
      if case .run(let vcpu, _) = decision { policy.charge(vcpu, ran: 7) }
    }
  }
}
