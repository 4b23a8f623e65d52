import ArgumentParser
import Foundation
import Toolkit

struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Boots a system on a board in QEMU, with its console here.",
    discussion: """
      Keys: Ctrl-T and a digit choose the VM that hears what you type; Ctrl-A X ends QEMU.
      With --headless nobody types: the run succeeds when the console has said every --expect text.
      """)

  @Argument(help: "The system file; the board's demo by default.")
  var system: String?

  @OptionGroup var options: BoardOptions

  @Flag(help: "Run without a person at the console.")
  var headless = false

  @Option(help: "With --headless: what the console must say, in this order; may be given again.")
  var expect: [String] = []

  @Option(help: "With --headless: seconds to wait for each text.")
  var timeout: Int = 240

  @Option(help: "The command line for the hypervisor: tvisor.e2h=0 declines VHE, tvisor.panic=boot fails.")
  var append: String?

  @Flag(help: "Boot what is built already.")
  var noBuild = false

  func run() async throws {
    try await reporting {
      let project = try Project.locate()
      let emulation = try await options.emulation(in: project)
      let builder = ImageBuilder(project: project)
      let file = system ?? emulation.board.demo
      if !noBuild {
        note("tvisor: building")
        try await builder.buildHypervisor(emulation.board.isa)
        for isa in try SystemFile(parsing: SourceText(path: file)).ownGuests.sorted() {
          try await builder.buildGuests(isa)
        }
      }
      let launch = Launch(project: project, emulation: emulation)
      if headless {
        try await launch.headless(file, expecting: expect, within: .seconds(timeout), arguments: append)
      } else {
        note("tvisor: booting \(file); Ctrl-T and a digit choose a VM, Ctrl-A X ends QEMU")
        let status = try await launch.interactive(file, arguments: append)
        guard status == 0 else { throw ExitCode(status) }
      }
    }
  }
}
