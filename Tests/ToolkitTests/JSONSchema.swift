import Foundation

/// A validator for the part of JSON schema (draft 2020-12) that the tool's schemas use. A keyword that it does not know is an error, so
/// that nothing passes for lack of a check.
struct JSONSchema {
  private let root: [String: Any]

  init(_ text: String) throws {
    root = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
  }

  /// What is wrong with a value, each with its path; nothing where it is valid.
  func mistakes(in value: Any) -> [String] { mistakes(in: value, root, "") }

  private func mistakes(in value: Any, _ schema: [String: Any], _ path: String) -> [String] {
    schema.sorted { $0.key < $1.key }.flatMap { keyword, rule in check(value, keyword, rule, schema, path) }
  }

  private func check(_ value: Any, _ keyword: String, _ rule: Any, _ schema: [String: Any], _ path: String) -> [String]
  {
    let holds: Bool
    switch keyword {
    case "$schema", "title", "description": return []
    case "type": holds = (rule as? [String] ?? [rule as? String ?? ""]).contains { Self.has(value, type: $0) }
    case "enum": holds = (rule as? [String])?.contains { $0 == value as? String } ?? false
    case "const": holds = rule as? Int == value as? Int
    case "pattern":
      guard let text = value as? String, let pattern = rule as? String else { return [] }
      holds = text.range(of: pattern, options: .regularExpression) != nil
    case "minimum": holds = (value as? Int).map { $0 >= rule as? Int ?? 0 } ?? true
    case "maximum": holds = (value as? Int).map { $0 <= rule as? Int ?? 0 } ?? true
    case "minItems": holds = (value as? [Any]).map { $0.count >= rule as? Int ?? 0 } ?? true
    case "maxItems": holds = (value as? [Any]).map { $0.count <= rule as? Int ?? 0 } ?? true
    case "items":
      guard let list = value as? [Any], let rule = rule as? [String: Any] else { return [] }
      return list.enumerated().flatMap { mistakes(in: $1, rule, "\(path)[\($0)]") }
    case "required":
      guard let members = value as? [String: Any], let names = rule as? [String] else { return [] }
      return names.filter { members[$0] == nil }.map { "\(path): no \($0)" }
    case "properties": return properties(value, rule as? [String: Any] ?? [:], path)
    case "additionalProperties":
      guard let members = value as? [String: Any], let known = schema["properties"] as? [String: Any] else { return [] }
      return members.keys.filter { known[$0] == nil }.map { "\(path).\($0) is not known" }
    case "anyOf": holds = matchCount(value, rule) > 0
    case "oneOf": holds = matchCount(value, rule) == 1
    default: return ["the validator does not know '\(keyword)'"]
    }
    return holds ? [] : ["\(path): not \(keyword) \(rule)"]
  }

  private func properties(_ value: Any, _ rules: [String: Any], _ path: String) -> [String] {
    guard let members = value as? [String: Any] else { return [] }
    return members.sorted { $0.key < $1.key }.flatMap { name, member in
      mistakes(in: member, rules[name] as? [String: Any] ?? [:], "\(path).\(name)")
    }
  }

  private func matchCount(_ value: Any, _ rules: Any) -> Int {
    (rules as? [[String: Any]] ?? []).count { mistakes(in: value, $0, "").isEmpty }
  }

  private static func has(_ value: Any, type: String) -> Bool {
    switch type {
    case "object": value is [String: Any]
    case "array": value is [Any]
    case "string": value is String
    case "boolean": value is Bool
    case "integer": value is Int && !(value is Bool)
    case "number": (value is Int || value is Double) && !(value is Bool)
    default: false
    }
  }
}
