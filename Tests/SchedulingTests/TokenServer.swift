/// A reservation as theory has it, as slowly and plainly as possible: each tick of the budget is a token of its own, which
/// comes back one period after its release, and which is due `deadline` after that. A vCPU that wakes releases anew those
/// that it has.
struct TokenServer {
  let period: UInt64
  let deadline: UInt64
  var releases: [UInt64]
  /// When the vCPU woke last.
  var woken: UInt64 = 0

  init(budget: UInt64, period: UInt64, deadline: UInt64) {
    self.period = period
    self.deadline = deadline
    releases = [UInt64](repeating: 0, count: Int(budget))
  }

  mutating func wake(at now: UInt64) {
    releases = releases.map { $0 <= now ? now : $0 }
    woken = now
  }

  /// The vCPU wants to run, and there is no token: all come back with the last, if none comes back within a period after it
  /// woke.
  mutating func starve(at now: UInt64) {
    guard let first = releases.min(), let last = releases.max(), first > now, first >= woken + period else { return }
    releases = releases.map { _ in last }
  }

  /// How many instants there are at which something comes back.
  var instantCount: Int { Set(releases).count }

  /// When the token that would be used next is due, or nil where none is there at `now`.
  func due(at now: UInt64) -> UInt64? {
    let first = releases.min()!
    return first <= now ? first + deadline : nil
  }

  /// Uses the token that was released first.
  mutating func useOne() {
    let first = releases.indices.min { releases[$0] < releases[$1] }!
    releases[first] += period
  }
}
