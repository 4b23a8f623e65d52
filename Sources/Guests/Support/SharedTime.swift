internal import GuestEntry

/// The time that all machines on a board share: the physical counter. A machine's virtual counter begins with it, so that two
/// machines that mean the same instant have to go by the physical one.
public struct SharedTime: Sendable {
  /// How far the physical counter is ahead of this machine's virtual one, to within the few instructions between two reads.
  public let lead: UInt64

  /// Compares the two counters.
  public init() { lead = guest_physical_count() &- guest_virtual_count() }

  /// The first multiple of `period`, and `phase` after it, that is at least `margin` ahead: as the virtual counter will say it.
  public func next(period: UInt64, phase: UInt64 = 0, margin: UInt64 = 0) -> UInt64 {
    let from = Counter.now &+ lead &+ margin &- phase
    return (from / period &+ 1) &* period &+ phase &- lead
  }
}
