import Foundation
import TestSupport
import Testing
import Toolkit

@testable import manual

@Suite("The texts", .timeLimited)
struct LinkTests {
  @Test("are README, a page for each name in the list and for no other, and the boards' guides")
  func found() throws {
    let folder = DocumentedCommands.root.path + "/Sources/Manual/Pages"
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    #expect(files == Contents.pages.map { "\($0).md" }.sorted())
    #expect(Text.pages.count == Contents.pages.count)
    #expect(Text.all.count > Text.pages.count + 10)
  }

  @Test("have no README that takes longer than a few minutes to read")
  func size() throws {
    #expect(try Text("README.md").source.utf8.count <= 8192)
  }

  @Test("link to files and headings that are there", arguments: Text.all)
  func links(text: Text) throws {
    let folder = (text.path as NSString).deletingLastPathComponent
    for link in text.parts.links where !link.hasPrefix("https://") {
      let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let target = parts[0].isEmpty ? text.path : (folder as NSString).appendingPathComponent(parts[0])
      #expect(Text.exists(target), "\(link)")
      guard parts.count == 2, Text.exists(target) else { continue }
      let there = try Text(target)
      let isBoards = target.hasSuffix("Pages/boards.md")
      let anchors = there.parts.headings.map(\.anchor) + (isBoards ? try Self.boards() : [])
      #expect(anchors.contains(parts[1]), "\(link)")
    }
  }

  /// The page about boards has a generated section for each.
  private static func boards() throws -> [String] {
    try Project(root: DocumentedCommands.root).allBoards().map(\.name)
  }

  @Test("link from the manual to its own pages only, which go wherever it goes", arguments: Text.pages)
  func closed(page: Text) {
    for link in page.parts.links where !link.hasPrefix("https://") {
      #expect(!link.contains("/"), "\(link)")
    }
  }

  @Test("name paths of the checkout that are there", arguments: Text.all)
  func paths(text: Text) {
    for span in text.parts.spans {
      for word in span.split(separator: " ").map(String.init) where Self.isPath(word) {
        #expect(Text.exists(word), "\(word)")
      }
    }
  }

  /// What stands in back quotes is a path where it begins as one of the checkout's folders with sources does.
  private static func isPath(_ word: String) -> Bool {
    guard word.wholeMatch(of: /[A-Za-z0-9_.\/-]+/) != nil, !word.contains("NAME") else { return false }
    return ["Sources/", "Tests/", "arch/", "boot/", "platforms/"].contains { word.hasPrefix($0) && word != $0 }
  }

  @Test("name neither a machine's own paths nor an issue's number", arguments: Text.all)
  func neutral(text: Text) {
    #expect(text.source.firstMatch(of: /\/(work|root|home|tmp)\/|\bissue #?[0-9]/) == nil)
  }
}

@Suite("The scanner of texts", .timeLimited)
struct MarkdownTextTests {
  @Test("names headings as links know them")
  func anchors() {
    let text = MarkdownText("# A `b`, and C's\n\n## Same\n\ntext\n\n## Same\n\n```\n# none\n```\n")
    #expect(text.headings.map(\.anchor) == ["a-b-and-cs", "same", "same-1"])
    #expect(text.headings.map(\.level) == [1, 2, 2])
    #expect(text.headings.map(\.line) == [1, 3, 7])
  }

  @Test("finds blocks, links and spans, each only where it is one")
  func parts() {
    let text = MarkdownText(
      "See [a `b`](c.md#d) and `[x](y)`, `two\n  lines`.\n\n```yaml board copy=e\nk: [v](w)\n```\n\n  ```sh run\n  x\n  ```\n"
    )
    #expect(text.links == ["c.md#d"])
    #expect(text.spans == ["b", "[x](y)", "two lines"])
    #expect(text.blocks.map(\.info) == [["yaml", "board", "copy=e"], ["sh", "run"]])
    #expect(text.blocks.map(\.text) == ["k: [v](w)\n", "  x\n"])
    #expect(text.blocks[0].value(of: "copy") == "e" && text.blocks[0].value(of: "other") == nil)
  }
}
