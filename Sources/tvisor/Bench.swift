import ArgumentParser
import Foundation
import Toolkit

struct Bench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Counts the instructions of every path between a guest and the hypervisor.",
    discussion: """
      Runs TVisor's bench guest in QEMU in many variants, each with an exact count of instructions, and prints the figures
      beside those without a hypervisor, those of the baseline, and the bars that they shall not pass. Instructions are not
      time: that needs hardware.

      E2H = 0 and E2H = 1 on one CPU, side by side:
        tvisor bench --cpu cortex-a76 --append tvisor.e2h=0 --json plain.json
        tvisor bench --cpu cortex-a76 --compare plain.json

      With --json: {"variants": {VARIANT: {FIGURE: {"n", "min", "median", "max", "unit"}}}}.

      On another board, whose CPUs and interrupt controller are given: one vCPU alone.
        tvisor bench --board raspberry-pi-3
      """)

  @Option(help: "The instruction set.")
  var isa = "armv8"

  @Option(help: "A board other than virt: one vCPU alone on its first CPU.")
  var board: String?

  @Option(help: "Only this variant; may be given again. --list names them.")
  var variant: [String] = []

  @Option(help: "Only this figure; may be given again.")
  var only: [String] = []

  @Option(help: "The CPU model; cortex-a57 or cortex-a15 by default, as in the baseline.")
  var cpu: String?

  @Option(help: "The command line for the hypervisor, such as tvisor.e2h=0.")
  var append: String?

  @Option(help: "Compare with the figures in this file, and fail where one has grown by more than the tolerance.")
  var compare: String?

  @Option(help: "The tolerance of --compare, in per cent.")
  var tolerance = 2.0

  @Option(help: "Write the figures to this file, as --compare reads them; - is standard output, in place of the table.")
  var json: String?

  @Option(help: "Draw the figures into this SVG file.")
  var svg: String?

  @Option(help: "Seconds for each variant; only a hang takes longer.")
  var timeout = 240

  @Flag(help: "Measure what is built already.")
  var noBuild = false

  @Flag(help: "List the variants.")
  var list = false

  func run() async throws {
    try await reporting {
      let project = try Project.locate()
      let all = try await available(in: project)
      guard !list else { return all.forEach { print("\($0.name): \($0.summary)") } }
      let isa = all[0].isa
      let variants = try chosen(from: all)
      let reference = project.path("Tests/Baseline/bench-\(isa).json")
      let baseline =
        try compare.map { try BenchResult(reading: $0) }
        ?? (FileManager.default.fileExists(atPath: reference) ? BenchResult(reading: reference) : nil)
      if !noBuild { try await build(isa, project) }
      let (result, failures) = try await measure(variants, in: project)
      if json == "-" {
        print(result.json, terminator: "")
      } else {
        print(BenchTable(result, of: variants, beside: baseline, only: Set(only)))
        if let json { try write(result.json, to: json) }
      }
      if let svg { try write(BenchChart(result, of: variants, beside: baseline).svg, to: svg) }
      guard failures.isEmpty else { throw Failure(failures.joined(separator: "\n")) }
      if compare != nil, let baseline { try check(result, against: baseline) }
    }
  }

  private func chosen(from all: [BenchVariant]) throws -> [BenchVariant] {
    for name in variant where !all.contains(where: { $0.name == name }) {
      throw Failure("'\(name)' is no variant; --list names them")
    }
    return all.filter { candidate in
      (variant.isEmpty || variant.contains(candidate.name))
        && (only.isEmpty || only.contains { candidate.mayMeasure($0) })
    }
  }

  /// All variants of an instruction set, or that of a board.
  private func available(in project: Project) async throws -> [BenchVariant] {
    guard let board else { return BenchVariant.all(isa: isa) }
    let found = try project.board(named: board)
    try await project.provideTree(of: found)
    return [.alone(on: found)]
  }

  private func build(_ isa: String, _ project: Project) async throws {
    note("tvisor: building")
    let builder = ImageBuilder(project: project)
    try await builder.buildHypervisor(isa)
    try await builder.buildGuests(isa)
  }

  /// Runs all variants, a few at a time, and goes on where one fails.
  private func measure(_ variants: [BenchVariant], in project: Project) async throws -> (BenchResult, [String]) {
    var runner = BenchRunner(project: project)
    runner.patience = .seconds(timeout)
    runner.model = cpu
    runner.arguments = append
    var result = BenchResult()
    var failures: [String] = []
    if variant.isEmpty && board == nil { result.variants["image"] = try runner.imageFigures(isa) }
    await withTaskGroup(of: (String, Result<[String: BenchFigure], any Error>).self) { [runner] group in
      for variant in variants {
        group.addTask {
          do { return (variant.name, .success(try await runner.run(variant))) } catch {
            return (variant.name, .failure(error))
          }
        }
      }
      var done = 0
      for await (name, outcome) in group {
        done += 1
        note("tvisor: \(name) (\(done) of \(variants.count))")
        switch outcome {
        case .success(let figures): result.variants[name] = figures
        case .failure(let error): failures.append("\(name): \(error)")
        }
      }
    }
    return (result, failures)
  }

  private func check(_ result: BenchResult, against baseline: BenchResult) throws {
    let comparison = BenchComparison(result, to: baseline, names: Set(only))
    let worse = comparison.worse(than: tolerance / 100)
    let better = comparison.better(than: tolerance / 100)
    for row in better { note("better: \(describe(row))") }
    guard worse.isEmpty, comparison.missing.isEmpty else {
      throw Failure(
        (worse.map { "worse: \(describe($0))" } + comparison.missing.map { "not measured any more: \($0)" })
          .joined(separator: "\n"))
    }
    note("tvisor: \(comparison.rows.count) figures, none worse by more than \(tolerance)%")
  }

  private func describe(_ row: BenchComparison.Row) -> String {
    "\(row.variant)/\(row.name) \(row.before) -> \(row.now) (\(BenchComparison.percent(row.change)))"
  }

  private func write(_ text: String, to path: String) throws {
    try Files.write(text, to: path)
  }
}
