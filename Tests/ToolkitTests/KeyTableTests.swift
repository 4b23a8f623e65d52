import Foundation
import TestSupport
import Testing
import Toolkit
import Yams

/// A file of one of the two kinds, made of a table's examples.
struct SampleFile: Sendable, CustomTestStringConvertible {
  /// The kind: `system` or `board`.
  var kind: String
  /// The path of the mapping that the key is in: `vms[].vcpus[]`.
  var path: String
  var table: KeyTable
  var key: KeyTable.Key

  var testDescription: String { "\(kind): \(path).\(key.name)" }

  static let roots = ["system": KeyTable.system, "board": .board]

  /// One for each key that there is.
  static let all: [SampleFile] = roots.sorted { $0.key < $1.key }.flatMap { kind, root in
    root.tables(at: "").flatMap { path, table in
      table.keys.map { SampleFile(kind: kind, path: path, table: table, key: $0) }
    }
  }

  /// The file with the key's example, or with another value or name there.
  func text(value: String? = nil, name: String? = nil) -> String {
    let own = Self.mapping(table, with: key.name, name ?? key.name, value ?? key.example)
    var steps = path.split(separator: ".").map(String.init)
    var text = own
    while let step = steps.popLast() {
      let name = step.replacing("[]", with: "")
      let outer = Self.roots[kind]?.tables(at: "").first { $0.path == steps.joined(separator: ".") }?.table
      text = Self.mapping(outer ?? .system, with: name, name, step.hasSuffix("[]") ? "[\(text)]" : text)
    }
    return text
  }

  /// What the table needs, and one entry.
  private static func mapping(_ table: KeyTable, with key: String, _ name: String, _ value: String) -> String {
    var names = Set(table.keys.filter(\.isRequired).map(\.name))
    for choice in table.choices where !choice.keys.contains(key) { names.insert(choice.keys[0]) }
    names.remove(key)
    let others = table.keys.filter { names.contains($0.name) }.map { "\($0.name): \(quoted($0.example))" }
    return "{" + (others + ["\(name): \(quoted(value))"]).joined(separator: ", ") + "}"
  }

  /// A text with what means something within braces.
  private static func quoted(_ value: String) -> String {
    value.first == "[" || value.first == "{" || value.first == "\"" ? value : "\"\(value)\""
  }

  /// What the parser says of a text.
  func mistakes(in text: String) -> [String] {
    let source = SourceText(path: "\(kind).yaml", text: text)
    do {
      if kind == "system" { _ = try SystemFile(parsing: source) } else { _ = try Board(parsing: source) }
      return []
    } catch let problems as Problems { return problems.problems.map(\.message) } catch { return ["\(error)"] }
  }

  /// What the schema says of a text.
  func schemaMistakes(in text: String) throws -> [String] {
    let table = try #require(Self.roots[kind])
    let value = try #require(try Yams.load(yaml: text))
    return try JSONSchema("\(table.schema(title: kind))").mistakes(in: value)
  }
}

@Suite("The table of keys", .timeLimited)
struct KeyTableTests {
  @Test("has examples that parser and schema take", arguments: SampleFile.all)
  func examples(sample: SampleFile) throws {
    // A table of a cyclic policy belongs together.
    let belongs = ["frame": "windows", "windows": "frame"][sample.key.name]
    guard belongs == nil, !sample.path.contains("windows") else { return }
    #expect(sample.mistakes(in: sample.text()) == [])
    #expect(try sample.schemaMistakes(in: sample.text()) == [])
  }

  @Test(
    "has only keys that the parser looks at: it refuses what is no value, and so does the schema",
    arguments: SampleFile.all)
  func wrongType(sample: SampleFile) throws {
    let text = sample.text(value: "[[{no: such}]]")
    #expect(!sample.mistakes(in: text).isEmpty)
    #expect(try !sample.schemaMistakes(in: text).isEmpty)
  }

  @Test(
    "is all that the parser takes: a key with another name is refused, with the name that was meant",
    arguments: SampleFile.all)
  func misspelt(sample: SampleFile) throws {
    let text = sample.text(name: sample.key.name + "x")
    #expect(
      sample.mistakes(in: text).contains { $0.hasPrefix("unknown key '\(sample.key.name)x' in \(sample.table.name); ") }
    )
    #expect(try !sample.schemaMistakes(in: text).isEmpty)
  }

  @Test(
    "says which keys are needed: without one, parser and schema refuse",
    arguments: SampleFile.all.filter(\.key.isRequired))
  func missing(sample: SampleFile) throws {
    // Another key in its place.
    var other = sample
    other.table.keys.removeAll { $0.name == sample.key.name }
    guard let key = other.table.keys.first(where: { $0.isRequired }) ?? other.table.keys.first else { return }
    other.key = key
    #expect(
      other.mistakes(in: other.text()).contains { $0.hasPrefix("\(sample.table.name) needs '\(sample.key.name)'; add") }
    )
    #expect(try !other.schemaMistakes(in: other.text()).isEmpty)
  }

  @Test("has limits that the parser keeps", arguments: SampleFile.all)
  func limits(sample: SampleFile) {
    let outside: [String: String] = ["priority": "256", "slice": "11s", "overhead": "2ms", "clock": "0Hz"]
    guard let value = outside[sample.key.name], sample.key.kind.table == nil else { return }
    let name = sample.key.name
    #expect(
      sample.mistakes(in: sample.text(value: value)).contains { $0.hasPrefix("'\(name)' goes from ") })
  }

  @Test("is a reference with a section for each mapping and a row for each key")
  func reference() {
    for (kind, table) in SampleFile.roots {
      let text = table.reference(title: "\(kind).yaml")
      for sample in SampleFile.all where sample.kind == kind {
        #expect(text.contains("| `\(sample.key.name)` | "))
        #expect(text.contains(sample.path.isEmpty ? "## `\(kind).yaml`" : "### `\(sample.path)`"))
      }
    }
  }
}
