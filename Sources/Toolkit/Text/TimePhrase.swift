/// A time and more of them, each after a word that says what it is: `200us every 1ms within 500us`.
struct TimePhrase {
  /// The time at the start.
  var lead: UInt64
  /// The others, in nanoseconds, by their words.
  var clauses: [String: UInt64]

  /// Reads a phrase in which only `words` may stand, each once. A failure says what to write, as in `example`.
  init(_ text: some StringProtocol, words: [String], example: String) throws(Failure) {
    let tokens = Self.tokens(of: text)
    guard let first = tokens.first, let lead = Units.duration(first) else {
      throw Failure("cannot read '\(text)'; write for example `\(example)`")
    }
    self.lead = lead
    clauses = [:]
    var rest = tokens.dropFirst()
    while let word = rest.popFirst() {
      guard words.contains(word) else {
        throw Failure("'\(word)' means nothing here; \(Suggestion.hint(for: word, among: words))")
      }
      guard let time = rest.popFirst().flatMap(Units.duration) else {
        throw Failure("'\(word)' needs a time after it, such as 1ms; write for example `\(example)`")
      }
      guard clauses.updateValue(time, forKey: word) == nil else {
        throw Failure("'\(word)' is said twice; keep one")
      }
    }
  }

  /// The pattern (ECMA 262) of such a phrase, in which one of the words has to stand.
  static func pattern(words: [String], needing needed: String) -> String {
    let time = "(0|[0-9][0-9_]* *(ns|us|ms|s))"
    return "^(?=.* \(needed) ) *\(time)( +(\(words.joined(separator: "|"))) +\(time))* *$"
  }

  /// The words of a text. A number may have a space before its unit: `200 us`.
  private static func tokens(of text: some StringProtocol) -> [String] {
    var tokens: [String] = []
    for word in String(text).split(whereSeparator: \.isWhitespace).map(String.init) {
      if let last = tokens.last, Units.number(last) != nil, ["ns", "us", "ms", "s"].contains(word) {
        tokens[tokens.count - 1] += word
      } else {
        tokens.append(word)
      }
    }
    return tokens
  }
}

/// Time that is promised to a vCPU, as a person writes it: `200us every 1ms`, and maybe `within 500us`.
public struct ReservationPhrase: Equatable, Sendable {
  /// Nanoseconds in each period.
  public var budget: UInt64
  /// The period in nanoseconds.
  public var period: UInt64
  /// Nanoseconds from the period's start to the deadline, which is the period's end unless the phrase says otherwise.
  public var deadline: UInt64

  /// Reads the phrase.
  public init(_ text: String) throws(Failure) {
    let example = "200us every 1ms"
    let phrase = try TimePhrase(text, words: ["every", "within"], example: example)
    guard let period = phrase.clauses["every"] else {
      throw Failure("a reservation needs a period: 'every' and a time; write for example `\(example)`")
    }
    (budget, self.period, deadline) = (phrase.lead, period, phrase.clauses["within"] ?? period)
    guard budget > 0, period > 0, deadline > 0 else {
      throw Failure("a reservation promises some time in each period; write for example `\(example)`, or leave it out")
    }
  }
}
