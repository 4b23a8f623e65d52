/// A point on the system counter (CNTPCT), in ticks since the counter started.
public struct Instant: Hashable, Comparable, Sendable {
  /// Ticks of the system counter.
  public var ticks: UInt64
  /// The instant of a counter value.
  @inlinable public init(ticks: UInt64) { self.ticks = ticks }

  /// The last instant there is: never, for a deadline.
  @inlinable public static var never: Instant { Instant(ticks: .max) }

  /// Orders instants by their ticks.
  @inlinable public static func < (lhs: Instant, rhs: Instant) -> Bool { lhs.ticks < rhs.ticks }

  /// The instant `ticks` later, or `never` where that would pass the counter's end.
  @inlinable public func advanced(by ticks: UInt64) -> Instant {
    let (sum, overflow) = self.ticks.addingReportingOverflow(ticks)
    return overflow ? .never : Instant(ticks: sum)
  }

  /// Ticks from `earlier` to this instant; zero where `earlier` is later.
  @inlinable public func ticks(since earlier: Instant) -> UInt64 {
    ticks > earlier.ticks ? ticks &- earlier.ticks : 0
  }
}
