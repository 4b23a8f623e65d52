internal import GuestSupport

/// A busy vCPU's own view of its time: it reads the counter again and again, and what lies between two readings that are further
/// apart than its own few instructions was somebody else's.
struct Running {
  /// More than this between two readings is time taken away.
  static let most: UInt64 = 64
  /// The last reading.
  private(set) var now = Counter.now
  /// How much of the time since the start was this vCPU's.
  private(set) var ran: UInt64 = 0

  /// Reads the counter.
  /// - Returns: how much was taken since the last reading; zero where nothing was.
  @inline(__always)
  mutating func look() -> UInt64 {
    let reading = Counter.now
    let step = reading &- now
    now = reading
    guard step > Self.most else {
      ran &+= step
      return 0
    }
    return step
  }

  /// What has run since the last call.
  mutating func take() -> UInt64 {
    defer { ran = 0 }
    return ran
  }
}
