internal import Yams

/// The entries of one YAML mapping. A missing or bad entry is reported to the reader and read as nil.
struct Fields {
  let reader: YAMLReader
  let node: Node
  let what: String
  let entries: [String: Node]

  /// Where the mapping stands.
  var position: Position { reader.position(of: node) }

  func has(_ key: String) -> Bool { entries[key] != nil }

  /// Where the entry's value stands, or the mapping where there is no such entry.
  func position(of key: String) -> Position { entries[key].map(reader.position(of:)) ?? position }

  /// Reports the entry as missing, with an example of how to write it.
  func require(_ key: String, example: String) {
    if entries[key] == nil { reader.report(at: node, "\(what) needs '\(key)'; add for example `\(key): \(example)`") }
  }

  /// The entry's node, for an entry with a shape of its own.
  func node(_ key: String) -> Node? { entries[key] }

  /// A text or number as it was written.
  func text(_ key: String) -> Located<String>? {
    guard let node = entries[key] else { return nil }
    return scalar(node, key: key)
  }

  /// One of a few words.
  func word<Choice: RawRepresentable & CaseIterable>(_ key: String, as _: Choice.Type) -> Located<Choice>?
  where Choice.RawValue == String {
    guard let text = text(key) else { return nil }
    if let choice = Choice(rawValue: text.value) { return Located(choice, at: text.position) }
    let hint = Suggestion.hint(for: text.value, among: Choice.allCases.map(\.rawValue))
    reader.report(at: text.position, "'\(text.value)' is no \(key); \(hint)")
    return nil
  }

  /// A number, an address.
  func number(_ key: String) -> Located<UInt64>? {
    parsed(key, Units.number, expected: "a number such as 2 or 0x4000_0000")
  }

  /// A number of bytes.
  func size(_ key: String) -> Located<UInt64>? {
    parsed(key, Units.size, expected: "a size such as 64KiB, 256MiB or 1GiB")
  }

  /// A time in nanoseconds.
  func duration(_ key: String) -> Located<UInt64>? {
    parsed(key, Units.duration, expected: "a time such as 500us, 1ms or 2s")
  }

  /// A frequency in hertz.
  func frequency(_ key: String) -> Located<UInt64>? {
    parsed(key, Units.frequency, expected: "a frequency such as 48MHz")
  }

  /// The elements of a list; reports anything but a list, and reads it as an empty one. Of one that is longer than `limit`, that
  /// is said, and its beginning is read.
  func list(_ key: String, of elements: String, atMost limit: Int = 4096) -> [Node] {
    guard let node = entries[key] else { return [] }
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
  func numbers(_ key: String, of elements: String) -> [Located<UInt64>] {
    list(key, of: elements).compactMap { number($0, key: key) }
  }

  /// A plain number in the list at `key`.
  func number(_ node: Node, key: String) -> Located<UInt64>? {
    scalar(node, key: key).flatMap { convert($0, Units.number, expected: "a number such as 0") }
  }

  /// A list of plain texts.
  func texts(_ key: String, of elements: String) -> [Located<String>] {
    list(key, of: elements).compactMap { scalar($0, key: key) }
  }

  /// A plain text in the list at `key`.
  func text(_ node: Node, key: String) -> Located<String>? { scalar(node, key: key) }

  private func parsed(_ key: String, _ parse: (String) -> UInt64?, expected: String) -> Located<UInt64>? {
    text(key).flatMap { convert($0, parse, expected: "\(key): \(expected)") }
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
