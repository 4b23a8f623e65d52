internal import GuestEntry
internal import GuestSupport

/// Machines that are there for others to be measured beside them.
enum Bystander {
  /// Sleeps for good: present, and never ready to run.
  static func idle() -> Never { PSCI.halt() }

  /// Never sleeps: takes every slice that it is given to its end.
  static func busy() -> Never {
    guest_mask_interrupts()
    while true { guest_relax() }
  }
}

/// What it takes to change from one machine to the other where two take turns with equal slices and neither ever sleeps:
/// from the end of one's slice to the first instruction of the other.
///
/// This machine sees only itself: how long it ran, and how long it did not. The other one runs as long as this one, so
/// half of the difference is one change. It is exact to the few instructions between two readings of the counter.
struct TurnTaking {
  /// The first reading of this machine's turn.
  private var turnStart = Counter.now

  /// Runs to the end of this turn and of the other's.
  mutating func sample() -> UInt64 {
    // What happened since the last sample is part of the turn, however long it took.
    var last = Counter.now
    while true {
      let now = Counter.now
      let pause = now &- last
      // What is shorter than 20 µs is an interrupt within the turn, not the other's slice.
      if pause > Counter.frequency / 50_000 {
        let turn = last &- turnStart
        turnStart = now
        return pause > turn ? (pause &- turn) / 2 : 0
      }
      last = now
    }
  }
}
