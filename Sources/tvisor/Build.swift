import ArgumentParser
import Toolkit

struct Build: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Builds the hypervisor's image and TVisor's own guests.")

  @Option(help: "The instruction set.")
  var isa = "armv8"

  @Flag(help: "Print only mistakes.")
  var quiet = false

  func run() async throws {
    try await reporting {
      let builder = ImageBuilder(project: try .locate())
      let image = try await builder.buildHypervisor(isa)
      try await builder.buildGuests(isa)
      if !quiet { print(MemoryMapReport(image, name: builder.image(isa))) }
    }
  }
}
