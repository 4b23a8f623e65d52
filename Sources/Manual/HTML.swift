/// Small changes to what the renderer gives.
enum HTML {
  /// A text that HTML takes for itself.
  static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }

  /// A heading's text without back quotes.
  static func plain(_ text: String) -> String { text.replacing("`", with: "") }

  /// Gives the headings their names, in the order in which they come, with a link to themselves.
  static func anchoring(_ html: String, _ headings: [MarkdownText.Heading]) -> String {
    var rest = headings[...]
    return html.replacing(/<h([1-6])>(.*?)<\/h[1-6]>/) { match in
      guard let heading = rest.popFirst() else { return String(match.0) }
      let link = heading.level == 1 ? "" : " <a class=\"anchor\" href=\"#\(heading.anchor)\" aria-hidden=\"true\">#</a>"
      return "<h\(match.1) id=\"\(heading.anchor)\">\(match.2)\(link)</h\(match.1)>"
    }
  }

  /// Links to pages' sources become links to the pages.
  static func linkingPages(_ html: String) -> String {
    html.replacing(/href="([a-z-]+)\.md(#[^"]*)?"/) { "href=\"\($0.1).html\($0.2 ?? "")\"" }
  }
}
