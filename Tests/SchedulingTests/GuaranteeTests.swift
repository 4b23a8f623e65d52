import Architecture
import TestSupport
import Testing

@testable import Scheduling

/// One set of reservations with a well-behaved vCPU or another in each.
private struct Trial {
  var set: Tasks
  var kind: PolicyKind
  var behaviours: [Behaviour]
  var own: [Reservation?] { self.set.tasks.map(\.reservation) }

  /// Random reservations with something in the background, admitted under `kind`, or nil.
  init?(_ seed: UInt64, _ kind: PolicyKind, overhead: UInt64 = 0, least: UInt64 = 1) {
    self.kind = kind
    var dice = Dice(seed)
    let count = 1 + dice.index(below: 6)
    let reservations = dice.reservations(
      count: count, periods: 40...900, percent: kind == .fixedPriority ? 70 : 95, least: least,
      withoutDeadlines: dice.oneIn(3))
    var tasks = reservations.map { TaskParameters(priority: UInt8(dice.number(100...104)), reservation: $0) }
    behaviours = reservations.map { own in
      switch dice.number(0...3) {
      case 0: .busy
      case 1: .wild(dice.oneIn(2) ? own.period : max(1, own.period / 10))
      default: .jobs(of: own.budget, every: own.period, jitter: dice.oneIn(2) ? 0 : own.period, within: own.deadline)
      }
    }
    for _ in 0..<dice.index(below: 3) {
      tasks.append(TaskParameters())
      behaviours.append(dice.oneIn(2) ? .busy : .wild(200))
    }
    set = Tasks(tasks, cpu: CPUParameters(slice: 50, switchOverhead: overhead))
    if set.refusal(kind) != nil { return nil }
  }

  /// What went wrong in a time line, if anything did.
  func problem(_ timeline: Timeline, horizon: UInt64, lateness: UInt64 = 0) -> String? {
    if let stuck = timeline.stuckAt { return "stuck at \(stuck)" }
    if let impossible = timeline.impossiblePickAt { return "impossible pick at \(impossible)" }
    let total = (own.indices.map { timeline.time(of: $0) } + [timeline.time(of: nil)]).reduce(0, +)
    if total != horizon { return "\(total) ticks in \(horizon)" }
    if lateness == 0, let miss = timeline.misses(by: horizon).first { return "missed: \(miss)" }
    for (vcpu, own) in own.enumerated() {
      guard let own else { continue }
      if let excess = excess(timeline, vcpu, own, lateness) { return excess }
    }
    return nil
  }

  /// How long after its release a tick of the vCPU runs at the latest: by the deadline, and sooner where nobody can keep it up
  /// for so long. By priority that is the response time to all whose turn may come first, whenever their budgets may come
  /// back (Joseph, Pandya 1986); who is alone has but its own budget before it.
  private func latest(_ vcpu: Int, _ lateness: UInt64) -> UInt64 {
    guard let own = self.own[vcpu], lateness == 0 else { return (self.own[vcpu]?.deadline ?? 0) + lateness }
    let others = set.tasks.indices.filter { other in
      other != vcpu && set.tasks[other].reservation != nil
        && (kind == .earliestDeadline || set.tasks[other].priority >= set.tasks[vcpu].priority)
    }
    guard kind == .fixedPriority || others.isEmpty else { return own.deadline }
    let overhead = set.cpu.switchOverhead
    // One switch may be under way.
    let least = own.budget + 3 * overhead
    var response = least
    while response < own.deadline {
      let work = others.reduce(least) { sum, other in
        guard let other = self.own[other] else { return sum }
        return sum + ((response - 1) / other.period + 1) * (other.budget + 2 * overhead)
      }
      if work == response { return response }
      response = work
    }
    return own.deadline
  }

  /// Of `budget + 1` ticks one after the other two were released a period apart at least. Each runs from its release on,
  /// and up to the latest that it can: k budgets after one tick another runs k periods less that later, or less where the CPU
  /// comes late to its decisions.
  private func excess(_ timeline: Timeline, _ vcpu: Int, _ own: Reservation, _ lateness: UInt64) -> String? {
    let ticks = timeline.ticks(of: vcpu)
    let latest = latest(vcpu, lateness)
    for first in ticks.indices {
      for count in 1... {
        let last = first + count * Int(own.budget + lateness)
        guard last < ticks.count else { break }
        let least = UInt64(count) * own.period + 1
        if ticks[last] - ticks[first] + latest < least {
          return "vCPU \(vcpu): \(count) budgets of \(own) from \(ticks[first]) to \(ticks[last])"
        }
      }
    }
    return nil
  }
}

@Suite("What reservations promise", .timeLimited)
struct GuaranteeTests {
  private func check(_ kind: PolicyKind, _ seeds: Range<UInt64>, overhead: UInt64 = 0, lateness: UInt64 = 0) throws {
    let horizon: UInt64 = 4_000
    var admitted = 0
    for seed in seeds {
      guard let trial = Trial(seed, kind, overhead: overhead, least: max(1, lateness)) else { continue }
      admitted += 1
      var policy = try trial.set.scheduler(kind)
      let workload = Workload(
        behaviours: trial.behaviours, switchCost: overhead, lateness: lateness,
        firstWithin: seed.isMultiple(of: 2) ? 0 : 900, seed: seed)
      let timeline = workload.run(&policy, until: horizon)
      let problem = trial.problem(timeline, horizon: horizon, lateness: lateness)
      #expect(problem == nil, "seed \(seed): \(trial)")
    }
    #expect(admitted * 8 > seeds.count)
  }

  @Test(
    "Earliest deadline first: whatever the others do, each job that fits its reservation is done in time, and nobody gets more than its budgets",
    arguments: 0..<6)
  func earliestDeadline(part: UInt64) throws { try check(.earliestDeadline, (part * 100)..<(part * 100 + 100)) }

  @Test("Fixed priority: the same", arguments: 0..<6)
  func fixedPriority(part: UInt64) throws { try check(.fixedPriority, (part * 100)..<(part * 100 + 100)) }

  @Test(
    "Switches that cost time take none from anybody's budget, however often the others wake",
    arguments: [1, 3] as [UInt64])
  func overhead(cost: UInt64) throws {
    try check(.earliestDeadline, 1_000..<1_150, overhead: cost)
    try check(.fixedPriority, 1_000..<1_150, overhead: cost)
  }

  @Test("Where the CPU comes late to each decision, no budget is exceeded by more than that")
  func lateness() throws {
    try check(.earliestDeadline, 2_000..<2_100, lateness: 5)
    try check(.fixedPriority, 2_000..<2_100, lateness: 5)
  }
}
