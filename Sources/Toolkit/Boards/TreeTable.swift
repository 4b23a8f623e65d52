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

  /// How many trees have that verdict.
  public func count(of verdict: TreeReport.Verdict) -> Int { reports.count { $0.verdict == verdict } }
}

extension TreeTable: CustomStringConvertible {
  /// A line for each tree, and how many there are of each kind.
  public var description: String {
    guard reports.count > 1 || !failures.isEmpty else { return reports.map(\.description).joined() }
    var table = TextTable(["tree", "interrupts", "CPUs", "console", "memory", "TVisor"], textCount: 6)
    for report in reports {
      table.rows.append([
        report.name, Self.short(report.interruptController), Self.short(report.processors), Self.short(report.console),
        Self.short(report.memory), report.verdict.rawValue,
      ])
    }
    return (table.lines + failures + [""] + summary).joined(separator: "\n")
  }

  /// How many trees there are of each kind, and why the others do not run.
  public var summary: [String] {
    var lines = ["\(reports.count) trees"]
    for verdict in TreeReport.Verdict.allCases { lines.append("  \(count(of: verdict))  \(verdict.rawValue)") }
    var reasons: [String: Int] = [:]
    for report in reports where report.verdict == .doesNot {
      // Without the node's path, which is the board's own.
      let reason = report.reason.hasPrefix("/") ? String(report.reason.drop { $0 != " " && $0 != ":" }) : report.reason
      reasons[String(reason.drop { $0 == ":" || $0 == " " }), default: 0] += 1
    }
    for (reason, count) in reasons.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
      lines.append("       \(count)  \(reason)")
    }
    return lines
  }

  /// What was found in a few words: of a problem, that there is one.
  private static func short(_ text: String) -> String { text.hasPrefix("none (") ? "-" : text }
}
