import Foundation
import TestSupport
import Toolkit

@testable import manual

/// A text of the checkout that people read.
struct Text: CustomStringConvertible, Sendable {
  /// Its path in the checkout.
  var path: String
  /// What it says.
  var source: String

  /// Its path.
  var description: String { path }

  /// What a look at it finds.
  var parts: MarkdownText { MarkdownText(source) }

  /// Reads a text of the checkout.
  init(_ path: String) throws {
    self.path = path
    source = try String(decoding: Files.contents(of: DocumentedCommands.root.path + "/" + path), as: UTF8.self)
  }

  /// Whether the checkout has such a file or folder.
  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: DocumentedCommands.root.path + "/" + path)
  }

  /// The manual's pages.
  static let pages: [Text] = Contents.pages.compactMap { try? Text("Sources/Manual/Pages/\($0).md") }

  /// All texts: README, the manual's pages, and the boards' guides.
  static let all: [Text] = {
    let boards =
      (try? FileManager.default.contentsOfDirectory(atPath: DocumentedCommands.root.path + "/platforms")) ?? []
    let guides = boards.sorted().map { "platforms/\($0)/GUIDE.md" }.filter(exists)
    return (["README.md"] + guides).compactMap { try? Text($0) } + pages
  }()
}
