import ArgumentParser
import Foundation
import Toolkit

/// Writes the manual: `make manual`.
@main
struct Manual: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manual",
    abstract: "Writes the manual as pages of plain HTML, which open from their folder without a server.")

  @Option(name: .shortAndLong, help: "The folder that the pages go to.")
  var output = ".build-manual"

  func run() async throws {
    do {
      let site = Site(project: try Project.locate())
      try await site.write(to: output)
      print("\(output)/index.html")
    } catch let failure as Failure {
      FileHandle.standardError.write(Data("error: \(failure)\n".utf8))
      throw ExitCode.failure
    }
  }
}
