import Architecture
import TestSupport
import Testing

@testable import Scheduling

@Suite("What the hypervisor takes", .timeLimited)
struct InterferenceTests {
  /// Small tasks with a step that delays all, and with something that goes before all.
  private func trial(_ seed: UInt64) -> (WorstCase, CPUParameters) {
    var dice = Dice(seed)
    var worst = WorstCase.random(&dice)
    var cpu = CPUParameters(slice: 10)
    if !dice.oneIn(4) { worst.blocking = dice.index(below: 6) }
    if dice.oneIn(2) {
      let period = [2, 3, 4, 6, 8, 12, 24][dice.index(below: 7)]
      worst.service = (1 + dice.index(below: max(1, period / 3)), period)
      cpu.service = Reservation(budget: UInt64(worst.service!.cost), period: UInt64(period))
    }
    cpu.blocking = UInt64(worst.blocking)
    return (worst, cpu)
  }

  @Test(
    "A set is refused exactly where it misses a deadline when all wake at once, behind the longest step and what goes before all",
    arguments: [PolicyKind.earliestDeadline, .fixedPriority])
  func exactness(kind: PolicyKind) {
    var counts = (admitted: 0, refused: 0, onlyByInterference: 0)
    for seed in 0..<4_000 as Range<UInt64> {
      let (worst, cpu) = trial(seed)
      let refusal = Tasks(worst.parameters, cpu: cpu).refusal(kind)
      let miss = worst.miss(until: 24 * 40) { kind == .earliestDeadline ? $1 : 0 - $0.priority }
      #expect((refusal == nil) == (miss == nil), "\(seed): \(worst): \(String(describing: refusal)), \(miss ?? -1)")
      if refusal == nil { counts.admitted += 1 } else { counts.refused += 1 }
      if refusal != nil && Tasks(worst.parameters).refusal(kind) == nil { counts.onlyByInterference += 1 }
    }
    #expect(counts.admitted > 400 && counts.refused > 400 && counts.onlyByInterference > 200, "\(counts)")
  }

  /// A set with jobs that use all of their reservations.
  private func load(_ dice: inout Dice, _ kind: PolicyKind) -> (Tasks, [Behaviour])? {
    let reservations = dice.reservations(
      count: 1 + dice.index(below: 4), periods: 40...600, percent: 70, withoutDeadlines: dice.oneIn(2))
    var tasks = reservations.map { TaskParameters(priority: UInt8(dice.number(100...104)), reservation: $0) }
    var behaviours: [Behaviour] = reservations.map {
      .jobs(of: $0.budget, every: $0.period, jitter: dice.oneIn(2) ? 0 : $0.period, within: $0.deadline)
    }
    for _ in 0..<1 + dice.index(below: 2) {
      tasks.append(TaskParameters())
      behaviours.append(dice.oneIn(2) ? .busy : .wild(100))
    }
    var cpu = CPUParameters(slice: 50, switchOverhead: dice.number(0...2), blocking: dice.number(1...20))
    if dice.oneIn(2) {
      let period = dice.number(30...300)
      cpu.service = Reservation(budget: dice.number(1...max(1, period / 10)), period: period)
    }
    let set = Tasks(tasks, cpu: cpu)
    return set.refusal(kind) == nil ? (set, behaviours) : nil
  }

  @Test(
    "Whatever is admitted keeps its deadlines behind the longest steps, and with what the hypervisor takes at random instants",
    arguments: [PolicyKind.earliestDeadline, .fixedPriority])
  func kept(kind: PolicyKind) throws {
    var counts = (tried: 0, unprepared: 0)
    for seed in 0..<500 as Range<UInt64> {
      var dice = Dice(seed)
      guard let (set, behaviours) = load(&dice, kind) else { continue }
      counts.tried += 1
      var workload = Workload(behaviours: behaviours, switchCost: set.cpu.switchOverhead, seed: seed)
      workload.blocking = set.cpu.blocking
      workload.service = set.cpu.service
      workload.lessers = Set(set.tasks.indices.filter { set.tasks[$0].reservation == nil })
      var policy = try set.scheduler(kind)
      let miss = workload.run(&policy, until: 5_000).misses(by: 5_000).first
      #expect(miss == nil, "seed \(seed): \(set)")
      // What would have become of it with ten times as much as was said.
      workload.blocking *= 10
      var other = try set.scheduler(kind)
      if !workload.run(&other, until: 5_000).misses(by: 5_000).isEmpty { counts.unprepared += 1 }
    }
    #expect(counts.tried > 150 && counts.unprepared > 40, "\(counts)")
  }

  @Test("A step of the hypervisor's that no deadline has room for is refused, and would have been a miss")
  func refused() throws {
    // 100us every 1ms within 120us, beside one that is always busy; switches of 5us.
    func set(_ blocking: UInt64) -> Tasks {
      Tasks(
        [Reservation(budget: 1_000, period: 10_000, deadline: 1_200), nil],
        cpu: CPUParameters(slice: 10_000, switchOverhead: 50, blocking: blocking))
    }
    for kind in [PolicyKind.earliestDeadline] {
      #expect(set(50).refusal(kind) == nil)
      #expect(set(51).refusal(kind) == AdmissionRefusal(.vcpu(0), .demand, value: 1_100, limit: 1_099))
      #expect(set(374).refusal(kind)?.reason == .budgetOverDeadline)
      for (blocking, isKept) in [(50, true), (374, false)] as [(UInt64, Bool)] {
        var policy = try set(50).scheduler(kind)
        var workload = Workload(
          behaviours: [.jobs(of: 950, every: 10_000, jitter: 300, within: 1_200), .busy], switchCost: 50, seed: 1)
        workload.blocking = blocking
        workload.lessers = [1]
        let timeline = workload.run(&policy, until: 1_000_000)
        #expect(timeline.misses(by: 1_000_000).isEmpty == isKept)
      }
    }
  }

  @Test("What the hypervisor takes for itself has to be a part of the CPU")
  func service() {
    func refusal(_ service: Reservation, _ blocking: UInt64 = 0) -> AdmissionRefusal? {
      Tasks(
        [Reservation(budget: 500, period: 1_000)], cpu: CPUParameters(slice: 10, blocking: blocking, service: service)
      ).refusal(.earliestDeadline)
    }
    #expect(refusal(Reservation(budget: 1, period: 2)) == nil)
    #expect(refusal(Reservation(budget: 251, period: 500))?.subject == .vcpu(0))
    #expect(refusal(Reservation(budget: 251, period: 500))?.reason == .utilisation)
    #expect(refusal(Reservation(budget: 0, period: 500)) == AdmissionRefusal(.cpu, .emptyBudget))
    #expect(
      refusal(Reservation(budget: 3, period: 2)) == AdmissionRefusal(.cpu, .budgetOverDeadline, value: 3, limit: 2))
    #expect(refusal(Reservation(budget: 3, period: 1 << 41))?.reason == .periodTooLong)
    let blocked = refusal(Reservation(budget: 1, period: 1_000), .max)
    #expect(blocked == AdmissionRefusal(.vcpu(0), .budgetOverDeadline, value: .max, limit: 1_000))
  }
}
