import Foundation
import Toolkit

/// The parts of pages that are made from what the tool knows, so that they cannot say anything else.
struct GeneratedSections {
  /// The checkout.
  var project: Project

  /// A section's Markdown.
  /// - Throws: `Failure` where there is no section of that name.
  func markdown(of name: String) throws -> String {
    switch name {
    case "boards": try boards()
    case "errata": ErrataReport.markdown
    case "keys of system.yaml": KeyTable.system.reference(title: "system.yaml", level: 3)
    case "keys of board.yaml": KeyTable.board.reference(title: "board.yaml", level: 3)
    default: throw Failure("no generated section is named '\(name)'")
    }
  }

  /// Each board, as its file and its guide describe it.
  private func boards() throws -> String {
    try project.allBoards().map { name, board in
      let board = try board.get()
      var lines = ["### \(name)", "", "\(board.summary).", "", "| | |", "|---|---|"]
      var rows: [(String, String)] = []
      if let chip = board.chip { rows.append(("chip", chip)) }
      rows.append(("image", "`tvisor-\(board.isa).img`"))
      rows.append(("tree", treeSource(of: board)))
      rows.append(("console", board.console))
      rows.append(
        ("QEMU", board.qemu.map { "`-M \($0.machine)`, \($0.models.joined(separator: ", "))" } ?? "does not play it"))
      if let loader = board.loader { rows.append(("loader", loader)) }
      rows.append(("tested", board.tested))
      lines += rows.map { "| \($0.0) | \($0.1.replacing("|", with: "\\|")) |" }
      return (lines + ["", try guide(of: name)]).joined(separator: "\n")
    }.joined(separator: "\n\n")
  }

  /// Where a board's tree comes from; a file of its own is named as it is in the checkout.
  private func treeSource(of board: Board) -> String {
    board.treeSource.replacing(project.root.path + "/", with: "")
  }

  /// A board's guide without its title.
  private func guide(of name: String) throws -> String {
    let file = project.path("platforms/\(name)/GUIDE.md")
    guard FileManager.default.fileExists(atPath: file) else { return "" }
    let text = String(decoding: try Files.contents(of: file), as: UTF8.self)
    return text.split(separator: "\n", omittingEmptySubsequences: false).drop { $0.hasPrefix("# ") }
      .joined(separator: "\n")
  }
}
