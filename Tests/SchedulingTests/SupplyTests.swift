import Architecture
import TestSupport
import Testing

@testable import Scheduling

/// What the periodic resource `own` has supplied `time` after any instant, at the worst: nothing for up to twice what its
/// period leaves to others, then a budget in each period (Shin, Lee 2003).
private func periodicSupply(_ own: Reservation, _ time: UInt64) -> UInt64 {
  let gap = own.period - own.budget
  guard time > 2 * gap else { return 0 }
  let (periods, rest) = (time - 2 * gap).quotientAndRemainder(dividingBy: own.period)
  return periods * own.budget + min(rest, own.budget)
}

/// What a vCPU got that had work without end from `start` on, tick by tick.
private struct Supply {
  let own: Reservation
  let start: UInt64
  /// Ticks that it ran before each instant from `start` on.
  var sums: [UInt64] = [0]

  init(_ timeline: Timeline, _ own: Reservation, until horizon: UInt64) {
    self.own = own
    start = timeline.lastWakes[0]
    sums.reserveCapacity(Int(horizon - start) + 1)
    var sum: UInt64 = 0
    for stretch in timeline.stretches where stretch.end > start {
      for _ in max(stretch.start, start)..<stretch.end {
        if stretch.vcpu == 0 { sum += 1 }
        sums.append(sum)
      }
    }
  }

  /// The first instant, counted from `start`, at which it is behind the periodic resource by more than a budget.
  var firstShortage: UInt64? {
    (0..<UInt64(sums.count)).first { sums[Int($0)] + own.budget < periodicSupply(own, $0) }
  }

  /// Whether it has a whole budget in each period from `offset` after `start` on.
  func isWhole(from offset: Int) -> Bool {
    let period = Int(own.period)
    var at = offset
    while at + period < sums.count {
      if sums[at + period] - sums[at] != own.budget { return false }
      at += period
    }
    return true
  }

  /// How long after `start` the first replenishment is from which on each period has its whole budget, or nil.
  var firstWhole: Int? { (0..<max(0, sums.count - 2 * Int(own.period))).first { isWhole(from: $0) } }
}

@Suite("What is admitted is delivered", .timeLimited)
struct SupplyTests {
  /// A random set whose first vCPU has a reservation, with any load in the others.
  private func set(_ dice: inout Dice, _ kind: PolicyKind, overhead: UInt64) -> (Tasks, [Behaviour])? {
    let reservations = dice.reservations(
      count: 1 + dice.index(below: 4), periods: 40...600, percent: kind == .fixedPriority ? 70 : 90,
      withoutDeadlines: dice.oneIn(2))
    var tasks = reservations.map { TaskParameters(priority: UInt8(dice.number(100...104)), reservation: $0) }
    for _ in 0..<dice.index(below: 3) { tasks.append(TaskParameters()) }
    let set = Tasks(tasks, cpu: CPUParameters(slice: 50, switchOverhead: overhead))
    guard set.refusal(kind) == nil else { return nil }
    let behaviours: [Behaviour] = tasks.map { _ in dice.oneIn(2) ? .busy : .wild(dice.number(1...300)) }
    return (set, behaviours)
  }

  @Test(
    "Whatever a vCPU did before, and whatever others do: two periods after it woke last it has a whole budget in each",
    arguments: [PolicyKind.earliestDeadline, .fixedPriority], [0, 2] as [UInt64])
  func supply(kind: PolicyKind, overhead: UInt64) throws {
    var tried = 0
    var soon = 0
    for seed in 0..<500 as Range<UInt64> {
      var dice = Dice(seed)
      guard let (set, others) = set(&dice, kind, overhead: overhead), let own = set.tasks[0].reservation else {
        continue
      }
      tried += 1
      var behaviours = others
      behaviours[0] = .wildThenBusy(dice.number(1...max(1, own.period / dice.number(1...12))), from: 2_000)
      var policy = try set.scheduler(kind)
      let timeline = Workload(behaviours: behaviours, switchCost: overhead, seed: seed).run(&policy, until: 9_000)
      if timeline.lastWakes[0] + 5 * own.period > 9_000 { continue }
      let supply = Supply(timeline, own, until: 9_000)
      if overhead == 0 {
        let shortage = supply.firstShortage
        #expect(shortage == nil, "seed \(seed): \(own) is behind \(shortage!) after \(supply.start)")
      }
      let whole = supply.firstWhole.map { UInt64($0) } ?? 9_000
      // Who is served late may have something to use all the time.
      let starved = timeline.throttles[0].first { $0 >= supply.start + own.period } ?? 9_000
      let most = max(2 * own.period, starved - supply.start + own.period)
      if whole <= 2 * own.period { soon += 1 }
      #expect(whole <= most, "seed \(seed): \(own) whole \(whole) after \(supply.start)")
    }
    #expect(tried > 150 && soon * 3 > tried * 2, "\(soon) of \(tried)")
  }

  /// Work that asks for at most a budget in every period, its switches included, in up to `count` pieces a period.
  private func modest(_ dice: inout Dice, _ own: Reservation, cost: UInt64, count: UInt64) -> [(UInt64, UInt64)] {
    var asked: [(at: UInt64, work: UInt64)] = []
    var now: UInt64 = dice.number(0...100)
    while now < 6_000 {
      let recent = asked.filter { $0.at + own.period > now }
      let spent = recent.map { $0.work + cost }.reduce(0, +)
      if recent.count < count && spent + cost < own.budget {
        let room = own.budget - spent - cost
        asked.append((now, dice.oneIn(3) ? room : dice.number(1...room)))
      }
      now += dice.number(1...max(1, own.period / dice.number(1...count)))
    }
    return asked
  }

  @Test(
    "Who asks for no more than its budget in every period, its switches included, is never throttled, and each piece is done within the deadline",
    arguments: [PolicyKind.earliestDeadline, .fixedPriority], [0, 2] as [UInt64])
  func modesty(kind: PolicyKind, overhead: UInt64) throws {
    var tried = 0
    for seed in 0..<500 as Range<UInt64> {
      var dice = Dice(seed)
      guard let (set, others) = set(&dice, kind, overhead: overhead), let own = set.tasks[0].reservation else {
        continue
      }
      // By deadlines a piece may have to be begun again where it goes on with what came back later.
      let cost = kind == .earliestDeadline ? 4 * overhead : 2 * overhead
      let asked = modest(&dice, own, cost: cost, count: 15)
      if asked.isEmpty { continue }
      tried += 1
      var behaviours = others
      behaviours[0] = .asked(asked, within: own.deadline)
      var policy = try set.scheduler(kind)
      let timeline = Workload(behaviours: behaviours, switchCost: overhead, seed: seed).run(&policy, until: 7_000)
      #expect(policy.throttleCount(of: 0) == 0, "seed \(seed): \(own)")
      #expect(timeline.jobs.count { $0.vcpu == 0 } == asked.count)
      let miss = timeline.misses(by: 7_000).first { $0.vcpu == 0 }
      #expect(miss == nil, "seed \(seed): \(own)")
    }
    #expect(tried > 120)
  }

  @Test(
    "After a phase of frequent blocking a reservation gets all of its budget, alone on the CPU and beside others",
    arguments: [
      (500, 1_000, 5), (500, 1_000, 1), (500, 1_000, 20), (900, 1_000, 5), (200, 1_000, 5), (5_000, 10_000, 5),
    ] as [(UInt64, UInt64, UInt64)], [PolicyKind.earliestDeadline, .fixedPriority])
  func frequentBlocking(microseconds: (UInt64, UInt64, UInt64), kind: PolicyKind) throws {
    let (budget, period, overhead) = (microseconds.0 * 10, microseconds.1 * 10, microseconds.2 * 10)
    let own = Reservation(budget: budget, period: period)
    for (piece, pause) in [(200, 170), (30, 500), (1_000, 10), (50, 50)] as [(UInt64, UInt64)] {
      for others in [[], [nil], [Reservation(budget: period / 50, period: period / 3)]] as [[Reservation?]] {
        let tasks =
          [TaskParameters(priority: 2, reservation: own)] + others.map { TaskParameters(priority: 1, reservation: $0) }
        let set = Tasks(tasks, cpu: CPUParameters(slice: 10_000, switchOverhead: overhead))
        guard set.refusal(kind) == nil else { continue }
        var policy = try set.scheduler(kind)
        let blocking = Behaviour.pieces(of: piece, pause: pause, thenBusyFrom: 40 * period)
        let timeline = Workload(behaviours: [blocking] + others.map { _ in .busy }, switchCost: overhead, seed: 1)
          .run(&policy, until: 150 * period)
        let start = timeline.lastWakes[0] + 2 * period
        let ran = timeline.time(of: 0, from: start, to: start + 100 * period)
        #expect(ran >= 99 * budget && ran <= 101 * budget, "\(ran) of \(100 * budget) after pieces of \(piece)")
      }
    }
  }
}
