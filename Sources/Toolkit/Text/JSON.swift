/// A JSON value to write. Objects keep the order in which their members were given, so that a person can read them.
public enum JSON: Sendable {
  /// A string.
  case text(String)
  /// A whole number.
  case number(Int)
  /// `true` or `false`.
  case truth(Bool)
  /// Nothing.
  case null
  /// An array.
  case list([JSON])
  /// Members in order.
  case object([(name: String, value: JSON)])

  /// A string, or nothing.
  public init(_ text: String?) { self = text.map(JSON.text) ?? .null }

  /// A number that fits; times and sizes do.
  public init(_ number: UInt64) { self = .number(Int(clamping: number)) }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
  /// A string.
  public init(stringLiteral value: String) { self = .text(value) }
  /// A number.
  public init(integerLiteral value: Int) { self = .number(value) }
  /// A truth value.
  public init(booleanLiteral value: Bool) { self = .truth(value) }
}

extension JSON: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
  /// An array.
  public init(arrayLiteral elements: JSON...) { self = .list(elements) }
  /// An object.
  public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements.map { ($0.0, $0.1) }) }
}

extension JSON: CustomStringConvertible {
  /// The text, with two spaces for each level; what is short stays in one line.
  public var description: String { text(at: "") }

  private func text(at margin: String) -> String {
    switch self {
    case .text(let text): Self.quoted(text)
    case .number(let number): "\(number)"
    case .truth(let value): "\(value)"
    case .null: "null"
    case .list(let elements):
      Self.block("[", elements.map { $0.text(at: margin + "  ") }, "]", at: margin)
    case .object(let members):
      Self.block("{", members.map { "\(Self.quoted($0.name)): \($0.value.text(at: margin + "  "))" }, "}", at: margin)
    }
  }

  private static func block(_ open: String, _ parts: [String], _ close: String, at margin: String) -> String {
    let line = open + parts.joined(separator: ", ") + close
    if line.count + margin.count <= 100, !line.contains("\n") { return line }
    return "\(open)\n" + parts.map { "\(margin)  \($0)" }.joined(separator: ",\n") + "\n\(margin)\(close)"
  }

  /// RFC 8259, section 7: quotes, backslashes and control characters are escaped.
  static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
