internal import Foundation

extension Project {
  /// Which release this is: what the archive of a release says in its file VERSION, or what git says of a checkout, such as `0.2`,
  /// `0.2-3-g8ff33bf` or, where there is no tag, `dev-8ff33bf`; with `-dirty` behind it where files were changed.
  public func version() async -> String {
    if let released { return released }
    let git = Command("git", description, environment: Self.readOnly)
    guard let output = try? await git.output() else { return "unknown" }
    return Self.version(describedAs: String(decoding: output, as: UTF8.self))
  }

  /// The same for who cannot wait: a blocking call.
  public var describedVersion: String {
    if let released { return released }
    let (git, output) = (Process(), Pipe())
    git.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    git.arguments = ["git"] + description
    git.environment = ProcessInfo.processInfo.environment.merging(Self.readOnly) { $1 }
    git.standardOutput = output
    git.standardError = FileHandle.nullDevice
    guard (try? git.run()) != nil, let text = try? output.fileHandleForReading.readToEnd() else { return "unknown" }
    git.waitUntilExit()
    return git.terminationStatus == 0 ? Self.version(describedAs: String(decoding: text, as: UTF8.self)) : "unknown"
  }

  private var released: String? {
    let text = try? String(contentsOfFile: path("VERSION"), encoding: .utf8)
    return text?.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private var description: [String] {
    ["-C", root.path, "describe", "--tags", "--match", "v*", "--always", "--dirty"]
  }

  /// Many may ask at once: none of them writes into the checkout.
  private static let readOnly = ["GIT_OPTIONAL_LOCKS": "0"]

  /// The version behind git's words.
  static func version(describedAs text: String) -> String {
    let word = text.trimmingCharacters(in: .whitespacesAndNewlines)
    return word.hasPrefix("v") ? String(word.dropFirst()) : "dev-\(word)"
  }
}
