internal import Yams

/// The entries of one YAML mapping, whose keys are a table's. A missing or bad entry is reported to the reader and read as nil.
struct Fields {
  let reader: YAMLReader
  let node: Node
  let table: KeyTable
  let entries: [String: Node]

  /// Where the mapping stands.
  var position: Position { reader.position(of: node) }

  func has(_ key: String) -> Bool { entries[key] != nil }

  /// Where the entry's value stands, or the mapping where there is no such entry.
  func position(of key: String) -> Position { entries[key].map(reader.position(of:)) ?? position }

  /// The entry's node, for an entry with a shape of its own.
  func node(_ key: String) -> Node? { entries[table.key(key).name] }

  /// A text or number as it was written.
  func text(_ key: String) -> Located<String>? {
    node(key).flatMap { scalar($0, key: key) }
  }

  /// One of the words that the table has for the key.
  func word(_ key: String) -> Located<String>? {
    guard let text = text(key), case .word(let words) = table.key(key).kind else { return nil }
    if words.contains(text.value) { return text }
    reader.report(at: text.position, "'\(text.value)' is no \(key); \(Suggestion.hint(for: text.value, among: words))")
    return nil
  }

  /// The same, as the choice that the word stands for.
  func word<Choice: RawRepresentable & CaseIterable>(_ key: String, as _: Choice.Type) -> Located<Choice>?
  where Choice.RawValue == String {
    guard let word = word(key), let choice = Choice(rawValue: word.value) else { return nil }
    return Located(choice, at: word.position)
  }

  /// A number, an address.
  func number(_ key: String) -> Located<UInt64>? { parsed(key, Units.number) }

  /// A number of bytes.
  func size(_ key: String) -> Located<UInt64>? { parsed(key, Units.size) }

  /// A time in nanoseconds.
  func duration(_ key: String) -> Located<UInt64>? { parsed(key, Units.duration) }

  /// A frequency in hertz.
  func frequency(_ key: String) -> Located<UInt64>? { parsed(key, Units.frequency) }

  /// The elements of a list; reports anything but a list, and reads it as an empty one. Of one that is longer than it may be, that
  /// is said, and its beginning is read.
  func list(_ key: String) -> [Node] {
    guard let node = node(key) else { return [] }
    let (elements, limit) = (table.key(key).kind.elements, table.key(key).kind.greatestCount)
    if let sequence = node.sequence {
      if sequence.count > limit {
        reader.report(at: sequence[limit], "'\(key)' has \(sequence.count) entries; give at most \(limit)")
      }
      return Array(sequence.prefix(limit))
    }
    reader.report(at: node, "'\(key)' must be a list of \(elements), not \(reader.kind(of: node))")
    return []
  }

  /// A text with a shape of its own, which `read` knows.
  func phrase<Value>(_ key: String, _ read: (String) throws(Failure) -> Value) -> Located<Value>? {
    guard let text = text(key) else { return nil }
    do throws(Failure) {
      return Located(try read(text.value), at: text.position)
    } catch {
      reader.report(at: text.position, error.description)
      return nil
    }
  }

  /// A list of plain numbers such as `[0, 1]`.
  func numbers(_ key: String) -> [Located<UInt64>] {
    list(key).compactMap { number($0, key: key) }
  }

  /// A plain number in the list at `key`.
  func number(_ node: Node, key: String) -> Located<UInt64>? {
    scalar(node, key: key).flatMap { convert($0, Units.number, expected: "a number such as 0") }
  }

  /// A list of plain texts.
  func texts(_ key: String) -> [Located<String>] {
    list(key).compactMap { scalar($0, key: key) }
  }

  /// A plain text in the list at `key`.
  func text(_ node: Node, key: String) -> Located<String>? { scalar(node, key: key) }

  /// A number in some unit, within the limits that the table has for the key; one outside is reported, and goes on as it is.
  private func parsed(_ name: String, _ parse: (String) -> UInt64?) -> Located<UInt64>? {
    let key = table.key(name)
    guard let value = text(name).flatMap({ convert($0, parse, expected: "\(name): \(key.kind.expectation)") })
    else { return nil }
    if !key.kind.allows(value.value), let limits = key.kind.limits {
      reader.report(
        at: value.position,
        "'\(name)' goes from \(limits.first) to \(limits.last); write for example `\(name): \(key.example)`")
    }
    return value
  }

  private func convert(_ text: Located<String>, _ parse: (String) -> UInt64?, expected: String) -> Located<UInt64>? {
    if let value = parse(text.value) { return Located(value, at: text.position) }
    reader.report(at: text.position, "cannot read '\(text.value)'; write \(expected)")
    return nil
  }

  private func scalar(_ node: Node, key: String) -> Located<String>? {
    if let scalar = node.scalar, !scalar.string.isEmpty || scalar.style != .any && scalar.style != .plain {
      return Located(scalar.string, at: reader.position(of: node))
    }
    reader.report(at: node, "'\(key)' must be a single value, not \(reader.kind(of: node))")
    return nil
  }
}
