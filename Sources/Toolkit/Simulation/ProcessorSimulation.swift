internal import Architecture
internal import Planning
internal import Scheduling

/// One physical CPU under its policy, as the hypervisor would run it: the scheduler is the hypervisor's own, the time and
/// the vCPUs' work are made up. CPUs share nothing, so each can be simulated by itself.
///
/// A switch takes the plan's overhead, in which no vCPU runs and which is nobody's budget. Loading a vCPU whose state is
/// still there costs nothing.
struct ProcessorSimulation: ~Copyable {
  private let plan: CPUPlan
  private var scheduler: CPUScheduler
  private let end: UInt64
  private let window: Range<UInt64>
  private var vcpus: [SimulatedVCPU]
  private var result: SimulationResult.Processor
  private var now: UInt64 = 0
  /// The vCPU whose state is in the hardware.
  private var loaded: Int?
  /// The vCPU that ran up to now and has work left.
  private var interrupted: Int?

  init(
    _ plan: CPUPlan, vcpus: [SimulationResult.VirtualCPU], end: UInt64, window: Range<UInt64>, in arena: inout HeapArena
  ) {
    self.plan = plan
    self.end = end
    self.window = window
    do throws(OutOfMemory) { scheduler = try plan.makeScheduler(in: &arena) } catch { preconditionFailure() }
    self.vcpus = vcpus.enumerated().map { SimulatedVCPU($1, salt: UInt64($0)) }
    result = SimulationResult.Processor(number: plan.cpu, policy: plan.policy.text, virtualCPUs: [])
  }

  /// Simulates to the end.
  consuming func run() throws -> SimulationResult.Processor {
    var stalled = 0
    while now < end {
      let before = now
      step()
      stalled = now == before ? stalled + 1 : 0
      // Every event at one instant may ask once more, but not for ever.
      guard stalled <= 4 * vcpus.count + 16 else {
        throw Failure("\(plan.policy.text) does not get on at \(Units.describe(time: now)) on CPU \(plan.cpu)")
      }
    }
    result.virtualCPUs = vcpus.map { $0.finished(at: end, window) }
    return result
  }

  private mutating func step() {
    for number in vcpus.indices where vcpus[number].release(upTo: now) {
      scheduler.ready(number, at: Instant(ticks: now))
    }
    switch scheduler.pick(at: Instant(ticks: now)) {
    case .idle(let until):
      noteInterruption(by: nil)
      advance(to: nextEvent, timer: until) { _, _ in }
    case .run(let vcpu, let until):
      noteInterruption(by: vcpu)
      if loaded == vcpu || plan.parameters.switchOverhead == 0 {
        if loaded != vcpu { result.switchCount += 1 }
        loaded = vcpu
        run(vcpu, until)
      } else {
        switchTo(vcpu)
      }
    }
  }

  /// Time passes between two vCPUs. What happens in it is seen after it, when the scheduler is asked again.
  private mutating func switchTo(_ vcpu: Int) {
    let time = now..<min(end, now.saturating(plus: plan.parameters.switchOverhead))
    result.switchCount += 1
    result.overheadTime += time.upperBound - time.lowerBound
    let shown = time.clamped(to: window)
    if !shown.isEmpty { result.switches.append(shown) }
    loaded = vcpu
    now = time.upperBound
  }

  private mutating func run(_ vcpu: Int, _ until: Instant) {
    let start = now
    advance(to: min(nextEvent, now.saturating(plus: vcpus[vcpu].rest)), timer: until) { simulation, time in
      simulation.result.runTime += time
      simulation.scheduler.charge(vcpu, ran: time)
    }
    guard vcpus[vcpu].ran(start..<now, shown: window) else {
      interrupted = vcpu
      return
    }
    scheduler.block(vcpu, at: Instant(ticks: now))
  }

  /// Goes to the event or, before it, to the scheduler's timer.
  private mutating func advance(
    to event: UInt64, timer: Instant, _ account: (inout ProcessorSimulation, UInt64) -> Void
  ) {
    let target = min(event, max(timer.ticks, now), end)
    account(&self, target - now)
    if target == timer.ticks { result.timerCount += 1 }
    now = target
  }

  /// The next release of any vCPU.
  private var nextEvent: UInt64 { vcpus.reduce(end) { min($0, $1.nextRelease) } }

  /// Says of the vCPU that ran last, and has work left, why another comes.
  private mutating func noteInterruption(by next: Int?) {
    guard let vcpu = interrupted else { return }
    interrupted = nil
    vcpus[vcpu].interrupted(throttles: Int(scheduler.throttleCount(of: vcpu)), isPreempted: next != vcpu)
  }
}

/// One vCPU's jobs on their way.
struct SimulatedVCPU {
  private var result: SimulationResult.VirtualCPU
  private var source: JobSource
  private var upcoming: Job?
  private var pending: [Job] = []
  private var first = 0
  /// Nanoseconds of work left of the first pending job.
  private(set) var rest: UInt64 = 0
  private var isThrottled = false
  private var waitingSince: UInt64?
  private var shownWindow: Range<UInt64>

  init(_ result: SimulationResult.VirtualCPU, salt: UInt64) {
    self.result = result
    source = JobSource(result.behaviour, salt: salt)
    upcoming = source.next()
    shownWindow = 0..<0
  }

  /// When the next job comes.
  var nextRelease: UInt64 { upcoming?.release ?? .max }

  /// Takes the jobs that are due. True where the vCPU had no work before and has now.
  mutating func release(upTo now: UInt64) -> Bool {
    let wasIdle = first == pending.count
    while let job = upcoming, job.release <= now {
      pending.append(job)
      if result.hasJobs { result.jobCount += 1 }
      upcoming = source.next()
    }
    guard wasIdle, first < pending.count else { return false }
    rest = pending[first].work
    waitingSince = pending[first].release
    isThrottled = false
    return true
  }

  /// It ran. True where it has no work left.
  mutating func ran(_ time: Range<UInt64>, shown window: Range<UInt64>) -> Bool {
    let length = time.upperBound - time.lowerBound
    result.runTime += length
    if length > 0 {
      endWait(at: time.lowerBound, window)
      show(time, window)
    }
    if rest != .max { rest -= length }
    guard rest == 0 else {
      if waitingSince == nil { waitingSince = time.upperBound }
      return false
    }
    finish(pending[first], at: time.upperBound, window)
    first += 1
    if first == pending.count {
      pending.removeAll(keepingCapacity: true)
      first = 0
      waitingSince = nil
      return true
    }
    rest = pending[first].work
    waitingSince = time.upperBound
    return false
  }

  /// It ran and has work left; the policy has counted so many throttles of it, and perhaps another comes.
  mutating func interrupted(throttles: Int, isPreempted: Bool) {
    isThrottled = throttles > result.throttleCount
    result.throttleCount = throttles
    if isPreempted && !isThrottled { result.preemptionCount += 1 }
  }

  /// The figures at the end.
  func finished(at end: UInt64, _ window: Range<UInt64>) -> SimulationResult.VirtualCPU {
    var copy = self
    copy.endWait(at: end, window)
    guard result.hasJobs else { return copy.result }
    for job in pending[first...] { copy.abandon(job, at: end, window) }
    return copy.result
  }

  private mutating func endWait(at now: UInt64, _ window: Range<UInt64>) {
    guard let since = waitingSince else { return }
    waitingSince = nil
    let shown = (since..<max(since, now)).clamped(to: window)
    if !shown.isEmpty { result.waits.append(.init(time: shown, isThrottled: isThrottled)) }
    isThrottled = false
  }

  private mutating func show(_ time: Range<UInt64>, _ window: Range<UInt64>) {
    let shown = time.clamped(to: window)
    guard !shown.isEmpty else { return }
    if result.runs.last?.upperBound == shown.lowerBound {
      result.runs[result.runs.count - 1] = result.runs[result.runs.count - 1].lowerBound..<shown.upperBound
    } else {
      result.runs.append(shown)
    }
  }

  private mutating func finish(_ job: Job, at now: UInt64, _ window: Range<UInt64>) {
    guard result.hasJobs else { return }
    result.doneCount += 1
    let response = now - job.release
    if response > result.worstResponse {
      result.worstResponse = response
      result.isWorstUnfinished = false
    }
    if let deadline = job.deadline, now > deadline { miss(job) }
    if job.release < window.upperBound && max(now, job.deadline ?? now) >= window.lowerBound {
      result.jobs.append((job, now))
    }
  }

  private mutating func abandon(_ job: Job, at end: UInt64, _ window: Range<UInt64>) {
    if end - job.release > result.worstResponse {
      result.worstResponse = end - job.release
      result.isWorstUnfinished = true
    }
    if let deadline = job.deadline, end > deadline { miss(job) }
    if job.release < window.upperBound { result.jobs.append((job, nil)) }
  }

  private mutating func miss(_ job: Job) {
    result.missCount += 1
    if result.firstMiss == nil { result.firstMiss = job }
  }
}
