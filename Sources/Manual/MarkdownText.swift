/// What there is to know of a Markdown text without rendering it: headings, code blocks, links and code spans, each with
/// its line.
struct MarkdownText {
  /// A heading.
  struct Heading: Equatable {
    /// How many `#` it has.
    var level: Int
    /// Its text as it is written, with back quotes.
    var text: String
    /// The name by which links reach it, made as the common repository hosts make it, so that links work there too.
    var anchor: String
    /// Its line, from 1.
    var line: Int
  }

  /// A fenced block.
  struct CodeBlock: Equatable {
    /// What stands behind the fence: the language, and what the manual's own tests are to do with it.
    var info: [String]
    /// The lines between the fences.
    var text: String
    /// The line of its first fence, from 1.
    var line: Int

    /// The language, or nothing.
    var language: String { info.first ?? "" }

    /// The value of `name=value` behind the language.
    func value(of name: String) -> String? {
      info.dropFirst().first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
    }
  }

  /// The headings in their order.
  private(set) var headings: [Heading] = []
  /// The blocks in their order.
  private(set) var blocks: [CodeBlock] = []
  /// The targets of links.
  private(set) var links: [String] = []
  /// What stands in back quotes, with white space as one space.
  private(set) var spans: [String] = []

  /// Looks through a text.
  init(_ text: String) {
    var prose = ""
    var open: CodeBlock?
    var anchors: [String: Int] = [:]
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let line = String(line)
      let trimmed = line.drop { $0 == " " }
      if trimmed.hasPrefix("```") {
        if let block = open {
          blocks.append(block)
          open = nil
        } else {
          let info = trimmed.drop { $0 == "`" }.split(separator: " ").map(String.init)
          open = CodeBlock(info: info, text: "", line: index + 1)
        }
      } else if open != nil {
        open?.text += "\(line)\n"
      } else if let match = line.wholeMatch(of: /(#{1,6}) +(.*?) *#*/) {
        let title = String(match.2)
        let anchor = Self.anchor(of: title)
        let count = anchors[anchor, default: 0]
        anchors[anchor] = count + 1
        headings.append(
          Heading(
            level: match.1.count, text: title, anchor: count == 0 ? anchor : "\(anchor)-\(count)", line: index + 1))
        prose += "\n\(title)\n"
      } else {
        prose += "\(line)\n"
      }
    }
    spans = prose.matches(of: /`([^`]+)`/).map {
      $0.1.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    // What looks like a link inside back quotes is none; a link's text may be in back quotes.
    let plain = prose.replacing(/`[^`]*`/) { _ in "code" }
    links = plain.matches(of: /\]\(([^)\s]+)\)/).map { String($0.1) }
  }

  /// The name by which a heading is reached: lower case, without punctuation, `-` for spaces.
  static func anchor(of title: String) -> String {
    let kept = title.lowercased().unicodeScalars.filter {
      $0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == " " || $0 == "-" || $0 == "_"
    }
    return String(String.UnicodeScalarView(kept)).replacing(" ", with: "-")
  }
}
