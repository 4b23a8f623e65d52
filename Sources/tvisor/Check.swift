import ArgumentParser
import Toolkit

struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Finds the mistakes of a system file before it boots.",
    discussion: """
      Checks the file, the images that it names, and whether the board has what the system asks for.

      With --json: {"format": "tvisor-check-1", "file", "board", "isSound", "machines": [{"name", "vcpus", "memoryBytes"}],
      "problems": [{"file", "line", "column", "severity": "error" | "warning", "message"}]}. What belongs to no place of the file has null
      for a place.
      """)

  @Argument(help: "The system file.")
  var system: String

  @OptionGroup var options: BoardOptions

  @Flag(help: "Print what was found as JSON.")
  var json = false

  func run() async throws {
    guard !json else { return try await reporting { try await printReport() } }
    try await reporting {
      let project = try Project.locate()
      let bundler = Bundler(project: project)
      let bundle = try await bundler.bundle(system)
      let findings = try await findings(of: bundle, bundler)
      for warning in findings.warnings { note(warning.description) }
      print("\(system): \(bundle.summary); it fits \(options.board)")
      for line in findings.places + findings.cores { print("  \(line)") }
    }
  }

  private func printReport() async throws {
    var report = CheckReport(of: system, on: options.board)
    try await report.record { report in
      let bundler = Bundler(project: try Project.locate())
      let bundle = try await bundler.bundle(system)
      report.system = bundle.system
      report.problems = try await findings(of: bundle, bundler).warnings
    }
    print(report.json)
    if !report.isSound { throw ExitStatus.failure.code }
  }

  private func findings(of bundle: Bundler.Bundle, _ bundler: Bundler) async throws -> Bundler.Findings {
    let board = try bundler.project.board(named: options.board)
    guard board.qemu == nil else {
      return try await bundler.check(bundle, on: options.emulation(in: bundler.project))
    }
    guard !options.isAboutQEMU else {
      throw ValidationError(
        "QEMU does not play \(board.name): --cpu, --gic, --smp, --memory, --qemu and --port are not for it")
    }
    try await bundler.project.provideTree(of: board)
    return try await bundler.check(bundle, on: board, in: bundler.project)
  }
}
