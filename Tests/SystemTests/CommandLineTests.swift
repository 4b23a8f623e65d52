import Foundation
import TestSupport
import Testing
import Toolkit

@testable import manual

/// The tool as a person runs it: the program itself, with command lines as texts show them.
@Suite("The tool's command line", .serialized)
struct CommandLineTests {
  /// The tool of this build.
  private static var tool: String {
    URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("tvisor").path
  }

  /// What a run of the tool said, with its status.
  private static func run(_ words: [String], in folder: String? = nil) async throws -> (status: Int32, said: String) {
    let place = "\(NSTemporaryDirectory())/tvisor-said-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: place) }
    let line = Command(tool, words).line + " >\(place) 2>&1 </dev/null"
    let status = try await Command("/bin/sh", ["-c", line]).interact(in: folder ?? DocumentedCommands.root.path)
    return (status, String(decoding: FileManager.default.contents(atPath: place) ?? Data(), as: UTF8.self))
  }

  /// The command lines of README, manual, guides and demos, but for the tutorial's, which a test of its own runs.
  private static func commands() throws -> [DocumentedCommand] {
    try DocumentedCommands.ofTexts().filter { !$0.place.hasSuffix("tutorial.md") }
  }

  /// Those that boot a system of the checkout on a board, each once.
  private static func bootCommands() throws -> [DocumentedCommand] {
    var seen: Set<String> = []
    return try commands().filter { command in
      command.text.hasPrefix("run ") && seen.insert(command.text).inserted
        && !["run system.yaml", "[", "NAME", "tvisor.panic"].contains { command.text.contains($0) }
    }
  }

  @Test("boots what README, manual, guides and demos say, as they say it", arguments: try bootCommands())
  func boots(command: DocumentedCommand) async throws {
    let folder = "\(NSTemporaryDirectory())/tvisor-boots-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    // The disk that a demo is given.
    try Data(count: 1 << 20).write(to: URL(fileURLWithPath: "\(folder)/disk.img"))
    let root = DocumentedCommands.root.path
    let words = try ShellWords.split(command.text).map { word in
      word.hasPrefix("platforms/")
        ? "\(root)/\(word)" : word.replacing("file=disk.img", with: "file=\(folder)/disk.img")
    }
    let (status, said) = try await Self.run(words + ["--headless", "--no-build", "--expect", "CPUs are up"])
    #expect(status == 0, "\(said)")
  }

  @Test("runs what the texts say of files: check, bundle, simulate, boards")
  func files() async throws {
    let folder = "\(NSTemporaryDirectory())/tvisor-files-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let demo = "platforms/qemu-virt-armv8/demo/system.yaml"
    let commands = try Self.commands().map(\.text)
    let files = [
      "FILE": "\(folder)/picture.svg", "system.yaml": demo, "bundle.dtb": "\(folder)/bundle.dtb",
      "timeline.svg": "\(folder)/t.svg",
    ]
    var count = 0
    for text in commands where ["check", "bundle", "simulate", "boards"].contains(text.prefix { $0 != " " }) {
      let words = try ShellWords.split(text).map { files[$0] ?? $0 }
      // Alternatives, and files of the reader's own.
      guard words.count > 1 || text == "boards", !text.contains("|"), !text.contains("broken"), !text.contains("NAME"),
        !text.contains("FOLDER"), !text.contains("TREE")
      else { continue }
      count += 1
      let (status, said) = try await Self.run(words)
      #expect(status == 0, "\(text): \(said)")
    }
    #expect(count >= 4)
  }

  @Test("says of the manual's samples what the board lacks, as the manual has it")
  func lacking() async throws {
    let folder = "\(NSTemporaryDirectory())/tvisor-lacking-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var count = 0
    for page in Contents.pages {
      let path = DocumentedCommands.root.path + "/Sources/Manual/Pages/\(page).md"
      let blocks = MarkdownText(String(decoding: try Files.contents(of: path), as: UTF8.self)).blocks
      for (block, next) in zip(blocks, blocks.dropFirst()) where block.info == ["yaml", "lacking"] {
        count += 1
        try Files.write(block.text, to: "\(folder)/system.yaml")
        let (status, said) = try await Self.run(["check", "system.yaml"], in: folder)
        #expect(status == 1)
        #expect(next.info == ["text", "lacks"])
        #expect(said == next.text)
      }
    }
    #expect(count > 0)
  }

  @Test("says of a tree that is no machine for TVisor what is wrong in whole words, and does not crash")
  func badTree() async throws {
    let folder = "\(NSTemporaryDirectory())/tvisor-tree-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let demo = "platforms/qemu-virt-armv8/demo/system.yaml"
    let options = "-machine virtualization=off"
    for command in [["check", demo], ["run", demo, "--headless", "--no-build"]] {
      let (status, said) = try await Self.run(command + ["--gic", "2", "--qemu", options])
      #expect(status == 1)
      #expect(said.contains("/intc@8000000"), "\(said)")
      #expect(said.split(separator: "\n").count == 1)
    }
  }

  @Test("ends a headless run as soon as the hypervisor has stopped, and says what it said")
  func ended() async throws {
    let start = ContinuousClock.now
    let words = ["run", "--headless", "--no-build", "--expect", "never said", "--append", "tvisor.panic=boot"]
    let (status, said) = try await Self.run(words)
    #expect(status == 1)
    #expect(said.contains("the hypervisor stopped before the console said 'never said'"))
    #expect(said.contains("PANIC at EL2"))
    // The time to wait for a text is 240 seconds.
    #expect(ContinuousClock.now - start < .seconds(200))
  }

  @Test("ends a simulation with 3 where a load that admission takes missed a deadline")
  func missed() async throws {
    let folder = "\(NSTemporaryDirectory())/tvisor-missed-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func simulate(_ behaviour: String) async throws -> Int32 {
      let text = """
        cpus: [{cpu: 0, policy: earliest-deadline}]
        vms: [{name: a, memory: 2MiB, image: x, vcpus: [{cpu: 0, reserve: 200us every 1ms, simulate: \(behaviour)}]}]
        """
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/s.yaml"))
      return try await Self.run(["simulate", "\(folder)/s.yaml"]).status
    }
    #expect(try await simulate("150us every 1ms") == 0)
    #expect(try await simulate("300us every 1ms") == 3)
  }

  @Test("ends as its help says: 0, 1 for mistakes, 64 for a wrong command line; with --json it prints JSON alone")
  func statuses() async throws {
    let folder = "\(NSTemporaryDirectory())/tvisor-status-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data("vms: [{name: a, memory: 2MB, image: x, vcpus: [0]}]\n".utf8).write(
      to: URL(fileURLWithPath: "\(folder)/s.yaml"))
    func object(_ text: String) throws -> [String: Any] {
      try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }
    let broken = try await Self.run(["check", "\(folder)/s.yaml", "--json"])
    #expect(broken.status == 1)
    #expect(try object(broken.said)["isSound"] as? Bool == false)
    let absent = try await Self.run(["check", "\(folder)/none.yaml", "--json"])
    #expect(absent.status == 1)
    #expect(absent.said.contains("there is no such file"))
    let demo = "platforms/qemu-virt-armv8/demo/system.yaml"
    let sound = try await Self.run(["check", demo, "--json"])
    #expect(sound.status == 0)
    #expect(try object(sound.said)["isSound"] as? Bool == true)
    let boards = try await Self.run(["boards", "--json"])
    #expect(boards.status == 0)
    #expect(try (object(boards.said)["boards"] as? [Any])?.count ?? 0 >= 18)
    let simulation = try await Self.run(["simulate", demo, "--for", "10ms", "--json"])
    #expect(simulation.status == 0)
    #expect(try object(simulation.said)["misses"] as? Int == 0)
    for words in [
      ["check"], ["check", demo, "--jsn"], ["simulate", demo, "--for", "long"], ["run", "--timeout", "3"],
    ] {
      #expect(try await Self.run(words).status == 64, "\(words)")
    }
    #expect(try await Self.run(["chekc"]).status == 1)
    let version = try await Self.run(["--version"])
    #expect(version.status == 0)
    #expect(try await version.said == "tvisor \(Project.locate().version())\n")
  }

  @Test("writes no colours into a pipe")
  func plain() async throws {
    // Without --headless the console goes where the tool's output goes; a VM that turns itself off ends it.
    let folder = "\(NSTemporaryDirectory())/tvisor-plain-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let guests = try Project.locate().guests
    let text = "vms: [{name: a, memory: 16MiB, vcpus: [0], image: \(guests)/armv8/hostile.elf}]\n"
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/s.yaml"))
    let (status, said) = try await Self.run(["run", "\(folder)/s.yaml", "--no-build", "--smp", "1"])
    #expect(status == 0, "\(said)")
    #expect(said.contains("[tvisor] VM 'a' turned itself off"))
    #expect(!said.contains("\u{1b}["))
  }
}
