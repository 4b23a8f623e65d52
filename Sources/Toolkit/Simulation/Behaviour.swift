/// What a vCPU is taken to do while it is simulated.
public enum Behaviour: Equatable, Sendable {
  /// It always has work: `busy`.
  case busy
  /// It never has work: `idle`.
  case idle
  /// A job that needs `work` nanoseconds is released every `period`, the first one at `offset`, and should be done
  /// `deadline` after its release: `150us every 1ms`, with `after 300us` and `within 900us` as one likes.
  case periodic(work: UInt64, period: UInt64, offset: UInt64, deadline: UInt64)
  /// Jobs as above without deadlines until `busyFrom`, and work without end from then on: `20us every 37us busy-from 50ms`.
  /// So it has a history of blocking when it does not block any more.
  case settling(work: UInt64, period: UInt64, busyFrom: UInt64)
  /// Jobs of any length, at any time, both exponentially distributed about these means, the same again for the same seed:
  /// `bursts of 300us every 5ms`, with `seed 7` as one likes.
  case bursty(work: UInt64, gap: UInt64, seed: UInt64)

  /// The pattern (ECMA 262) of what people write.
  static let pattern =
    "^ *(busy|idle|bursts +of +.+) *$|"
    + TimePhrase.pattern(words: ["every", "within", "after", "busy-from"], needing: "every")

  private static let examples = "`busy`, `idle`, `150us every 1ms` or `bursts of 300us every 5ms`"

  /// Reads a behaviour as a person writes it.
  public init(_ text: String) throws(Failure) {
    let words = text.split(whereSeparator: \.isWhitespace)
    switch words.first {
    case "busy" where words.count == 1: self = .busy
    case "idle" where words.count == 1: self = .idle
    case "bursts": self = try Self.bursty(words.dropFirst())
    case let word? where word.first?.isNumber == true: self = try Self.periodic(text)
    default:
      let known = ["busy", "idle", "bursts"]
      let near = words.first.flatMap { Suggestion.nearest(to: String($0), among: known) }
      let hint = near.map { "did you mean '\($0)'?" } ?? "write \(Self.examples)"
      throw Failure("'\(text)' is no behaviour; \(hint)")
    }
  }

  private static func periodic(_ text: String) throws(Failure) -> Behaviour {
    let example = "150us every 1ms"
    let phrase = try TimePhrase(text, words: ["every", "within", "after", "busy-from"], example: example)
    guard let period = phrase.clauses["every"], period > 0, phrase.lead > 0 else {
      throw Failure("a periodic job needs a length and, after 'every', a period; write for example `\(example)`")
    }
    if let busyFrom = phrase.clauses["busy-from"] {
      guard phrase.clauses.count == 2 else {
        throw Failure("beside 'busy-from' only 'every' can stand; take the rest out")
      }
      return .settling(work: phrase.lead, period: period, busyFrom: busyFrom)
    }
    return .periodic(
      work: phrase.lead, period: period, offset: phrase.clauses["after"] ?? 0,
      deadline: phrase.clauses["within"] ?? period)
  }

  private static func bursty(_ words: ArraySlice<Substring>) throws(Failure) -> Behaviour {
    let example = "bursts of 300us every 5ms"
    var words = words
    guard words.popFirst() == "of" else { throw Failure("'bursts' needs a length; write for example `\(example)`") }
    var seed: UInt64 = 1
    if let place = words.firstIndex(of: "seed") {
      guard place + 2 == words.endIndex, let number = Units.number(String(words[place + 1])) else {
        throw Failure("'seed' needs a number after it and stands last; write for example `\(example) seed 7`")
      }
      seed = number
      words = words[..<place]
    }
    let phrase = try TimePhrase(words.joined(separator: " "), words: ["every"], example: example)
    guard let gap = phrase.clauses["every"], gap > 0, phrase.lead > 0 else {
      throw Failure("bursts need a length and, after 'every', a mean time between them; write for example `\(example)`")
    }
    return .bursty(work: phrase.lead, gap: gap, seed: seed)
  }
}

extension Behaviour: CustomStringConvertible {
  /// The behaviour as a person writes it.
  public var description: String {
    switch self {
    case .busy: return "busy"
    case .idle: return "idle"
    case .periodic(let work, let period, let offset, let deadline):
      var text = "\(Units.describe(time: work)) every \(Units.describe(time: period))"
      if offset > 0 { text += " after \(Units.describe(time: offset))" }
      if deadline != period { text += " within \(Units.describe(time: deadline))" }
      return text
    case .settling(let work, let period, let busyFrom):
      return "\(Units.describe(time: work)) every \(Units.describe(time: period))"
        + " busy-from \(Units.describe(time: busyFrom))"
    case .bursty(let work, let gap, let seed):
      return "bursts of \(Units.describe(time: work)) every \(Units.describe(time: gap))"
        + (seed == 1 ? "" : " seed \(seed)")
    }
  }
}
