import ArgumentParser
import Foundation
import Toolkit

struct Symbolize: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Names the functions behind the addresses of a panic.",
    discussion: "Reads a console's text from standard input, or from --console.")

  @Argument(help: "The linked file; the last build's by default.")
  var executable: String?

  @Option(help: "The instruction set of the image that was built last: armv8 or armv7.")
  var isa = "armv8"

  @Option(help: "A file with the console's text.")
  var console: String?

  func run() async throws {
    try await reporting {
      let path: String
      if let executable {
        path = executable
      } else {
        path = ImageBuilder(project: try .locate()).executable(of: ImageBuilder.hypervisor(isa))
      }
      let text: Data
      if let console {
        text = try Files.contents(of: console)
      } else {
        text = FileHandle.standardInput.readDataToEndOfFile()
      }
      var transcript = Transcript()
      transcript.append(text)
      print(await (try Symbolizer(path: path)).annotate(transcript.text))
    }
  }
}
