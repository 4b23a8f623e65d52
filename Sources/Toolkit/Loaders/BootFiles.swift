public import Foundation

/// Writes the files that a board's loader starts TVisor from: a Raspberry Pi's boot partition but for the vendor's firmware, or
/// for another board what its loader is told to load.
public struct CardWriter: Sendable {
  private let project: Project
  private let board: Board
  private let card: Board.Card?
  private let tree: Board.Tree

  /// A writer for a board.
  /// - Throws: `Failure` where there is no board, but only QEMU's machine.
  public init(project: Project, board: Board) throws {
    guard let tree = board.tree else {
      let able = try project.boards().filter { $0.tree != nil }.map(\.name).joined(separator: ", ")
      throw Failure("\(board.name) has no tree of its own for a loader; these have: \(able)")
    }
    self.project = project
    self.board = board
    card = board.card
    self.tree = tree
  }

  /// Bundles and checks a system, and writes all files.
  /// - Returns: the files' names.
  public func write(_ system: String, to folder: String) async throws -> [String] {
    let bundler = Bundler(project: project)
    let bundle = try await bundler.bundle(system)
    try await bundler.validate(bundle, on: board, in: project)
    let treePath = project.treePath(of: board) ?? project.path(of: tree)
    let image = try contents(of: ImageBuilder(project: project).image(board.isa))
    return try write(image: image, bundle: bundle.bytes, tree: contents(of: treePath), to: folder)
  }

  /// Writes files that are ready.
  public func write(image: Data, bundle: Data, tree: Data, to folder: String) throws -> [String] {
    try Files.makeFolder(folder)
    var files = [
      (card?.kernel ?? "tvisor-\(board.isa).img", image), (card?.bundle ?? "bundle.dtb", bundle),
      (self.tree.name, tree),
      ("README-TVISOR.txt", Data(guide.utf8)),
    ]
    if let card { files.append(("config.txt", Data(configuration(card).utf8))) }
    for (name, bytes) in files { try Files.write(bytes, to: "\(folder)/\(name)") }
    return files.map(\.0)
  }

  private func configuration(_ card: Board.Card) -> String {
    let intro = "# TVisor on \(board.name): written by `tvisor sdcard`."
    return ([intro] + card.configuration).map { $0 + "\n" }.joined()
  }

  private var guide: String {
    guard let card else { return plainGuide }
    return """
      TVisor on \(board.name)

      Copy all of this folder onto the card's first partition (FAT), and beside it the vendor's firmware, which is not
      TVisor's to give away:

      \(card.firmware.map { "  \($0)\n" }.joined())
      from \(card.source)

        \(card.kernel)  TVisor
        \(card.bundle)  the virtual machines: `tvisor bundle` makes another
        \(tree.name)  the board's device tree\(tree.package.map { ", from Debian's \($0)" } ?? "")
        config.txt  tells the firmware all that

      Console: \(board.console).

      """
  }

  private var plainGuide: String {
    """
    TVisor on \(board.name)

      tvisor-\(board.isa).img  TVisor
      bundle.dtb  the virtual machines: `tvisor bundle` makes another
      \(tree.name)  the board's device tree\(tree.package.map { ", from Debian's \($0)" } ?? "")

    Loader: \(board.loader ?? "it starts the first file as a Linux kernel, with the second as its RAM disk and the third as its tree").
    Console: \(board.console).

    """
  }

  private func contents(of path: String) throws -> Data {
    do throws(Failure) { return try Files.contents(of: path) } catch {
      throw Failure("\(error); build it with `tvisor build`, or fetch it with `make setup`")
    }
  }
}
