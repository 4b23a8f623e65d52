internal import Architecture
internal import Planning
internal import Scheduling

/// One physical CPU under its policy, as the hypervisor would run it: the scheduler is the hypervisor's own, the time and
/// the vCPUs' work are made up. CPUs share nothing, so each can be simulated by itself.
///
/// A switch takes the plan's overhead, in which no vCPU runs, nothing is charged to anybody, and nothing interrupts.
/// Loading a vCPU whose state is still there costs nothing.
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
  /// What is left of the effort: a decision takes one for each vCPU and some more, and a job takes one.
  private var effort = effortLimit

  /// A simulation of so much takes seconds; ten seconds of twenty vCPUs with a period of a millisecond take a fifth of it.
  private static let effortLimit = 50_000_000

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
  consuming func run() throws(Failure) -> SimulationResult.Processor {
    // All have been started, and those without work wait for it.
    for number in vcpus.indices where vcpus[number].nextRelease > 0 {
      scheduler.ready(number, at: Instant(ticks: 0))
      scheduler.block(number, at: Instant(ticks: 0))
    }
    var stalled = 0
    while now < end {
      effort -= vcpus.count + 16
      guard effort > 0 else {
        throw Failure(
          "CPU \(plan.cpu) has too much to do: up to \(Units.rounded(time: Double(now))) it took as much as one simulation may; "
            + "simulate a shorter time with `--for`, or give the vCPUs longer periods")
      }
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
    for number in vcpus.indices where vcpus[number].release(upTo: now, effort: &effort) {
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
    let target = max(now, min(event, max(timer.ticks, now), end))
    account(&self, target - now)
    if target == timer.ticks && target < end { result.timerCount += 1 }
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
