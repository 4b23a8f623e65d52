import Architecture
import TestSupport
import Testing

@testable import Scheduling

/// Asks a policy at each tick and compares what it says with tokens: who can run, and whose turn it is.
private struct Oracle {
  enum State { case off, asleep, awake }
  var servers: [TokenServer?]
  let priorities: [UInt8]
  var states: [State]
  /// Who had no token when it was looked at last.
  var isStarving: [Bool]
  var dice: Dice

  init(_ tasks: [TaskParameters], seed: UInt64) {
    servers = tasks.map { task in
      task.reservation.map { TokenServer(budget: $0.budget, period: $0.period, deadline: $0.deadline) }
    }
    priorities = tasks.map(\.priority)
    states = tasks.map { _ in .off }
    isStarving = tasks.map { _ in false }
    dice = Dice(seed)
  }

  /// One vCPU does something, or nobody does.
  mutating func disturb(
    _ policy: inout CPUScheduler, _ running: inout Int?, at now: UInt64, quietly: Bool, byPriority: Bool
  ) {
    guard dice.oneIn(quietly ? 8 : 2) else { return }
    let vcpu = dice.index(below: states.count)
    let instant = Instant(ticks: now)
    switch (states[vcpu], dice.number(0...9)) {
    case (.awake, 0):
      policy.remove(vcpu, at: instant)
      states[vcpu] = .off
      if running == vcpu { running = nil }
    case (.awake, 1...2):
      policy.yield(vcpu, at: instant)
      // By deadline, who yields has the deadline of one that wakes now; by priority only its place among equals changes.
      // Who waits for its budget does not yield.
      if !byPriority && !isStarving[vcpu] { servers[vcpu]?.wake(at: now) }
      servers[vcpu]?.starve(at: now)
    case (.awake, _):
      policy.block(vcpu, at: instant)
      states[vcpu] = .asleep
    case (.off, _), (.asleep, _):
      policy.ready(vcpu, at: instant)
      states[vcpu] = .awake
      servers[vcpu]?.wake(at: now)
      isStarving[vcpu] = servers[vcpu].map { $0.due(at: now) == nil } ?? false
    }
  }

  /// Who has had work for a period and has no token waits for the last.
  mutating func settle(at now: UInt64) {
    for vcpu in states.indices where states[vcpu] == .awake {
      servers[vcpu]?.starve(at: now)
      isStarving[vcpu] = servers[vcpu].map { $0.due(at: now) == nil } ?? false
    }
  }

  /// Whether somebody's budget lies in so many pieces that a policy may put some of them together.
  var isShattered: Bool { servers.contains { ($0?.instantCount ?? 0) >= 15 } }

  /// Those with the best right to the CPU at `now`.
  func candidates(at now: UInt64, byPriority: Bool) -> [Int] {
    let able = states.indices.filter { vcpu in
      states[vcpu] == .awake && (servers[vcpu].map { $0.due(at: now) != nil } ?? true)
    }
    if byPriority {
      let highest = able.map { priorities[$0] }.max()
      return able.filter { priorities[$0] == highest }
    }
    let earliest = able.compactMap { servers[$0]?.due(at: now) }.min()
    guard let earliest else { return able }
    return able.filter { servers[$0]?.due(at: now) == earliest }
  }

  /// The first tick at which somebody wanted a token that was due before, or nil.
  func late(at now: UInt64) -> Int? {
    states.indices.first { vcpu in
      states[vcpu] == .awake && servers[vcpu]?.due(at: now).map { $0 <= now } == true
    }
  }
}

@Suite("Reservations against tokens, tick by tick", .timeLimited)
struct ReservationOracleTests {
  /// Plays one set for some ticks; says what went wrong first.
  private func play(_ set: Tasks, _ kind: PolicyKind, seed: UInt64, ticks: UInt64, quietly: Bool) throws -> String? {
    var policy = try set.scheduler(kind)
    var oracle = Oracle(set.tasks, seed: seed)
    var last: Int?
    for now in 0..<ticks {
      // Sometimes much happens before the policy is asked.
      for _ in 0..<(now.isMultiple(of: 3) ? 4 : 1) {
        oracle.disturb(&policy, &last, at: now, quietly: quietly, byPriority: kind == .fixedPriority)
      }
      oracle.settle(at: now)
      if oracle.isShattered { return nil }
      if let late = oracle.late(at: now) { return "vCPU \(late) is late at \(now)" }
      let candidates = oracle.candidates(at: now, byPriority: kind == .fixedPriority)
      switch policy.pick(at: Instant(ticks: now)) {
      case .idle(let until):
        last = nil
        if !candidates.isEmpty { return "idle at \(now) in place of \(candidates)" }
        if until.ticks <= now { return "no end of idling at \(now)" }
      case .run(let vcpu, let until):
        if !candidates.contains(vcpu) { return "vCPU \(vcpu) at \(now) in place of \(candidates)" }
        if until.ticks <= now { return "no time for vCPU \(vcpu) at \(now)" }
        // Of two that are due at once the one that runs stays: a switch would be for nothing.
        if kind == .earliestDeadline, let last, last != vcpu, candidates.contains(last),
          set.tasks[last].reservation != nil
        {
          return "vCPU \(vcpu) at \(now) in place of \(last), which ran and is due as soon"
        }
        last = vcpu
        oracle.servers[vcpu]?.useOne()
        policy.charge(vcpu, ran: 1)
      }
    }
    return nil
  }

  /// Longer ones in every third trial.
  private func periods(_ seed: UInt64) -> ClosedRange<UInt64> { seed.isMultiple(of: 3) ? 10...60 : 2...12 }

  @Test("Earliest deadline first picks who is due first, and no admitted set is ever late", arguments: 0..<8)
  func earliestDeadline(part: UInt64) throws {
    var admitted = 0
    for seed in (part * 150)..<(part * 150 + 150) {
      var dice = Dice(seed)
      var own: [Reservation?] = dice.reservations(
        count: 1 + dice.index(below: 4), periods: periods(seed), percent: 100)
      if dice.oneIn(2) { own.insert(nil, at: dice.index(below: own.count + 1)) }
      let set = Tasks(own, cpu: CPUParameters(slice: 3))
      guard set.refusal(.earliestDeadline) == nil else { continue }
      admitted += 1
      let problem = try play(set, .earliestDeadline, seed: seed, ticks: 250, quietly: dice.oneIn(2))
      #expect(problem == nil, "seed \(seed): \(own)")
    }
    #expect(admitted > 45)
  }

  @Test("Fixed priority picks the most urgent that has budget, and no admitted set is ever late", arguments: 0..<8)
  func fixedPriority(part: UInt64) throws {
    var admitted = 0
    for seed in (part * 150)..<(part * 150 + 150) {
      var dice = Dice(seed)
      let own = dice.reservations(count: 1 + dice.index(below: 4), periods: periods(seed), percent: 80)
      var tasks = own.map { TaskParameters(priority: UInt8(dice.number(2...5) * 40), reservation: $0) }
      if dice.oneIn(2) { tasks.append(TaskParameters(priority: 7)) }
      let set = Tasks(tasks, cpu: CPUParameters(slice: 3))
      guard set.refusal(.fixedPriority) == nil else { continue }
      admitted += 1
      let problem = try play(set, .fixedPriority, seed: seed, ticks: 250, quietly: dice.oneIn(2))
      #expect(problem == nil, "seed \(seed): \(tasks)")
    }
    #expect(admitted > 45)
  }
}
