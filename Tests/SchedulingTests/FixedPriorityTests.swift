import Architecture
import TestSupport
import Testing

@testable import Scheduling

/// Fixed priorities with round robin inside each, as a list for each priority.
private struct PlainPriorities {
  let priorities: [Int]
  let slice: UInt64
  var queues: [Int: [Int]] = [:]
  var rest: [UInt64]
  var running: Int?

  init(_ priorities: [Int], slice: UInt64) {
    self.priorities = priorities
    self.slice = slice
    rest = priorities.map { _ in 0 }
  }

  func knows(_ vcpu: Int) -> Bool { running == vcpu || queues[priorities[vcpu]]?.contains(vcpu) == true }

  mutating func append(_ vcpu: Int) {
    rest[vcpu] = slice
    queues[priorities[vcpu], default: []].append(vcpu)
  }

  mutating func takeOut(_ vcpu: Int) {
    if running == vcpu { running = nil }
    queues[priorities[vcpu]]?.removeAll { $0 == vcpu }
  }

  mutating func pick() -> Int? {
    let highest = queues.filter { !$0.value.isEmpty }.map(\.key).max()
    if let now = running {
      let own = priorities[now]
      if rest[now] == 0 && queues[own]?.isEmpty == false {
        running = nil
        append(now)
      } else {
        if rest[now] == 0 { rest[now] = slice }
        if let highest, highest > own {
          running = nil
          queues[own, default: []].insert(now, at: 0)
        }
      }
    }
    if running == nil, let best = queues.filter({ !$0.value.isEmpty }).map(\.key).max() {
      running = queues[best]!.removeFirst()
    }
    return running
  }
}

@Suite("Fixed priority", .timeLimited)
struct FixedPriorityTests {
  @Test("It picks as lists do, one for each priority, whatever happens")
  func lists() throws {
    for seed in 0..<300 as Range<UInt64> {
      var dice = Dice(seed)
      let count = 1 + dice.index(below: 8)
      let spread = [0, 1, 3, 255][dice.index(below: 4)]
      let priorities = (0..<count).map { _ in Int(dice.number(0...UInt64(spread))) }
      let set = Tasks(
        priorities.map { TaskParameters(priority: UInt8($0)) }, cpu: CPUParameters(slice: 5))
      var policy = try set.scheduler(.fixedPriority)
      var plain = PlainPriorities(priorities, slice: 5)
      for now in 0..<300 as Range<UInt64> {
        let vcpu = dice.index(below: count)
        switch dice.number(0...11) {
        case 0, 1, 2:
          policy.ready(vcpu, at: Instant(ticks: now))
          if !plain.knows(vcpu) { plain.append(vcpu) }
        case 3:
          policy.block(vcpu, at: Instant(ticks: now))
          plain.takeOut(vcpu)
        case 4:
          policy.remove(vcpu, at: Instant(ticks: now))
          plain.takeOut(vcpu)
        case 5:
          policy.yield(vcpu, at: Instant(ticks: now))
          if plain.knows(vcpu) {
            plain.takeOut(vcpu)
            plain.append(vcpu)
          }
        default: break
        }
        let expected = plain.pick()
        switch policy.pick(at: Instant(ticks: now)) {
        case .idle(let until):
          #expect(expected == nil && until == .never, "seed \(seed) at \(now)")
        case .run(let vcpu, let until):
          #expect(vcpu == expected, "seed \(seed) at \(now)")
          let hasEquals = plain.queues[priorities[vcpu]]?.isEmpty == false
          #expect(until == (hasEquals ? Instant(ticks: now + plain.rest[vcpu]) : .never), "seed \(seed) at \(now)")
          policy.charge(vcpu, ran: 1)
          plain.rest[vcpu] -= 1
        }
      }
    }
  }

  @Test("Among equals a budget is a turn: who has one is not switched away from at the end of a slice")
  func budgetIsTurn() throws {
    let own = Reservation(budget: 300, period: 1_000)
    let set = Tasks(
      [TaskParameters(priority: 9, reservation: own), TaskParameters(priority: 9, reservation: own)],
      cpu: CPUParameters(slice: 50))
    var policy = try set.scheduler(.fixedPriority)
    policy.ready(0, at: Instant(ticks: 0))
    policy.ready(1, at: Instant(ticks: 0))
    #expect(policy.pick(at: Instant(ticks: 0)) == .run(vcpu: 0, until: Instant(ticks: 300)))
    policy.charge(0, ran: 120)
    #expect(policy.pick(at: Instant(ticks: 120)) == .run(vcpu: 0, until: Instant(ticks: 300)))
    policy.charge(0, ran: 180)
    #expect(policy.pick(at: Instant(ticks: 300)) == .run(vcpu: 1, until: Instant(ticks: 600)))
  }

  @Test("Equals share the CPU, the less urgent have what is left, and a budget lets them through")
  func shares() throws {
    let set = Tasks(
      [
        TaskParameters(priority: 200, reservation: Reservation(budget: 100, period: 1_000)),
        TaskParameters(priority: 10), TaskParameters(priority: 10), TaskParameters(priority: 9),
      ], cpu: CPUParameters(slice: 50))
    var policy = try set.scheduler(.fixedPriority)
    let timeline = Workload(behaviours: [.busy, .busy, .busy, .busy], seed: 1).run(&policy, until: 50_000)
    #expect(timeline.time(of: 0) == 5_000)
    #expect((22_450...22_550).contains(timeline.time(of: 1)))
    #expect((22_450...22_550).contains(timeline.time(of: 2)))
    #expect(timeline.time(of: 3) == 0)
  }
}
