import Foundation
import TestSupport
import Testing
import Toolkit

/// All trees of Debian's kernel packages, by the tool that makes the manual's table. Skipped, and said to be, where the set-up did
/// not fetch them (`boot/setup/setup.sh --tests`).
@Suite(
  "The table of Debian's trees", .timeLimited,
  .enabled(
    if: FileManager.default.fileExists(atPath: "\((try? Project.locate())?.root.path ?? "")/.build-setup/all-trees"),
    "fetched by the set-up with --tests"))
struct DebianTableTests {
  /// How many trees run, run silent, and do not run.
  struct Expected: Sendable, CustomTestStringConvertible {
    var architecture: String
    var asTheyAre: [Int]
    var filled: [Int]
    var testDescription: String { architecture }
  }

  @Test(
    "has a verdict for each tree as it is and as its firmware fills it",
    arguments: [
      Expected(architecture: "arm64", asTheyAre: [250, 0, 326], filled: [547, 8, 21]),
      Expected(architecture: "armhf", asTheyAre: [101, 1, 796], filled: [212, 4, 682]),
    ])
  func verdicts(expected: Expected) throws {
    let table = try TreeTable(at: "\(Project.locate().root.path)/.build-setup/all-trees/\(expected.architecture)")
    #expect(table.failures == [])
    print(table.summary.joined(separator: "\n"))
    let asTheyAre = TreeReport.Verdict.allCases.map(table.count(of:))
    let filled = TreeReport.Verdict.allCases.map(table.count(ofFilled:))
    // To fill a tree takes nothing away.
    for report in table.reports where report.verdict == .runs { #expect(report.filled.verdict == .runs, "\(report)") }
    #expect(table.reports.allSatisfy { ($0.filled.verdict == .doesNot) == !$0.filled.reason.isEmpty })
    guard table.reports.count == expected.asTheyAre.reduce(0, +) else {
      // Another kernel's trees: most of what ran does.
      #expect(filled[0] * 10 > expected.filled[0] * 9)
      return
    }
    #expect(asTheyAre == expected.asTheyAre)
    #expect(filled == expected.filled)
  }
}
