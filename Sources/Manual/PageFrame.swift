/// What stands around a page's own text: the list of all pages, the page's contents, and the ways on and back.
struct PageFrame {
  /// All pages.
  var pages: [Page]
  /// This page.
  var current: Page
  /// The page before it.
  var previous: Page?
  /// The page behind it.
  var next: Page?

  /// The whole file.
  func html(around body: String) -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(HTML.escaped(current.title)) · TVisor</title>
    <link rel="stylesheet" href="manual.css">
    </head>
    <body>
    <nav class="pages" aria-label="Pages">
    \(list)</nav>
    <main>
    \(withContents(body))
    <nav class="turn" aria-label="Next and previous page">
    \(turn)</nav>
    </main>
    </body>
    </html>

    """
  }

  private var list: String {
    var html = "<p class=\"name\">\(link(to: "index", saying: "TVisor"))</p>\n"
    for part in Contents.parts {
      html += "<p>\(HTML.escaped(part.title))</p>\n<ul>\n"
      for name in part.pages {
        html += "<li>\(link(to: name, saying: pages.first { $0.name == name }?.title ?? name))</li>\n"
      }
      html += "</ul>\n"
    }
    return html
  }

  private func link(to name: String, saying title: String) -> String {
    let mark = name == current.name ? " aria-current=\"page\"" : ""
    return "<a href=\"\(name).html\"\(mark)>\(HTML.escaped(title))</a>"
  }

  /// The page's contents come below its title, where it has enough for that; the first page is a list of pages itself.
  private func withContents(_ body: String) -> String {
    let sections = current.headings.filter { $0.level == 2 }
    guard sections.count > 2, current.name != "index", let end = body.firstRange(of: "</h1>")?.upperBound else {
      return body
    }
    let items = sections.map {
      "<li><a href=\"#\($0.anchor)\">\(HTML.escaped(HTML.plain($0.text)))</a></li>\n"
    }.joined()
    return body[..<end] + "\n<nav class=\"contents\" aria-label=\"On this page\">\n<ul>\n\(items)</ul>\n</nav>"
      + body[end...]
  }

  private var turn: String {
    let back = previous.map { "<span>← \(link(to: $0.name, saying: $0.title))</span>\n" } ?? ""
    return back + (next.map { "<span>\(link(to: $0.name, saying: $0.title)) →</span>\n" } ?? "")
  }
}
