import Foundation
import Testing
import Toolkit

/// Folders that `tvisor init` makes, built and booted as they are.
@Suite("A new system's folder")
struct StarterTests {
  /// A language on an instruction set.
  struct Kind: Sendable, CustomTestStringConvertible {
    var language: Starter.Language
    var isa: String
    var testDescription: String { "\(language.rawValue), \(isa)" }

    /// Those that Swift's toolchain builds; and Rust where its target is installed.
    static let all = ImageBuilder.isas.flatMap { isa in
      Starter.Language.allCases.filter { $0 != .rust || isa == "armv8" && hasRustTarget }.map {
        Kind(language: $0, isa: isa)
      }
    }

    private static var hasRustTarget: Bool {
      let path = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":").map { "\($0)/rustc" } ?? []
      guard let rustc = path.first(where: FileManager.default.isExecutableFile(atPath:)) else { return false }
      let toolchain = URL(fileURLWithPath: rustc).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent()
      return FileManager.default.fileExists(atPath: "\(toolchain.path)/lib/rustlib/aarch64-unknown-none")
    }
  }

  @Test("builds with make, is sound, and its guest prints what its timer counts", arguments: Kind.all)
  func boots(kind: Kind) async throws {
    let folder = "\(NSTemporaryDirectory())/tvisor-init-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let project = try Project.locate()
    let starter = try Starter(project: project, folder: "\(folder)/mine", language: kind.language, isa: kind.isa)
    _ = try starter.write()
    _ = try await Command("make", ["-C", starter.folder, "--silent"]).output()
    let emulation = try Emulation(project.board(named: "qemu-virt-\(kind.isa)"), processorCount: 1)
    let bundler = Bundler(project: project)
    let bundle = try await bundler.bundle("\(starter.folder)/system.yaml")
    #expect(try await bundler.check(bundle, on: emulation).warnings == [])
    let launch = Launch(project: project, emulation: emulation)
    let name = "test-\(UUID().uuidString)"
    defer {
      for ending in ["dtb", "log"] { try? FileManager.default.removeItem(atPath: "\(project.runs)/\(name).\(ending)") }
    }
    let command = try launch.command(booting: bundle, as: name, arguments: nil, console: .pipe, image: nil)
    try await QEMUSession.run(command) { console in
      try await console.expect("mine: hello from ", from: "mine")
      try await console.expect("mine: 100 ticks", from: "mine")
      try await console.expect("mine: 200 ticks", from: "mine")
    }
  }
}
