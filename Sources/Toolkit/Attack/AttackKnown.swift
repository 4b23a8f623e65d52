internal import Foundation

/// Promises that are known not to be kept yet, and what was measured then: a file of lines `NAME: FIGURE`, in the order of the
/// names. A promise that is not in it has to be kept; one that is in it may not be broken by much more than it was.
public struct AttackKnown: Equatable, Sendable {
  /// The figures by the cases' names.
  public var figures: [String: UInt64]

  /// No promise is known to be broken.
  public init() { figures = [:] }

  /// The broken promises among outcomes.
  public init(_ outcomes: [AttackOutcome]) {
    figures = [:]
    for outcome in outcomes where !outcome.isKept { figures[outcome.attackCase.name] = outcome.attacked.figure }
  }

  /// Reads a file's text.
  public init(reading text: String) throws {
    figures = [:]
    for line in text.split(separator: "\n") {
      let parts = line.components(separatedBy: ": ")
      guard parts.count == 2, let figure = UInt64(parts[1]) else {
        throw Failure("'\(line)' is no attack with its figure")
      }
      figures[parts[0]] = figure
    }
  }

  /// The file's text.
  public var text: String {
    figures.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\n" }.joined()
  }

  /// These with what was measured now: of each case that was run only the new figure counts.
  public func updated(by outcomes: [AttackOutcome]) -> AttackKnown {
    var known = self
    for outcome in outcomes {
      known.figures[outcome.attackCase.name] = outcome.isKept ? nil : outcome.attacked.figure
    }
    return known
  }

  /// True where a broken promise is known, and was broken by as much but for a quarter: a change of the compiler's moves
  /// such figures. What people type comes when it comes, and figures of that are as they are.
  public func excuses(_ outcome: AttackOutcome) -> Bool {
    guard let figure = figures[outcome.attackCase.name] else { return false }
    guard outcome.attackCase.attack.typed == nil else { return true }
    return outcome.promise.isLeast
      ? outcome.attacked.figure >= figure - figure / 4 : outcome.attacked.figure <= figure + figure / 4 + 1000
  }
}
