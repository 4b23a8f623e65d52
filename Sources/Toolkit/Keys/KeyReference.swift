extension KeyTable {
  /// The manual's reference of a file with these keys, in Markdown: a section with a table for each mapping. `title` is what the
  /// file is, and its headings begin with `level` signs.
  public func reference(title: String, level: Int = 2) -> String {
    let marks = String(repeating: "#", count: level)
    let sections = tables(at: "").map { path, table in
      let heading = path.isEmpty ? "\(marks) `\(title)`" : "\(marks)# `\(path)`"
      return "\(heading)\n\n\(table.summary)\(table.choiceText)\n\n\(table.rows(at: path))"
    }
    return sections.joined(separator: "\n\n") + "\n"
  }

  /// This table and those below it, each with the path of its mapping: `vms[].vcpus[]`.
  public func tables(at path: String) -> [(path: String, table: KeyTable)] {
    let below = keys.compactMap { key in key.kind.table.map { (key, $0) } }.flatMap { key, table in
      let isList = if case .list = key.kind { true } else { false }
      return table.tables(at: (path.isEmpty ? "" : "\(path).") + key.name + (isList ? "[]" : ""))
    }
    return [(path, self)] + below
  }

  private var choiceText: String {
    choices.map { choice in
      let keys = choice.keys.map { "`\($0)`" }
      let list = keys.dropLast().joined(separator: ", ") + " and " + keys.suffix(1).joined()
      return " It has \(choice.isExclusive ? "exactly" : "at least") one of \(list)."
    }.joined()
  }

  private func rows(at path: String) -> String {
    let rows = keys.map { key in
      let limits = key.kind.limits.map { ", \($0.first) to \($0.last)" } ?? ""
      let otherwise = key.isRequired ? "needed" : key.otherwise ?? ""
      return [
        "`\(key.name)`", key.kind.words(at: (path.isEmpty ? "" : "\(path).") + key.name) + limits, otherwise,
        key.summary, "`\(key.name): \(key.example)`",
      ].map { $0.replacing("|", with: "\\|") }
    }
    let all = [["key", "value", "without it", "meaning", "example"], Array(repeating: "---", count: 5)] + rows
    return all.map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
  }
}

extension ValueKind {
  /// The kind in a few words; `path` is that of its key, which names the section of a mapping's own keys.
  func words(at path: String) -> String {
    switch self {
    case .text(let name, _): return name
    case .number: return "a number"
    case .size: return "a size: a number with `KiB`, `MiB` or `GiB`, or of bytes"
    case .duration: return "a time: a number with `ns`, `us`, `ms` or `s`"
    case .frequency: return "a frequency: a number with `Hz`, `kHz`, `MHz` or `GHz`"
    case .word(let words): return words.map { "`\($0)`" }.joined(separator: ", ")
    case .list(let element, _, _, let most):
      return "a list, each \(element.words(at: path + "[]"))" + (most < 4096 ? "; at most \(most)" : "")
    case .mapping: return "a mapping, `\(path)`"
    case .either(let plain, let full): return "\(plain.words(at: path)), or \(full.words(at: path))"
    }
  }
}
