import Foundation
import Testing
import Toolkit

/// Bundles that the hypervisor must not start.
@Suite("A bundle that is not for this image")
struct BundleRefusalTests {
  /// Boots with a changed bundle, and waits for the hypervisor's words about it.
  private static func boot(
    expecting words: [String], isa: String, _ change: @escaping @Sendable (String) async throws -> Void
  ) async throws {
    let project = try Project.locate()
    let source = SourceText(path: "system.yaml", text: "vms:\n" + Booting.own("metronome", isa: isa))
    let bundle = try await Bundler(project: project).bundle(SystemFile(parsing: source))
    try Files.makeFolder(project.runs)
    let file = "\(project.runs)/test-\(UUID().uuidString).bundle"
    defer { try? FileManager.default.removeItem(atPath: file) }
    try Files.write(bundle.bytes, to: file)
    try await change(file)
    var choice = isa == "armv7" ? Booting.Choice.armv7() : Booting.Choice(processors: 1)
    choice.options = ["-initrd", file]
    try await Booting.boot(nil, choice) { console in
      for words in words { try await console.expect(words, from: "tvisor") }
      try await console.expect("stopped", from: "tvisor")
    }
  }

  @Test("for it was changed on its way is refused", arguments: ImageBuilder.isas)
  func changed(isa: String) async throws {
    try await Self.boot(expecting: ["the bundle is not what 'tvisor bundle' wrote"], isa: isa) { file in
      var bytes = try Files.contents(of: file)
      // Within the guest's program, where nothing else would notice.
      bytes[bytes.count * 2 / 3] ^= 1
      try Files.write(bytes, to: file)
    }
  }

  @Test("for it is of another release is refused, with both named", arguments: ImageBuilder.isas)
  func foreign(isa: String) async throws {
    let image = try Files.contents(of: ImageBuilder(project: .locate()).image(isa))
    let own = try #require(ImageStamp(in: image)?.version)
    let words = [
      "the bundle has the format tvisor,system-1, made by tvisor 0.1; this is TVisor \(own), which reads "
        + "\(ImageStamp.currentFormat): make the bundle with the tool of the same release"
    ]
    try await Self.boot(expecting: words, isa: isa) { file in
      for (name, value) in [("compatible", "tvisor,system-1"), ("version", "0.1")] {
        _ = try await Command("fdtput", ["-t", "s", file, "/", name, value]).output()
      }
    }
  }
}
