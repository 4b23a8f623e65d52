internal import Yams

/// Reads a YAML file with positions and collects every mistake instead of stopping at the first.
final class YAMLReader {
  let source: SourceText
  private(set) var problems: [Problem] = []
  private var hasSeenMerge = false
  /// Nobody reads more of them, and a file may have any number.
  private static let problemLimit = 1000

  init(_ source: SourceText) {
    self.source = source
  }

  /// The document's root, or nil (with a problem) where the text is no YAML or empty.
  func root() -> Node? {
    if let (position, message) = YAMLLimits.excess(in: source.text) {
      report(at: position, message)
      return nil
    }
    do {
      if let node = try Yams.compose(yaml: source.text), node.null == nil || node.scalar?.string.isEmpty == false {
        return node
      }
      report(at: .start, "the file is empty; see the demo's system.yaml for an example")
    } catch let error as YamlError {
      report(error)
    } catch {
      report(at: .start, "\(error)")
    }
    return nil
  }

  /// Notes a mistake.
  func report(at position: Position, _ message: String) {
    guard problems.count < Self.problemLimit else { return }
    problems.append(source.problem(at: position, Self.shortened(message)))
  }

  /// A message without the middle of what is very long in it.
  private static func shortened(_ message: String) -> String {
    guard message.utf8.count > 600 else { return message }
    let scalars = message.unicodeScalars
    return String(String.UnicodeScalarView(scalars.prefix(300))) + " … "
      + String(String.UnicodeScalarView(scalars.suffix(200)))
  }

  /// Notes a mistake at a node.
  func report(at node: Node, _ message: String) {
    report(at: position(of: node), message)
  }

  func position(of node: Node) -> Position {
    node.mark.map { Position(line: $0.line, column: $0.column) } ?? .start
  }

  /// Throws all that was found, if anything was.
  func finish() throws {
    guard problems.isEmpty else {
      throw Problems(problems.sorted { ($0.position, $0.message) < ($1.position, $1.message) })
    }
  }

  /// The entries of a mapping whose keys all must be in the table; those that it needs are reported where they are missing.
  func fields(of node: Node, _ table: KeyTable) -> Fields? {
    guard let mapping = node.mapping else {
      report(at: node, "\(table.name) must be a mapping of `key: value` lines, not \(kind(of: node))")
      return nil
    }
    let known = table.keys.map(\.name)
    var entries: [String: Node] = [:]
    for (key, value) in mapping {
      let name = key.string ?? ""
      if known.contains(name) {
        entries[name] = value
      } else if name == "<<" {
        if !hasSeenMerge { report(at: key, "TVisor's files have no '<<'; write out what it would bring") }
        hasSeenMerge = true
      } else {
        report(at: key, "unknown key '\(name)' in \(table.name); \(Suggestion.hint(for: name, among: known))")
      }
    }
    for key in table.keys where key.isRequired && entries[key.name] == nil {
      report(at: node, "\(table.name) needs '\(key.name)'; add for example `\(key.name): \(key.example)`")
    }
    return Fields(reader: self, node: node, table: table, entries: entries)
  }

  func kind(of node: Node) -> String {
    switch node {
    case .scalar(let scalar): scalar.string.isEmpty ? "nothing" : "'\(scalar.string)'"
    case .mapping: "a mapping"
    case .sequence: "a list"
    case .alias: "an alias"
    }
  }

  private func report(_ error: YamlError) {
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let detail = [context?.text, problem].compactMap { $0 }.joined(separator: ": ")
      report(
        at: Position(line: mark.line, column: mark.column),
        "this is not YAML (\(detail)); check the indentation, colons and quotes")
    case .duplicatedKeysInMapping(let duplicates, let context):
      let position = Position(line: context.mark.line, column: context.mark.column)
      let names = duplicates.map { "'\($0)'" }.joined(separator: ", ")
      report(at: position, "the key \(names) is given twice in this mapping; keep one")
    case .reader(let problem, _, _, _):
      report(at: .start, "this is not YAML (\(problem)); save the file as UTF-8")
    default:
      report(at: .start, "this is not YAML (\(error))")
    }
  }
}
