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

  init(_ result: SimulationResult.VirtualCPU, salt: UInt64) {
    self.result = result
    source = JobSource(result.behaviour, salt: salt)
    upcoming = source.next()
  }

  /// When the next job comes.
  var nextRelease: UInt64 { upcoming?.release ?? .max }

  /// Takes the jobs that are due, as long as there is effort left. True where the vCPU had no work before and has now.
  mutating func release(upTo now: UInt64, effort: inout Int) -> Bool {
    let wasIdle = first == pending.count
    while let job = upcoming, job.release <= now, effort > 0 {
      effort -= 16
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
