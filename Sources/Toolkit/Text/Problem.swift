/// A place in a file that a person wrote.
public struct Position: Hashable, Comparable, Sendable {
  /// The line, from 1.
  public var line: Int
  /// The column in Unicode scalars, from 1.
  public var column: Int
  /// Names a line and a column.
  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }
  /// The first character of a file.
  public static let start = Position(line: 1, column: 1)
  /// Orders positions as one reads.
  public static func < (lhs: Position, rhs: Position) -> Bool { (lhs.line, lhs.column) < (rhs.line, rhs.column) }
}

/// A value and where it was written.
public struct Located<Value> {
  /// The value.
  public var value: Value
  /// Where its first character stands.
  public var position: Position
  /// Puts a value and its place together.
  public init(_ value: Value, at position: Position) {
    self.value = value
    self.position = position
  }
  /// The same place with another value.
  public func map<Other>(_ change: (Value) throws -> Other) rethrows -> Located<Other> {
    Located<Other>(try change(value), at: position)
  }
}

extension Located: Sendable where Value: Sendable {}
extension Located: Equatable where Value: Equatable {}

/// One mistake in a file: where it is, what is wrong and how to mend it.
public struct Problem: Hashable, Sendable {
  /// The file, as the person named it.
  public var file: String
  /// Where in the file.
  public var position: Position
  /// What is wrong; after a semicolon, how to mend it.
  public var message: String
  /// The line of text that it is about, or nil where there is none to show.
  public var excerpt: String?
  /// True where the system works all the same.
  public var isWarning: Bool

  /// Names a mistake.
  public init(file: String, position: Position, message: String, excerpt: String? = nil, isWarning: Bool = false) {
    self.file = file
    self.position = position
    self.message = message
    self.excerpt = excerpt
    self.isWarning = isWarning
  }
}

extension Problem: CustomStringConvertible {
  /// How much of a line is shown before and behind the place.
  private static let context = 160

  /// `file:line:column: error: message`, then the line with a caret under the place. Of a very long line the part about the
  /// place is shown.
  public var description: String {
    let headline = "\(file):\(position.line):\(position.column): \(isWarning ? "warning" : "error"): \(message)"
    guard let excerpt else { return headline }
    let number = String(position.line)
    let gutter = String(repeating: " ", count: number.count)
    // A tab stays a tab, so that the caret stands below its character on every terminal.
    let all = excerpt.unicodeScalars
    let before = all.prefix(max(position.column, 1) - 1)
    let isCut = before.count > Self.context
    let lead = (isCut ? "…" : "") + String(String.UnicodeScalarView(before.suffix(Self.context)))
    let rest = all.dropFirst(before.count)
    let tail = String(String.UnicodeScalarView(rest.prefix(Self.context)))
    let blank = String(lead.unicodeScalars.map { $0 == "\t" ? "\t" : " " })
    return "\(headline)\n  \(number) | \(lead)\(tail)\(rest.count > Self.context ? "…" : "")\n  \(gutter) | \(blank)^"
  }
}

/// All the mistakes that were found in one go.
public struct Problems: Error, CustomStringConvertible, Sendable {
  /// The mistakes, in the order of the file.
  public var problems: [Problem]
  /// Collects mistakes.
  public init(_ problems: [Problem]) {
    self.problems = problems
  }
  /// More than this nobody reads in one go.
  private static let shownCount = 50
  /// Each mistake with its line, then how many there are.
  public var description: String {
    let errors = problems.count { !$0.isWarning }
    let count = errors == 1 ? "1 error" : "\(errors) errors"
    let hidden = problems.count - Self.shownCount
    let more = hidden > 0 ? "\n… and \(hidden) more" : ""
    return problems.prefix(Self.shownCount).map(\.description).joined(separator: "\n") + more + "\n\(count)"
  }
}

/// A mistake that belongs to no place in a file.
public struct Failure: Error, Equatable, CustomStringConvertible, Sendable {
  /// What went wrong; after a semicolon, how to mend it.
  public var description: String
  /// Says what went wrong.
  public init(_ description: String) {
    self.description = description
  }
}
