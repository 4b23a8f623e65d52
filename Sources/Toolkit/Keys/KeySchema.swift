extension KeyTable {
  /// The JSON schema (draft 2020-12) of a file with these keys; `title` is what the file is. It knows shapes: what depends on another value,
  /// on a file or on the board is left to `tvisor check`.
  public func schema(title: String) -> JSON {
    guard case .object(let members) = schema else { return schema }
    return .object(
      [("$schema", "https://json-schema.org/draft/2020-12/schema"), ("title", .text(title))] + members)
  }

  /// The schema of the mapping.
  fileprivate var schema: JSON {
    var members: [(name: String, value: JSON)] = [
      ("description", .text(summary)), ("type", "object"), ("additionalProperties", false),
      ("properties", .object(keys.map { ($0.name, $0.schema) })),
    ]
    let needed = keys.filter(\.isRequired).map { JSON.text($0.name) }
    if !needed.isEmpty { members.append(("required", .list(needed))) }
    for choice in choices {
      let one = choice.keys.map { JSON.object([("required", .list([.text($0)]))]) }
      members.append((choice.isExclusive ? "oneOf" : "anyOf", .list(one)))
    }
    return .object(members)
  }
}

extension KeyTable.Key {
  /// The schema of the key's value, with what an editor shows about it.
  fileprivate var schema: JSON {
    guard case .object(let members) = kind.schema else { return kind.schema }
    return .object([("description", .text(description))] + members.filter { $0.name != "description" })
  }

  private var description: String {
    let limits = kind.limits.map { " From \($0.first) to \($0.last)." } ?? ""
    let otherwise = otherwise.map { " Without it: \($0)." } ?? ""
    return "\(summary)\(limits)\(otherwise) Example: `\(name): \(example)`."
  }
}

extension ValueKind {
  /// The schema of a value. Numbers may be texts, since not all that we take for a number is one for YAML.
  var schema: JSON {
    switch self {
    case .text(_, let pattern?): return ["type": "string", "pattern": .text(pattern)]
    case .text(_, nil): return ["type": ["string", "number", "boolean"]]
    case .number(let range):
      var number: [(name: String, value: JSON)] = [("type", "integer"), ("minimum", JSON(range.lowerBound))]
      if range.upperBound < UInt64(Int.max) { number.append(("maximum", JSON(range.upperBound))) }
      return ["anyOf": [.object(number), Self.string(Self.digits)]]
    case .size:
      return [
        "anyOf": [["type": "integer", "minimum": 0], Self.string("\(Self.digits)|\(Self.counted("B|KiB|MiB|GiB"))")]
      ]
    case .duration: return ["anyOf": [["const": 0], Self.string("0|\(Self.counted("ns|us|ms|s"))")]]
    case .frequency: return Self.string(Self.counted("Hz|kHz|MHz|GHz"))
    case .word(let words): return ["enum": .list(words.map(JSON.text))]
    case .list(let element, _, let least, let most):
      return [
        "type": "array", "items": element.schema, "minItems": .number(least), "maxItems": .number(most),
      ]
    case .mapping(let table): return table.schema
    case .either(let plain, let full): return ["anyOf": [plain.schema, full.schema]]
    }
  }

  private static let digits = "0[xX][0-9A-Fa-f_]+|[0-9][0-9_]*"

  private static func counted(_ units: String) -> String { "[0-9][0-9_]* *(\(units))" }

  private static func string(_ pattern: String) -> JSON { ["type": "string", "pattern": .text("^(\(pattern))$")] }
}
