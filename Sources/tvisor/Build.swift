import ArgumentParser
import Toolkit

struct Build: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Builds the hypervisor's images and TVisor's own guests.")

  @Option(help: "The instruction set, armv8 or armv7; may be given again. Both by default.")
  var isa: [String] = []

  @Flag(help: "Print only mistakes.")
  var quiet = false

  func validate() throws {
    for isa in isa where !ImageBuilder.isas.contains(isa) {
      throw ValidationError("'\(isa)' is no instruction set; known are: \(ImageBuilder.isas.joined(separator: ", "))")
    }
  }

  func run() async throws {
    try await reporting {
      let builder = ImageBuilder(project: try .locate())
      guard !builder.project.isRelease else {
        throw Failure("a release has its images and guests ready; building takes a checkout")
      }
      for isa in isa.isEmpty ? ImageBuilder.isas : isa {
        let image = try await builder.buildHypervisor(isa)
        try await builder.buildGuests(isa)
        if !quiet { print(MemoryMapReport(image, name: builder.image(isa))) }
      }
    }
  }
}
