import ArgumentParser
import Foundation
import Toolkit

struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Boots a system on a board in QEMU, with its console here.",
    discussion: """
      Keys: Ctrl-T and a digit choose the VM that hears what you type; Ctrl-A x ends QEMU.
      With --headless nobody types: the run succeeds when the console has said every --expect text.
      """)

  @Argument(help: "The system file; the board's demo by default.")
  var system: String?

  @OptionGroup var options: BoardOptions

  @Flag(help: "Run without a person at the console.")
  var headless = false

  @Option(
    parsing: .unconditionalSingleValue,
    help: "With --headless: what the console must say, in this order; may be given again.")
  var expect: [String] = []

  @Option(help: "With --headless: seconds to wait for each text; 240 by default.")
  var timeout: Int?

  @Option(
    parsing: .unconditional,
    help: "The command line for the hypervisor: tvisor.e2h=0 declines VHE, tvisor.panic=boot fails.")
  var append: String?

  @Flag(help: "Boot what is built already.")
  var noBuild = false

  func validate() throws {
    guard headless || expect.isEmpty && timeout == nil else {
      throw ValidationError("--expect and --timeout are for runs without a person; add --headless")
    }
    if let timeout, timeout < 1 { throw ValidationError("--timeout takes a number of seconds, such as 60") }
  }

  func run() async throws {
    try await reporting {
      try refuseMisspelling()
      let project = try Project.locate()
      let emulation = try await options.emulation(in: project)
      let builder = ImageBuilder(project: project)
      let file = system ?? emulation.board.demo
      if !noBuild, !project.isRelease {
        note("tvisor: building")
        try await builder.buildHypervisor(emulation.board.isa)
        for isa in try SystemFile(parsing: SourceText(path: file)).ownGuests.sorted() {
          try await builder.buildGuests(isa)
        }
      }
      let launch = Launch(project: project, emulation: emulation)
      if headless {
        try await launch.headless(file, expecting: expect, within: .seconds(timeout ?? 240), arguments: append)
      } else {
        note("tvisor: booting \(file); Ctrl-T and a digit choose a VM, Ctrl-A x ends QEMU")
        let status = try await launch.interactive(file, arguments: append, isColoured: Self.wantsColours)
        guard status == 0 else { throw ExitCode(status) }
      }
    }
  }

  /// Colours are for a terminal, and for those who want them (no-color.org).
  private static var wantsColours: Bool {
    isatty(STDOUT_FILENO) != 0 && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty
  }

  /// `run` is what the tool does by default, so that a misspelt command looks like a system file.
  private func refuseMisspelling() throws {
    guard let system, !system.contains("/"), !system.contains("."), !FileManager.default.fileExists(atPath: system)
    else { return }
    throw Failure(TVisorTool.unknownCommand(system))
  }
}
