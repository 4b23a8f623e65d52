import ArgumentParser
import Toolkit

struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Finds the mistakes of a system file before it boots.",
    discussion: "Checks the file, the images that it names, and whether the board has what the system asks for.")

  @Argument(help: "The system file.")
  var system: String

  @OptionGroup var options: BoardOptions

  func run() async throws {
    try await reporting {
      let project = try Project.locate()
      let bundler = Bundler(project: project)
      let bundle = try await bundler.bundle(system)
      let findings = try await findings(of: bundle, bundler)
      for warning in findings.warnings { note(warning.description) }
      print("\(system): \(bundle.summary); it fits \(options.board)")
      for place in findings.places { print("  \(place)") }
    }
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
