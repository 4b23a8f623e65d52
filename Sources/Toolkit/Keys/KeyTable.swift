/// The keys that one mapping of a YAML file may have: what the parser asks for and refuses, what the JSON schema has editors
/// complete and check, and what the manual's reference says. There is no other list of them.
public struct KeyTable: Sendable {
  /// The mapping as messages name it: "a VM".
  public var name: String
  /// One sentence about it.
  public var summary: String
  /// Its keys, in the order in which a person reads about them.
  public var keys: [Key]
  /// Of the keys of each group one has to be there; none of them is required by itself.
  public var choices: [Choice]

  /// Names a mapping and its keys.
  public init(_ name: String, _ summary: String, choices: [Choice] = [], keys: [Key]) {
    self.name = name
    self.summary = summary
    self.keys = keys
    self.choices = choices
  }

  /// One key.
  public struct Key: Sendable {
    /// As it is written.
    public var name: String
    /// What its value looks like.
    public var kind: ValueKind
    /// True where the mapping cannot be without it.
    public var isRequired: Bool
    /// What holds where it is left out; nil where that needs no words.
    public var otherwise: String?
    /// One sentence about it.
    public var summary: String
    /// A value, as YAML in one line.
    public var example: String
  }

  /// A group of keys.
  public struct Choice: Sendable {
    /// The keys.
    public var keys: [String]
    /// True where more than one is a mistake.
    public var isExclusive: Bool
  }

  /// The key of that name. To ask for one that is not in the table is a mistake of the parser's.
  func key(_ name: String) -> Key {
    guard let key = keys.first(where: { $0.name == name }) else { preconditionFailure("\(self.name) has no '\(name)'") }
    return key
  }
}

extension KeyTable.Key {
  /// A key that has to be there.
  static func needed(_ name: String, _ kind: ValueKind, example: String, _ summary: String) -> Self {
    Self(name: name, kind: kind, isRequired: true, otherwise: nil, summary: summary, example: example)
  }

  /// A key that may be left out.
  static func optional(
    _ name: String, _ kind: ValueKind, otherwise: String? = nil, example: String, _ summary: String
  ) -> Self {
    Self(name: name, kind: kind, isRequired: false, otherwise: otherwise, summary: summary, example: example)
  }
}
