import ArgumentParser
import Toolkit

struct Bundle: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turns a system file and its guests' images into the one file that the boot loader hands over.",
    discussion: "Give the bundle to the boot loader as the initial RAM disk, beside the hypervisor's image.")

  @Argument(help: "The system file.")
  var system: String

  @Option(name: .shortAndLong, help: "Where the bundle goes.")
  var output = "bundle.dtb"

  func run() async throws {
    try await reporting {
      let bundler = Bundler(project: try .locate())
      let bundle = try await bundler.bundle(system)
      for warning in try await bundler.check(bundle).warnings { note(warning.description) }
      try Files.write(bundle.bytes, to: output)
      print("\(output): \(bundle.summary), \(bundle.bytes.count) bytes")
    }
  }
}
