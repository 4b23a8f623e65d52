/// Time that a vCPU is promised: a budget in each period, until a deadline after the period's start.
public struct TimeReservation: Equatable, Sendable {
  /// How many nanoseconds it may run in each period.
  public var budgetNanoseconds: UInt64
  /// The period, in nanoseconds.
  public var periodNanoseconds: UInt64
  /// When it has had its budget at the latest, in nanoseconds from the period's start.
  public var deadlineNanoseconds: UInt64

  /// A reservation; the deadline is the period's end where none is given.
  public init(budgetNanoseconds: UInt64, periodNanoseconds: UInt64, deadlineNanoseconds: UInt64? = nil) {
    self.budgetNanoseconds = budgetNanoseconds
    self.periodNanoseconds = periodNanoseconds
    self.deadlineNanoseconds = deadlineNanoseconds ?? periodNanoseconds
  }
}
