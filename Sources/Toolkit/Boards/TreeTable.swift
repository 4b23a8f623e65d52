internal import Foundation

/// What TVisor finds in many device trees.
public struct TreeTable: Sendable {
  /// What was found in each, by the files' names.
  public var reports: [TreeReport]
  /// The files that are no trees, and why.
  public var failures: [String]

  /// Looks into a file, or into all files below a folder that end in `.dtb`.
  public init(at path: String) throws(Failure) {
    reports = []
    failures = []
    var isFolder: ObjCBool = false
    guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
      reports = [try TreeReport(Files.contents(of: path), named: path)]
      return
    }
    let files = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    for name in files.filter({ $0.hasSuffix(".dtb") }).sorted() {
      do throws(Failure) {
        reports.append(try TreeReport(Files.contents(of: "\(path)/\(name)"), named: name))
      } catch { failures.append("\(error)") }
    }
    guard !reports.isEmpty || !failures.isEmpty else { throw Failure("there is no .dtb file below \(path)") }
  }

  /// How many trees have that verdict as they are.
  public func count(of verdict: TreeReport.Verdict) -> Int { reports.count { $0.verdict == verdict } }
  /// How many have it once their firmware has filled them.
  public func count(ofFilled verdict: TreeReport.Verdict) -> Int { reports.count { $0.filled.verdict == verdict } }
}

extension TreeTable: CustomStringConvertible {
  /// A line for each tree, and how many there are of each kind.
  public var description: String {
    guard reports.count > 1 || !failures.isEmpty else { return reports.map(\.description).joined() }
    var table = TextTable(
      ["tree", "interrupts", "CPUs", "console", "memory", "as it is", "filled by its firmware"], textCount: 7)
    for report in reports {
      table.rows.append([
        report.name, Self.short(report.interruptController), Self.short(report.processors), Self.short(report.console),
        Self.short(report.memory), report.verdict.rawValue, report.filled.verdict.rawValue,
      ])
    }
    return (table.lines + failures + [""] + summary).joined(separator: "\n")
  }

  /// How many trees there are of each kind, as they are and as their firmware fills them, and why the others do not run.
  public var summary: [String] {
    func line(_ before: Int, _ after: Int, _ words: String) -> String {
      let figures = [before, after].map { String(repeating: " ", count: max(0, 8 - "\($0)".count)) + "\($0)" }
      return "\(figures[0])  \(figures[1])  \(words)"
    }
    var lines = ["\(reports.count) trees", "as it is  once its firmware has filled it"]
    for verdict in TreeReport.Verdict.allCases {
      lines.append(line(count(of: verdict), count(ofFilled: verdict), verdict.rawValue))
    }
    let before = Self.reasons(reports.map { ($0.verdict, $0.reason) })
    let after = Self.reasons(reports.map { ($0.filled.verdict, $0.filled.reason) })
    let all = Set(before.keys).union(after.keys)
    for reason in all.sorted(by: { (after[$1] ?? 0, before[$1] ?? 0, $0) < (after[$0] ?? 0, before[$0] ?? 0, $1) }) {
      lines.append(line(before[reason] ?? 0, after[reason] ?? 0, "  \(reason)"))
    }
    return lines
  }

  /// How often each reason, without the node's path, which is the board's own.
  private static func reasons(_ verdicts: [(TreeReport.Verdict, String)]) -> [String: Int] {
    var reasons: [String: Int] = [:]
    for (verdict, reason) in verdicts where verdict == .doesNot {
      let words = reason.hasPrefix("/") ? String(reason.drop { $0 != " " && $0 != ":" }) : reason
      reasons[String(words.drop { $0 == ":" || $0 == " " }), default: 0] += 1
    }
    return reasons
  }

  /// What was found in a few words: of a problem, that there is one.
  private static func short(_ text: String) -> String { text.hasPrefix("none (") ? "-" : text }
}
