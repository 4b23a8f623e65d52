import ArgumentParser
import Foundation
import Toolkit

struct Attack: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lets guests take time from a control loop, and counts how much it loses.",
    discussion: """
      Boots a loop of 1 kHz beside guests that disturb it, in QEMU with an exact count of instructions, and prints how late the
      loop came at worst (or the least that it ran in a period): beside others that sleep, beside others that are busy, and
      under each attack, with the bar that it shall not pass. Each row takes a few seconds. Instructions are not time: that
      needs hardware.

        tvisor attack --only timers --only uart --policy edf --gic 3
        tvisor attack --isa armv7 --measure supply
      """)

  @Option(help: "The instruction set.")
  var isa = "armv8"

  @Option(help: "Only this attack; may be given again. --list names them.")
  var only: [String] = []

  @Option(help: "Only loops under this policy: edf, fp, fp-reserved, own, cyclic, rr; may be given again.")
  var policy: [String] = []

  @Option(help: "Only this version of the interrupt controller.")
  var gic: UInt64?

  @Option(help: "Only what measures this: late, supply, window, answer; may be given again.")
  var measure: [String] = []

  @Option(help: "Only with the others there: same, other, split, wide (from the loop); may be given again.")
  var at: [String] = []

  @Option(help: "Only with so many machines.")
  var machines: Int?

  @Option(help: "So many vCPUs for each machine, in place of those that the rows say.")
  var vcpus: Int?

  @Option(help: "How many periods of 1 ms are measured.")
  var periods = 60

  @Option(help: "The command line for the hypervisor, such as tvisor.e2h=0.")
  var append: String?

  @Flag(help: "Measure what is built already.")
  var noBuild = false

  @Flag(help: "Only the rows that the tests run.")
  var short = false

  @Option(help: "Write the figures of the promises that are broken to this file; rows that are not run keep theirs.")
  var known: String?

  @Flag(help: "Print the system files of the rows.")
  var show = false

  @Flag(help: "List the rows.")
  var list = false

  func run() async throws {
    try await reporting {
      let project = try Project.locate()
      let cases = chosen
      guard !list else { return cases.forEach { print($0.name) } }
      guard !show else { return cases.forEach { print("# \($0.name)\n\($0.systemFile)") } }
      guard !cases.isEmpty else { throw Failure("no row is like that; --list names them") }
      if !noBuild {
        note("tvisor: building")
        try await ImageBuilder(project: project).buildHypervisor(isa)
        try await ImageBuilder(project: project).buildGuests(isa)
      }
      let runner = AttackRunner(project: project, periods: periods, arguments: append)
      let start = ContinuousClock.now
      let (outcomes, failures) = await AttackRun.run(cases, by: runner) { done, news in
        let seconds = (ContinuousClock.now - start).components.seconds
        note("tvisor: \(news) (\(done) of \(cases.count), \(seconds) s)")
      }
      print(AttackTable(outcomes))
      if let known {
        let before = try? String(contentsOfFile: known, encoding: .utf8)
        let now = try before.map { try AttackKnown(reading: $0).updated(by: outcomes) } ?? AttackKnown(outcomes)
        try Data(now.text.utf8).write(to: URL(fileURLWithPath: known))
      }
      guard failures.isEmpty else { throw Failure(failures.joined(separator: "\n")) }
      let brokenCount = outcomes.count { !$0.isKept }
      guard brokenCount == 0 else { throw Failure("\(brokenCount) of \(outcomes.count) promises are broken") }
    }
  }

  private var chosen: [AttackCase] {
    var cases = (short ? AttackCase.short(isa: isa) : AttackCase.all(isa: isa)).filter { row in
      let arrangement = row.arrangement
      return (only.isEmpty || only.contains(row.attack.name))
        && (policy.isEmpty || policy.contains(arrangement.policy.rawValue))
        && (gic == nil || gic == arrangement.gic)
        && (measure.isEmpty || measure.contains(arrangement.measure.rawValue))
        && (at.isEmpty || at.contains(arrangement.placement.rawValue))
        && (machines == nil || machines == arrangement.machineCount)
    }
    guard let vcpus else { return cases }
    for index in cases.indices { cases[index].arrangement.vcpuCount = vcpus }
    return cases
  }
}
