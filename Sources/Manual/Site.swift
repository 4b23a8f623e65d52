import Foundation
import Toolkit

/// All pages of the manual, and how they become files.
struct Site {
  /// The checkout.
  var project: Project

  /// Where the pages' sources are.
  var folder: String { project.path("Sources/Manual/Pages") }

  /// The pages in the order of reading, with all that is made for them.
  func pages() throws -> [Page] {
    let sections = GeneratedSections(project: project)
    return try Contents.pages.map { name in
      let source = try String(decoding: Files.contents(of: "\(folder)/\(name).md"), as: UTF8.self)
      return try Page(name: name, source: source, sections: sections)
    }
  }

  /// Writes pages, pictures and the style sheet into a folder; what an earlier run left there is gone.
  func write(to output: String) async throws {
    let pages = try pages()
    try? FileManager.default.removeItem(atPath: output)
    try Files.makeFolder("\(output)/pictures")
    try Files.write(Files.contents(of: project.path("Sources/Manual/manual.css")), to: "\(output)/manual.css")
    for (index, page) in pages.enumerated() {
      for picture in page.pictures { try Files.write(picture.svg, to: "\(output)/\(picture.file)") }
      let frame = PageFrame(
        pages: pages, current: page, previous: index > 0 ? pages[index - 1] : nil,
        next: index + 1 < pages.count ? pages[index + 1] : nil)
      try Files.write(frame.html(around: try await page.body(in: output)), to: "\(output)/\(page.name).html")
    }
  }
}
