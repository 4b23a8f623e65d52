public import Foundation

/// A command line of the tool's that README, the manual, a guide, a demo or the tool's own help shows.
public struct DocumentedCommand: Sendable, CustomStringConvertible {
  /// Where it stands.
  public var place: String
  /// As it stands there, without `tvisor`.
  public var text: String

  /// The place and the command.
  public var description: String { "\(place): tvisor \(text)" }
}

/// All command lines of the tool's that texts of the checkout show.
public enum DocumentedCommands {
  /// The checkout.
  public static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Those of README, the manual, the guides and the demos.
  public static func ofTexts() throws -> [DocumentedCommand] {
    let folders = ["Sources/Manual/Pages", "platforms"]
    let files = folders.flatMap { folder in
      (FileManager.default.enumerator(atPath: "\(root.path)/\(folder)")?.compactMap { $0 as? String } ?? []).sorted()
        .map { "\(folder)/\($0)" }
    }
    let paths = ["README.md", "Makefile"] + files
    return try paths.filter { $0.hasSuffix(".md") || $0.hasSuffix(".yaml") || $0 == "Makefile" }.flatMap { path in
      commands(in: try String(contentsOfFile: "\(root.path)/\(path)", encoding: .utf8), of: path)
    }
  }

  /// The command lines in a text: in back quotes, or a line of their own behind `$ `, `# ` or spaces.
  public static func commands(in text: String, of place: String) -> [DocumentedCommand] {
    // A span in back quotes may be broken over two lines.
    let spans = text.matches(of: /`(?:\.build-host\/debug\/)?(tvisor|make)\s([^`]+)`/).map {
      (String($0.1), String($0.2))
    }
    let lines = text.split(separator: "\n").compactMap { line -> (String, String)? in
      guard let match = line.wholeMatch(of: /(?:\$ |[# ]*)(tvisor|make) ([^`]*)/), !line.hasPrefix("tvisor:") else {
        return nil
      }
      return (String(match.1), String(match.2))
    }
    // A demo's own options for QEMU, which go with its file.
    let options = text.split(separator: "\n").compactMap { line in
      line.wholeMatch(of: /# +(--qemu .*)/).map { ("tvisor", "run \(place) \($0.1)") }
    }
    return (spans + lines + options).compactMap { program, words in
      let words = words.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      // What is said behind a command, and behind a pipe.
      let command = words.replacing(/\s+# .*/, with: "")
      return toolCommand(command, program).map { DocumentedCommand(place: place, text: $0) }
    }
  }

  /// `make run` with a board and further options stands for `run` of the tool's.
  private static func toolCommand(_ command: String, _ program: String) -> String? {
    guard program == "make" else { return command }
    guard command == "run" || command.hasPrefix("run ") else { return nil }
    let known = command.prefixMatch(of: /run(?: BOARD=(?<board>\S+))?(?: ARGS="(?<options>[^"]*)")?/)
    let board = known?.board.map { " --board \($0)" } ?? ""
    return "run\(board)\(known?.options.map { " \($0)" } ?? "")"
  }
}
