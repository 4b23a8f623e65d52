import ArgumentParser
import Toolkit

struct SDCard: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sdcard",
    abstract:
      "Writes the files that a board's loader starts: the boot partition of a Raspberry Pi's SD card, or what others load.",
    discussion: "The vendor's own firmware files are not among it; the README that is written names them.")

  @Argument(help: "The board, such as raspberry-pi-4.")
  var board: String

  @Argument(help: "The system file; the board's demo by default.")
  var system: String?

  @Option(name: .shortAndLong, help: "The folder to write into, made where it is missing.")
  var output: String

  @Flag(help: "Take the image that is built already.")
  var noBuild = false

  func run() async throws {
    try await reporting {
      let project = try Project.locate()
      let board = try project.board(named: board)
      let writer = try CardWriter(project: project, board: board)
      try await project.provideTree(of: board)
      let file = system ?? board.demo
      if !noBuild {
        note("tvisor: building")
        let builder = ImageBuilder(project: project)
        try await builder.buildHypervisor(board.isa)
        for isa in try SystemFile(parsing: SourceText(path: file)).ownGuests.sorted() {
          try await builder.buildGuests(isa)
        }
      }
      for name in try await writer.write(file, to: output) { print("\(output)/\(name)") }
    }
  }
}
