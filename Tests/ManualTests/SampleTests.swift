import Foundation
import Scheduling
import TestSupport
import Testing
import Toolkit

@testable import manual

@Suite("A sample in the texts", .timeLimited)
struct SampleTests {
  /// A block, with the one behind it.
  struct Sample: CustomStringConvertible, Sendable {
    var place: String
    var block: MarkdownText.CodeBlock
    var next: MarkdownText.CodeBlock?
    /// Where it stands.
    var description: String { place }

    /// True where the word stands behind the language.
    func `is`(_ word: String) -> Bool { block.info.dropFirst().contains(word) }
  }

  /// The YAML of all texts.
  static let all: [Sample] = Text.all.flatMap { text in
    let blocks = text.parts.blocks
    return blocks.indices.filter { blocks[$0].language == "yaml" }.map { index in
      Sample(
        place: "\(text.path):\(blocks[index].line)", block: blocks[index],
        next: index + 1 < blocks.count ? blocks[index + 1] : nil)
    }
  }

  /// What the parser says of a sample.
  private static func mistakes(of sample: Sample) -> String? {
    do {
      if sample.is("board") {
        _ = try Board(parsing: SourceText(path: "board.yaml", text: sample.block.text))
      } else {
        _ = try SystemFile(parsing: SourceText(path: "system.yaml", text: sample.block.text))
      }
      return nil
    } catch {
      return "\(error)\n"
    }
  }

  @Test("is what the parser takes without a word", arguments: all.filter { !$0.is("wrong") })
  func right(sample: Sample) {
    let mistakes = Self.mistakes(of: sample)
    #expect(mistakes == nil)
  }

  @Test("with mistakes has those that stand behind it", arguments: all.filter { $0.is("wrong") })
  func wrong(sample: Sample) throws {
    let next = try #require(sample.next)
    #expect(next.info == ["text", "mistakes"])
    #expect(Self.mistakes(of: sample) == next.text)
  }

  @Test("that admission refuses is refused with the words behind it", arguments: all.filter { $0.is("refused") })
  func refused(sample: Sample) throws {
    let next = try #require(sample.next)
    #expect(next.info == ["text", "refusal"])
    let file = try SystemFile(parsing: SourceText(path: "system.yaml", text: sample.block.text))
    let refusals = try Simulator(file).run(for: 1_000_000).refusals
    #expect(refusals.count == 1)
    // The lines of the file behind the message are for those who have it elsewhere.
    let message = refusals.first.map { "\($0)" } ?? ""
    #expect(message.split(separator: "\n").first.map { "\($0)\n" } == next.text)
  }

  @Test("is a copy of the file that it is said to be", arguments: all.filter { $0.block.value(of: "copy") != nil })
  func copies(sample: Sample) throws {
    let path = try #require(sample.block.value(of: "copy"))
    #expect(try sample.block.text == Text(path).source)
  }

  @Test(
    "with a picture does in the simulator what the table behind it says",
    arguments: all.filter { $0.block.value(of: "picture") != nil })
  func simulated(sample: Sample) throws {
    let next = try #require(sample.next)
    #expect(next.info == ["text", "simulates"])
    let file = try SystemFile(parsing: SourceText(path: "system.yaml", text: sample.block.text))
    #expect(try "\(Simulator(file).run(for: 1_000_000_000).result)\n" == next.text)
  }

  @Test("of each kind is there")
  func found() {
    #expect(Self.all.count > 15)
    #expect(Self.all.count { $0.is("wrong") } >= 4)
    #expect(Self.all.count { $0.is("refused") } >= 1)
    #expect(Self.all.count { $0.block.value(of: "copy") != nil } >= 2)
    #expect(Self.all.count { $0.block.value(of: "picture") != nil } >= PolicyKind.count)
  }

  @Test("of every policy is on the page about scheduling, under the policy's name")
  func policies() throws {
    let page = try Text("Sources/Manual/Pages/scheduling.md")
    for number in 0..<PolicyKind.count {
      let name = try "\(#require(PolicyKind(number: number)).name)"
      #expect(page.parts.headings.contains { $0.text == name }, "\(name)")
      #expect(
        page.parts.blocks.contains { $0.value(of: "picture") != nil && $0.text.contains("policy: \(name)") }, "\(name)")
      #expect(page.source.contains("| `\(name)` |"), "\(name)")
    }
  }

  @Test("of every board is a row of the page about boards, and no row is of another")
  func boards() throws {
    let page = try Text("Sources/Manual/Pages/boards.md")
    let rows = page.source.matches(of: /\n\| `([a-z0-9-]+)` \|/).map { String($0.1) }
    #expect(try rows.sorted() == Project(root: DocumentedCommands.root).allBoards().map(\.name).sorted())
  }

  @Test("of every command of the tool is a row of the page about the tool")
  func commands() throws {
    let page = try Text("Sources/Manual/Pages/tool.md")
    let folder = DocumentedCommands.root.path + "/Sources/tvisor"
    var count = 0
    for file in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() where file.hasSuffix(".swift") {
      let source = try String(decoding: Files.contents(of: "\(folder)/\(file)"), as: UTF8.self)
      guard let type = source.firstMatch(of: /struct ([A-Za-z]+): AsyncParsableCommand/)?.1, type != "TVisorTool" else {
        continue
      }
      count += 1
      // A command that says nothing else is called as its type.
      let name = source.firstMatch(of: /commandName: "([a-z-]+)"/)?.1 ?? Substring(type.lowercased())
      #expect(page.source.contains("| `tvisor \(name)"), "\(name)")
    }
    #expect(count > 10)
  }
}
