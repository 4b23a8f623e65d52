import Foundation
import Toolkit

/// One page: its Markdown with the generated sections in their places, and its pictures.
struct Page {
  /// A picture of its own, beside it.
  struct Picture {
    /// The file, from the site's folder.
    var file: String
    /// The picture's text.
    var svg: String
    /// What it shows.
    var title: String
  }

  /// Its file's name without the ending.
  var name: String
  /// The Markdown that is rendered.
  var text: String
  /// The pictures that the text has marks for, in their order.
  var pictures: [Picture] = []

  /// Reads a page's source, and puts what is generated in the places of its marks.
  init(name: String, source: String, sections: GeneratedSections) throws {
    self.name = name
    var lines: [String] = []
    var block: (info: String, lines: [String])?
    for line in source.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if let mark = line.wholeMatch(of: /<!-- generated: (.+) -->/) {
        lines.append(try sections.markdown(of: String(mark.1)))
        continue
      }
      lines.append(line)
      if block != nil, line == "```" {
        if let info = block?.info, let part = info.split(separator: " ").first(where: { $0.hasPrefix("picture=") }) {
          let window = String(part.dropFirst("picture=".count))
          pictures.append(try Self.picture(pictures.count + 1, of: name, block?.lines ?? [], window))
          lines.append("\n\(Self.mark(pictures.count))\n")
        }
        block = nil
      } else if block != nil {
        block?.lines.append(line)
      } else if line.hasPrefix("```") {
        block = (String(line.dropFirst(3)), [])
      }
    }
    text = lines.joined(separator: "\n")
  }

  /// What the simulator shows of a system file.
  private static func picture(_ number: Int, of page: String, _ lines: [String], _ window: String) throws -> Picture {
    let source = SourceText(path: "system.yaml", text: lines.joined(separator: "\n") + "\n")
    var simulator = Simulator(try SystemFile(parsing: source))
    guard let end = Units.duration(window) else { throw Failure("\(page): cannot read '\(window)' as a time") }
    simulator.window = 0..<end
    let result = try simulator.run(for: max(end, 1_000_000_000)).result
    let policy = result.processors.map { "\($0.policy)" }.joined(separator: ", ")
    let drawing = TimelineDrawing(result, title: policy).picture
    return Picture(file: "pictures/\(page)-\(number).svg", svg: drawing.svg, title: "\(policy): \(drawing.subtitle)")
  }

  private static func mark(_ number: Int) -> String { "<!-- picture \(number) -->" }

  /// The page's title: its first heading.
  var title: String { headings.first.map { HTML.plain($0.text) } ?? name }

  /// Its headings.
  var headings: [MarkdownText.Heading] { MarkdownText(text).headings }

  /// The page in HTML, without what is around it on every page.
  func body(in folder: String) async throws -> String {
    let file = "\(folder)/\(name).md"
    try Files.write(text, to: file)
    defer { try? FileManager.default.removeItem(atPath: file) }
    let rendered: Data
    do {
      rendered = try await Command("cmark-gfm", ["-e", "table", "--unsafe", file]).output()
    } catch {
      throw Failure(
        "cmark-gfm, which renders the pages, does not run; `boot/setup/setup.sh --manual` installs it: \(error)")
    }
    var html = String(decoding: rendered, as: UTF8.self)
    html = HTML.anchoring(html, headings)
    html = HTML.linkingPages(html)
    // What is wider than a narrow screen moves in a frame of its own, not the page.
    html = html.replacing("<table>", with: "<div class=\"wide\"><table>").replacing("</table>", with: "</table></div>")
    for (index, picture) in pictures.enumerated() {
      html = html.replacing(
        Self.mark(index + 1),
        with: "<figure class=\"wide\"><img src=\"\(picture.file)\" alt=\"\(HTML.escaped(picture.title))\"></figure>")
    }
    return html
  }
}
