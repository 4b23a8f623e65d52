import Architecture
import Scheduling

/// What a vCPU does with the time that it gets.
enum Behaviour {
  /// It never blocks.
  case busy
  /// A job of so many ticks, at the earliest `every` ticks after the last one arrived, and up to `jitter` later. The job
  /// is to be done `within` ticks of its arrival.
  case jobs(of: UInt64, every: UInt64, jitter: UInt64, within: UInt64)
  /// It works, sleeps, yields, and is turned off and on as it likes, for up to so many ticks each time.
  case wild(UInt64)
  /// It is wild until that instant, and busy from then on.
  case wildThenBusy(UInt64, from: UInt64)
  /// It works for so long, sleeps for so long, and so on until that instant; it is busy from then on.
  case pieces(of: UInt64, pause: UInt64, thenBusyFrom: UInt64)
  /// So much work at each of these instants, to be done `within` ticks: more to do where it has not done the work before.
  case asked([(at: UInt64, work: UInt64)], within: UInt64)
}

/// One piece of the time line.
struct Stretch: Equatable {
  /// Who ran, or nil where the CPU was idle.
  var vcpu: Int?
  var start: UInt64
  var end: UInt64
}

/// One job and when it was done.
struct Job {
  var vcpu: Int
  var arrival: UInt64
  var deadline: UInt64
  var finish: UInt64?
}

/// What came out of a simulation.
struct Timeline {
  var stretches: [Stretch] = []
  var jobs: [Job] = []
  /// The scheduler asked to be asked again at once, so that time stood still.
  var stuckAt: UInt64?
  /// A vCPU was picked that could not run.
  var impossiblePickAt: UInt64?
  /// When each vCPU woke, yielded or was started last.
  var lastWakes: [UInt64] = []
  /// When each vCPU was found to be out of budget.
  var throttles: [[UInt64]] = []

  /// Ticks that `vcpu` ran from `start` to `end`.
  func time(of vcpu: Int?, from start: UInt64 = 0, to end: UInt64 = .max) -> UInt64 {
    var sum: UInt64 = 0
    for stretch in stretches where stretch.vcpu == vcpu && stretch.end > start && stretch.start < end {
      sum += min(stretch.end, end) - max(stretch.start, start)
    }
    return sum
  }

  /// The ticks in which `vcpu` ran, in their order.
  func ticks(of vcpu: Int) -> [UInt64] { stretches.filter { $0.vcpu == vcpu }.flatMap { $0.start..<$0.end } }

  /// The jobs that were due by `end` and not done in time.
  func misses(by end: UInt64) -> [Job] { jobs.filter { $0.deadline <= end && ($0.finish ?? .max) > $0.deadline } }
}

/// Runs a scheduler against behaviours from event to event, in the order that the protocol asks for. Time is whole ticks;
/// a switch to another vCPU takes `switchCost` of them, which are charged to nobody and look idle.
struct Workload {
  var behaviours: [Behaviour]
  var switchCost: UInt64 = 0
  /// By how much the scheduler may be asked later than it wanted.
  var lateness: UInt64 = 0
  /// The longest step that the hypervisor takes while one of `lessers` runs or nobody does, and looks at nothing else:
  /// it begins a tick before something happens, every other time.
  var blocking: UInt64 = 0
  /// The vCPUs without a reservation.
  var lessers: Set<Int> = []
  /// What the hypervisor takes for itself before all others: so much, and not again within a period.
  var service: Reservation?
  /// When the first of each vCPU's work comes is up to so many ticks after 0.
  var firstWithin: UInt64 = 0
  var seed: UInt64

  func run<Policy: Scheduler & ~Copyable>(_ policy: inout Policy, until horizon: UInt64) -> Timeline {
    var run = Run(self, horizon)
    while run.now < horizon && run.timeline.stuckAt == nil && run.timeline.impossiblePickAt == nil {
      run.step(&policy)
    }
    return run.timeline
  }
}

private struct Run {
  let workload: Workload
  let horizon: UInt64
  var dice: Dice
  var now: UInt64 = 0
  var timeline = Timeline()
  /// When each vCPU gets its next work; nil while it has some.
  var wakeAt: [UInt64?]
  /// How much is left to do until the vCPU does something else.
  var work: [UInt64]
  /// The job that each vCPU works on, in `timeline.jobs`.
  var job: [Int?]
  /// How much of what it is asked has come.
  var askedCount: [Int]
  var loaded: Int?
  var nextService: UInt64

  init(_ workload: Workload, _ horizon: UInt64) {
    self.workload = workload
    self.horizon = horizon
    dice = Dice(workload.seed)
    nextService = workload.service == nil ? .max : 0
    let count = workload.behaviours.count
    wakeAt = []
    for _ in 0..<count { wakeAt.append(dice.number(0...workload.firstWithin)) }
    work = [UInt64](repeating: 0, count: count)
    job = [Int?](repeating: nil, count: count)
    askedCount = [Int](repeating: 0, count: count)
    timeline.lastWakes = [UInt64](repeating: 0, count: count)
    timeline.throttles = [[UInt64]](repeating: [], count: count)
    for (vcpu, behaviour) in workload.behaviours.enumerated() {
      if case .asked(let work, _) = behaviour { wakeAt[vcpu] = work[0].at }
    }
  }

  mutating func step<Policy: Scheduler & ~Copyable>(_ policy: inout Policy) {
    if let service = workload.service, nextService <= now {
      nextService += service.period + (dice.oneIn(2) ? 0 : dice.number(0...service.period))
      return advance(nil, to: min(now + service.budget, horizon))
    }
    for vcpu in wakeAt.indices where wakeAt[vcpu].map({ $0 <= now }) == true { wake(vcpu, &policy) }
    let nextWake = min(wakeAt.compactMap { $0 }.min() ?? .max, nextService)
    let decision = policy.pick(at: Instant(ticks: now))
    for vcpu in wakeAt.indices where policy.throttleCount(of: vcpu) > timeline.throttles[vcpu].count {
      timeline.throttles[vcpu].append(now)
    }
    switch decision {
    case .idle(let until):
      if until.ticks <= now { timeline.stuckAt = now }
      let end = min(until.ticks, nextWake, horizon)
      advance(nil, to: end < horizon ? end + dallied(end) : end)
    case .run(let vcpu, let until):
      if until.ticks <= now { timeline.stuckAt = now }
      guard wakeAt[vcpu] == nil else { return timeline.impossiblePickAt = now }
      if loaded != vcpu {
        // What happens meanwhile is seen when the switch is done.
        loaded = vcpu
        if workload.switchCost > 0 { return advance(nil, to: min(now + workload.switchCost, horizon)) }
      }
      let toDo = work[vcpu] == .max ? .max : now + work[vcpu]
      var wanted = until.ticks
      if workload.lateness > 0 && wanted < .max { wanted += dice.number(0...workload.lateness) }
      let end = min(wanted, nextWake, toDo, horizon)
      if work[vcpu] != .max { work[vcpu] -= end - now }
      policy.charge(vcpu, ran: end - now)
      advance(vcpu, to: end)
      if work[vcpu] > 0 && end < horizon && workload.lessers.contains(vcpu) { advance(nil, to: end + dallied(end)) }
      if work[vcpu] == 0 { finish(vcpu, &policy) }
    }
  }

  /// How long after `instant` a step goes on that began just before.
  private mutating func dallied(_ instant: UInt64) -> UInt64 {
    workload.blocking > 0 && dice.oneIn(2) ? min(workload.blocking, horizon - instant) : 0
  }

  private mutating func advance(_ vcpu: Int?, to end: UInt64) {
    if let last = timeline.stretches.last, last.vcpu == vcpu {
      timeline.stretches[timeline.stretches.count - 1].end = end
    } else if end > now {
      timeline.stretches.append(Stretch(vcpu: vcpu, start: now, end: end))
    }
    now = end
  }

  private mutating func wake<Policy: Scheduler & ~Copyable>(_ vcpu: Int, _ policy: inout Policy) {
    // What comes during a switch or a step has come then: it counts from when it was due.
    let arrival = wakeAt[vcpu]!
    policy.ready(vcpu, at: Instant(ticks: arrival))
    timeline.lastWakes[vcpu] = arrival
    wakeAt[vcpu] = nil
    switch workload.behaviours[vcpu] {
    case .busy: work[vcpu] = .max
    case .jobs(let ticks, _, _, let within):
      work[vcpu] = ticks
      job[vcpu] = timeline.jobs.count
      timeline.jobs.append(Job(vcpu: vcpu, arrival: arrival, deadline: arrival + within))
    case .wild(let most): work[vcpu] = dice.number(1...most)
    case .wildThenBusy(let most, let start): work[vcpu] = now >= start ? .max : dice.number(1...most)
    case .pieces(let ticks, _, let start): work[vcpu] = now >= start ? .max : ticks
    case .asked(let asked, let within): take(asked, within, vcpu)
    }
  }

  /// The next piece of what a vCPU is asked, whose time has come.
  private mutating func take(_ asked: [(at: UInt64, work: UInt64)], _ within: UInt64, _ vcpu: Int) {
    let next = asked[askedCount[vcpu]]
    askedCount[vcpu] += 1
    work[vcpu] = next.work
    job[vcpu] = timeline.jobs.count
    timeline.jobs.append(Job(vcpu: vcpu, arrival: next.at, deadline: next.at + within))
  }

  private mutating func finish<Policy: Scheduler & ~Copyable>(_ vcpu: Int, _ policy: inout Policy) {
    let instant = Instant(ticks: now)
    switch workload.behaviours[vcpu] {
    case .busy: break
    case .jobs(_, let every, let jitter, _):
      timeline.jobs[job[vcpu]!].finish = now
      policy.block(vcpu, at: instant)
      // A job that came late itself does not hold the next one back, but two at once are not simulated.
      wakeAt[vcpu] = max(timeline.jobs[job[vcpu]!].arrival + every + dice.number(0...jitter), now + 1)
    case .pieces(_, let pause, _):
      policy.block(vcpu, at: instant)
      wakeAt[vcpu] = now + pause
    case .asked(let asked, let within):
      timeline.jobs[job[vcpu]!].finish = now
      let next = askedCount[vcpu] < asked.count ? asked[askedCount[vcpu]].at : .max
      if next < now { return take(asked, within, vcpu) }
      policy.block(vcpu, at: instant)
      wakeAt[vcpu] = next
    case .wild(let most), .wildThenBusy(let most, _):
      switch dice.number(0...9) {
      case 0:
        policy.remove(vcpu, at: instant)
        wakeAt[vcpu] = now + dice.number(1...most)
      case 1:
        // Turned off and on again within one exit.
        policy.remove(vcpu, at: instant)
        policy.ready(vcpu, at: instant)
        timeline.lastWakes[vcpu] = now
        work[vcpu] = dice.number(1...most)
      case 2, 3:
        policy.yield(vcpu, at: instant)
        timeline.lastWakes[vcpu] = now
        work[vcpu] = dice.number(1...most)
      default:
        policy.block(vcpu, at: instant)
        wakeAt[vcpu] = now + dice.number(1...most)
      }
    }
  }
}
