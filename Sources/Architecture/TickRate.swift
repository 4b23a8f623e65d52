/// How fast the system counter runs: turns the nanoseconds of a bundle into the ticks of a scheduler and back.
public struct TickRate: Equatable, Sendable {
  /// Ticks in a second; at least 1.
  public let perSecond: UInt32

  /// The rate of a counter with that frequency in hertz; 0, which no counter has, counts as 1.
  public init(perSecond: UInt32) { self.perSecond = max(perSecond, 1) }

  /// Where nobody knows the board, a tick is a nanosecond.
  public static var nanoseconds: TickRate { TickRate(perSecond: 1_000_000_000) }

  /// So many nanoseconds in whole ticks, rounded down; the largest number where they are more than 64 bits hold.
  public func ticks(nanoseconds: UInt64) -> UInt64 {
    Self.scale(nanoseconds, by: UInt64(perSecond), over: Self.nanoseconds.perSecond)
  }

  /// So many ticks in whole nanoseconds, rounded down; the largest number where they are more than 64 bits hold.
  public func nanoseconds(ticks: UInt64) -> UInt64 {
    Self.scale(ticks, by: UInt64(Self.nanoseconds.perSecond), over: perSecond)
  }

  /// `value * factor / divisor`. Both factors of the second product have 32 bits.
  private static func scale(_ value: UInt64, by factor: UInt64, over divisor: UInt32) -> UInt64 {
    let divisor = UInt64(divisor)
    let (whole, overflow) = (value / divisor).multipliedReportingOverflow(by: factor)
    let (sum, carry) = whole.addingReportingOverflow(value % divisor * factor / divisor)
    return overflow || carry ? .max : sum
  }
}
