internal import Foundation

/// A piece of work of a simulated vCPU. Times are in nanoseconds.
public struct Job: Equatable, Sendable {
  /// When the vCPU has reason to run.
  public var release: UInt64
  /// How long it runs for it.
  public var work: UInt64
  /// When it should be done, or nil where nobody minds.
  public var deadline: UInt64?

  /// A job; without a deadline it is never late.
  public init(release: UInt64, work: UInt64, deadline: UInt64? = nil) {
    self.release = release
    self.work = work
    self.deadline = deadline
  }
}

/// The jobs of one vCPU in the order of their releases, the same at each run.
struct JobSource {
  private let behaviour: Behaviour
  private var count: UInt64 = 0
  private var last: UInt64 = 0
  private var state: UInt64 = 0

  /// The jobs of a behaviour. `salt` tells vCPUs apart that have the same seed.
  init(_ behaviour: Behaviour, salt: UInt64 = 0) {
    self.behaviour = behaviour
    if case .bursty(_, _, let seed) = behaviour {
      state = seed &* 0x9e37_79b9_7f4a_7c15 ^ salt &* 0xd134_2543_de82_ef95
    }
  }

  /// The next job, or nil where there is none in all time to come.
  mutating func next() -> Job? {
    switch behaviour {
    case .idle: return nil
    case .busy:
      defer { count += 1 }
      return count == 0 ? Job(release: 0, work: .max) : nil
    case .periodic(let work, let period, let offset, let deadline):
      let (distance, overflow) = count.multipliedReportingOverflow(by: period)
      count += 1
      let release = offset.saturating(plus: distance)
      return overflow ? nil : Job(release: release, work: work, deadline: release.saturating(plus: deadline))
    case .settling(let work, let period, let busyFrom):
      let (release, overflow) = count.multipliedReportingOverflow(by: period)
      guard !overflow && last == 0 else { return nil }
      count += 1
      if release < busyFrom { return Job(release: release, work: work) }
      last = busyFrom
      return Job(release: busyFrom, work: .max)
    case .bursty(let work, let gap, _):
      last = last.saturating(plus: draw(gap))
      return Job(release: last, work: draw(work))
    }
  }

  /// A time that is distributed exponentially about `mean`: at least a microsecond, at most twenty times the mean.
  private mutating func draw(_ mean: UInt64) -> UInt64 {
    // SplitMix64.
    state &+= 0x9e37_79b9_7f4a_7c15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
    bits ^= bits >> 31
    let uniform = (Double(bits >> 11) + 0.5) / Double(UInt64(1) << 53)
    return UInt64(max(1000, min(20, -log(uniform)) * Double(mean)))
  }
}
