/// What became of a mistake.
struct Outcome: Sendable {
  var mutation: Mutation
  var verdict: Trial.Verdict

  /// True where the tests do as they should: they notice it, or it changes nothing and they notice nothing.
  var isAsItShouldBe: Bool { (verdict == .survived) == (mutation.equivalence != nil) }
}
