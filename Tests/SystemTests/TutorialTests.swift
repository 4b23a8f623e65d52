import Foundation
import TestSupport
import Testing
import Toolkit

@testable import manual

/// The manual's tutorial, done as its page says it: the files are the page's, and so are the commands and what they say.
@Suite("The tutorial", .serialized)
struct TutorialTests {
  /// One thing that the page has its reader do.
  private enum Step {
    case write(file: String, text: String)
    /// Runs commands, which succeed or not, and say these lines in this order.
    case run(commands: String, succeeds: Bool, says: [String])
  }

  /// The page's steps; of other blocks (what is done in the checkout) the tests before this one are about.
  private static func steps() throws -> [Step] {
    let page = DocumentedCommands.root.path + "/Sources/Manual/Pages/tutorial.md"
    let blocks = MarkdownText(String(decoding: try Files.contents(of: page), as: UTF8.self)).blocks
    return blocks.enumerated().compactMap { index, block in
      if let file = block.value(of: "file") { return .write(file: file, text: block.text) }
      guard block.info == ["sh", "run"] || block.info == ["sh", "fails"] else { return nil }
      let next = index + 1 < blocks.count ? blocks[index + 1] : nil
      let said = next?.info == ["text", "says"] ? next?.text.split(separator: "\n").map(String.init) ?? [] : []
      // What is different each time, the page leaves out.
      let lines = said.map { line in String(line.prefix { $0 != "…" }) }
      return .run(commands: block.text, succeeds: block.info[1] == "run", says: lines)
    }
  }

  @Test("builds guests in C, Swift and Rust, runs them beside Debian, and is told its mistakes")
  func tutorial() async throws {
    let folder = "\(NSTemporaryDirectory())/tvisor-tutorial-\(UUID().uuidString)"
    try Files.makeFolder("\(folder)/bin")
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var runCount = 0
    for step in try Self.steps() {
      switch step {
      case .write(let file, let text): try Files.write(text, to: "\(folder)/\(file)")
      case .run(let commands, let succeeds, let says):
        runCount += 1
        let (status, said) = try await Self.run(commands, in: folder, expecting: says)
        #expect((status == 0) == succeeds, "\(commands)\(said)")
        var rest = said[...]
        for line in says {
          let found = rest.firstRange(of: line)
          #expect(found != nil, "'\(line)' after \(commands)\(said)")
          if let found { rest = rest[found.upperBound...] }
        }
      }
    }
    #expect(runCount >= 10)
  }

  /// Runs commands in a shell. Nobody sits at the console of a `tvisor run` here, so it ends when it has said what it should; and
  /// what it boots is built already.
  private static func run(_ commands: String, in folder: String, expecting says: [String]) async throws -> (
    status: Int32, said: String
  ) {
    let tool = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appendingPathComponent("tvisor").path
    let expected = says.flatMap { ["--expect", $0] }
    let headless = Command(tool, ["--headless", "--no-build"] + expected).line.dropFirst(Command(tool, []).line.count)
    let wrapper = """
      #!/bin/sh
      case "$1" in
        run) exec \(Command(tool, []).line) "$@" \(headless) ;;
        *) exec \(Command(tool, []).line) "$@" ;;
      esac

      """
    try Files.write(wrapper, to: "\(folder)/bin/tvisor")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(folder)/bin/tvisor")
    let rust = DocumentedCommands.root.path + "/.build-setup/rust/bin"
    let path = "\(folder)/bin:\(rust):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
    let script = "{ set -e\n\(commands)} >said 2>&1 </dev/null"
    let status = try await Command("/bin/sh", ["-c", script], environment: ["PATH": path]).interact(in: folder)
    return (status, String(decoding: FileManager.default.contents(atPath: "\(folder)/said") ?? Data(), as: UTF8.self))
  }

  @Test("finds the checkout where the shell found the tool in PATH")
  func found() async throws {
    let tool = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
    let path = "\(tool):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
    let said = try await Command("/bin/sh", ["-c", "tvisor boards"], environment: ["PATH": path]).output(
      in: NSTemporaryDirectory())
    #expect(String(decoding: said, as: UTF8.self).contains("qemu-virt-armv8"))
  }
}
