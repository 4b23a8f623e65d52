/// A reservation as theory has it, as slowly and plainly as possible: each tick of the budget is a token of its own, which
/// comes back one period after its release, and which is due `deadline` after that. A vCPU that wakes releases anew those
/// that it has.
struct TokenServer {
  let period: UInt64
  let deadline: UInt64
  var releases: [UInt64]

  init(budget: UInt64, period: UInt64, deadline: UInt64) {
    self.period = period
    self.deadline = deadline
    releases = [UInt64](repeating: 0, count: Int(budget))
  }

  mutating func wake(at now: UInt64) { releases = releases.map { $0 <= now ? now : $0 } }

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
