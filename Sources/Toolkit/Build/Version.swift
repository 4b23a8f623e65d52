internal import Foundation

extension Project {
  /// Which release this is: what the archive of a release says in its file VERSION, or what git says of a checkout, such as `0.2`,
  /// `0.2-3-g8ff33bf` or, where there is no tag, `dev-8ff33bf`; with `-dirty` behind it where files were changed.
  public func version() async -> String {
    if let text = try? String(contentsOfFile: path("VERSION"), encoding: .utf8) {
      return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
    // Many may ask at once: none of them writes into the checkout.
    let git = Command(
      "git", ["-C", root.path, "describe", "--tags", "--match", "v*", "--always", "--dirty"],
      environment: ["GIT_OPTIONAL_LOCKS": "0"])
    guard let output = try? await git.output() else { return "unknown" }
    return Self.version(describedAs: String(decoding: output, as: UTF8.self))
  }

  /// The version behind git's words.
  static func version(describedAs text: String) -> String {
    let word = text.trimmingCharacters(in: .whitespacesAndNewlines)
    return word.hasPrefix("v") ? String(word.dropFirst()) : "dev-\(word)"
  }
}
