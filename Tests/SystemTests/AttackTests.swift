import Foundation
import Testing
import Toolkit

/// A control loop beside guests that take time from it in every way that is known (`tvisor attack`), in counted instructions.
/// `TVISOR_ATTACKS=all` runs every attack on every loop in place of a few, which takes hours; `TVISOR_ATTACKS=timers` all of
/// those with that word in their names.
@Suite("What is admitted is delivered, whatever the others do")
struct AttackTests {
  private static let wanted = ProcessInfo.processInfo.environment["TVISOR_ATTACKS"]

  private static func cases(_ isa: String) -> [AttackCase] {
    guard let wanted else { return AttackCase.short(isa: isa) }
    return AttackCase.all(isa: isa).filter {
      wanted == "all" || $0.name.split(separator: " ").contains(Substring(wanted))
    }
  }

  @Test(
    "no attack costs a loop more than it is promised, but for those that are known to", .timeLimit(.minutes(600)),
    arguments: ImageBuilder.isas)
  func promises(isa: String) async throws {
    let project = try Project.locate()
    let text = try String(contentsOfFile: project.path("Tests/Baseline/attacks.txt"), encoding: .utf8)
    let known = try AttackKnown(reading: text)
    let cases = Self.cases(isa)
    try #require(!cases.isEmpty)
    let (outcomes, failures) = await AttackRun.run(cases, by: AttackRunner(project: project))
    print(AttackTable(outcomes))
    #expect(failures.isEmpty)
    for outcome in outcomes where !outcome.isKept && !known.excuses(outcome) {
      Issue.record("\(outcome.attackCase.name): \(outcome.attacked.figure), and the bar is \(outcome.promise.bar ?? 0)")
    }
    for outcome in outcomes where outcome.isKept && known.figures[outcome.attackCase.name] != nil {
      print("\(outcome.attackCase.name): kept now; take it out of Tests/Baseline/attacks.txt")
    }
  }
}
