public import Architecture

/// What a physical CPU shall do next.
public enum Decision: Equatable, Sendable {
  /// Run this vCPU, and ask again at `until` at the latest.
  case run(vcpu: Int, until: Instant)
  /// Nothing can run. Ask again at `until` at the latest, or when something becomes ready.
  case idle(until: Instant)

  /// When to ask again if nothing happens before; `Instant.never` needs no timer.
  @inlinable public var until: Instant {
    switch self {
    case .run(_, let until), .idle(let until): until
    }
  }
}

/// Which vCPU one physical CPU runs, and how long. An instance belongs to its CPU and is touched by no other.
///
/// vCPUs are numbered from zero within the CPU, below the capacity that the policy was built with; what the policy must
/// know of each beyond that (priority, period, budget) is given when it is built. Events carry the time, because
/// policies by deadline release and replenish by it. Around each `pick` the caller keeps this order: `charge` for the
/// vCPU that ran, then the events that happened, then `pick`. All of it is cheap enough for every exit.
public protocol Scheduler: ~Copyable {
  /// `vcpu` can run: it was started, or what it waited for has come. No effect where it could run already.
  mutating func ready(_ vcpu: Int, at now: Instant)

  /// `vcpu` waits for an interrupt. It keeps what the policy owes it.
  mutating func block(_ vcpu: Int, at now: Instant)

  /// `vcpu` gives the CPU away until others have had their turn, and stays ready.
  mutating func yield(_ vcpu: Int, at now: Instant)

  /// `vcpu` was stopped. No queue knows it any more, and if it is made ready again, it is a new one; but what it has used
  /// of a reservation stays used, or a guest could turn its vCPUs off and on to run without end.
  mutating func remove(_ vcpu: Int, at now: Instant)

  /// `vcpu` ran for `ticks` since it was charged last. May be more than it was given: an exit can take long. The time of
  /// switches is not to be charged: reservations have it beside what was promised.
  /// Counts for the vCPU that was picked last, and has no effect once that was removed.
  mutating func charge(_ vcpu: Int, ran ticks: UInt64)

  /// What to do from `now` on. With nothing changed in between the answer is the same again.
  mutating func pick(at now: Instant) -> Decision

  /// `charge`, unless `vcpu` is nil, and then `pick`, in one call.
  mutating func pick(at now: Instant, after vcpu: Int?, ran ticks: UInt64) -> Decision

  /// How often `vcpu` had to stop because its budget was used up, since the policy was built; wraps around.
  func throttleCount(of vcpu: Int) -> UInt32

  /// Where `vcpu` stands before the others of its CPU, from 0, the most urgent. Each has another standing, below the count of
  /// vCPUs, and it never changes.
  func standing(of vcpu: Int) -> Int

  /// Who may interrupt `vcpu` while it runs: those who would run in its place if they woke, and those of the same right. It
  /// never changes. What is due for anybody else, or asked of him, is looked at when his turn has come; nobody is interrupted
  /// for the sake of a lesser.
  func audience(of vcpu: Int) -> Audience

  /// Who may interrupt the CPU's idling, as the last `pick` has decided it.
  var idleAudience: Audience { get }
}

extension Scheduler where Self: ~Copyable {
  /// The two, one after the other.
  @inline(__always)
  public mutating func pick(at now: Instant, after vcpu: Int?, ran ticks: UInt64) -> Decision {
    if let vcpu { charge(vcpu, ran: ticks) }
    return pick(at: now)
  }

  /// No vCPU is ever throttled: a policy without budgets has nothing to say here.
  public func throttleCount(of vcpu: Int) -> UInt32 { 0 }

  /// All stand in the order of their numbers.
  public func standing(of vcpu: Int) -> Int { vcpu }

  /// Everybody: all have the same right.
  public func audience(of vcpu: Int) -> Audience { .everybody }

  /// Everybody.
  public var idleAudience: Audience { .everybody }
}

/// A range of standings: who may interrupt. Small, because other CPUs read it at once.
public struct Audience: Equatable, Sendable {
  /// The first standing, and in the upper half the first one that is not part of it any more.
  public let bits: UInt32

  /// These standings.
  public init(_ standings: Range<Int>) {
    bits = UInt32(UInt16(clamping: standings.lowerBound)) | UInt32(UInt16(clamping: standings.upperBound)) << 16
  }

  /// As it was read from another CPU.
  @inline(__always)
  public init(bits: UInt32) { self.bits = bits }

  /// All.
  @inline(__always)
  public static var everybody: Audience { Audience(bits: 0xffff_0000) }
  /// None.
  @inline(__always)
  public static var nobody: Audience { Audience(bits: 0) }

  /// The first standing.
  @inline(__always)
  public var first: Int { Int(bits & 0xffff) }
  /// The first standing that is not part of it.
  @inline(__always)
  public var end: Int { Int(bits >> 16) }
  /// Whether the standing is part of it.
  @inline(__always)
  public func contains(_ standing: Int) -> Bool { standing >= first && standing < end }
}
