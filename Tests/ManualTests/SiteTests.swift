import Foundation
import TestSupport
import Testing
import Toolkit

@testable import manual

@Suite("The manual's site", .timeLimited, .serialized)
struct SiteTests {
  /// The site in a folder of its own, for one look at it.
  private func withSite(_ body: (String) throws -> Void) async throws {
    let folder = "\(NSTemporaryDirectory())/tvisor-manual-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await Site(project: Project(root: DocumentedCommands.root)).write(to: folder)
    try body(folder)
  }

  private func page(_ name: String, in folder: String) throws -> String {
    String(decoding: try Files.contents(of: "\(folder)/\(name).html"), as: UTF8.self)
  }

  @Test("has every page as plain HTML, whose links and pictures lead to files and names that are there")
  func whole() async throws {
    try await withSite { folder in
      var linkCount = 0
      for name in Contents.pages {
        let html = try page(name, in: folder)
        #expect(html.hasPrefix("<!DOCTYPE html>"))
        #expect(!html.contains("<script") && !html.contains("<!-- "), "\(name)")
        #expect(html.matches(of: #/<h1 /#).count == 1, "\(name)")
        #expect(html.firstMatch(of: /<h[1-6]>/) == nil, "\(name): a heading without a name")
        for match in html.matches(of: /(?:href|src)="([^"]+)"/) where !match.1.hasPrefix("https://") {
          linkCount += 1
          let parts = match.1.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
          let file = parts[0].isEmpty ? "\(name).html" : parts[0]
          #expect(FileManager.default.fileExists(atPath: "\(folder)/\(file)"), "\(name): \(match.1)")
          guard parts.count == 2 else { continue }
          let there = String(decoding: try Files.contents(of: "\(folder)/\(file)"), as: UTF8.self)
          #expect(there.contains("id=\"\(parts[1])\""), "\(name): \(match.1)")
        }
        let names = html.matches(of: #/ id="([^"]+)"/#).map { String($0.1) }
        #expect(names.count == Set(names).count, "\(name): two headings of one name")
      }
      #expect(linkCount > Contents.pages.count * Contents.pages.count)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).allSatisfy { !$0.hasSuffix(".md") })
    }
  }

  @Test("says each key of both files, each board with its guide, and draws each policy")
  func generated() async throws {
    try await withSite { folder in
      for (name, table) in [("system-file", KeyTable.system), ("board-file", .board)] {
        let html = try page(name, in: folder)
        for key in table.tables(at: "").flatMap(\.table.keys) {
          #expect(html.contains("<td><code>\(key.name)</code></td>"), "\(key.name)")
        }
      }
      let boards = try page("boards", in: folder)
      for board in try Project(root: DocumentedCommands.root).boards() {
        #expect(boards.contains("<h3 id=\"\(board.name)\">"), "\(board.name)")
        #expect(boards.contains(HTML.escaped(board.tested).prefix(20)), "\(board.name)")
      }
      #expect(boards.contains("booti 0x18000000"))
      #expect(!boards.contains(DocumentedCommands.root.path))
      let pictures = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/pictures")
      #expect(pictures.count >= 5 && pictures.allSatisfy { $0.hasSuffix(".svg") })
      let scheduling = try page("scheduling", in: folder)
      for picture in pictures { #expect(scheduling.contains("src=\"pictures/\(picture)\"")) }
    }
  }

  @Test("is the same, byte for byte, each time")
  func repeatable() async throws {
    var sites: [[String: Data]] = []
    for _ in 0..<2 {
      try await withSite { folder in
        let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        sites.append(
          Dictionary(
            uniqueKeysWithValues: files.map { ($0, FileManager.default.contents(atPath: "\(folder)/\($0)") ?? Data()) })
        )
      }
    }
    #expect(sites[0].count > 20)
    #expect(sites[0] == sites[1])
  }

  @Test("has no section that nobody makes")
  func unknownSection() {
    #expect(throws: Failure.self) {
      try GeneratedSections(project: Project(root: DocumentedCommands.root)).markdown(of: "nothing")
    }
  }
}
