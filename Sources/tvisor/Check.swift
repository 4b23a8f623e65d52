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
      let emulation = try await options.emulation(in: project)
      let bundler = Bundler(project: project)
      let bundle = try await bundler.bundle(system)
      for warning in try await bundler.validate(bundle, on: emulation) { note(warning.description) }
      print("\(system): \(bundle.summary); it fits \(emulation.board.name)")
    }
  }
}
