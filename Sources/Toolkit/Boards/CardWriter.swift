public import Foundation

/// Writes the boot partition of a board's SD card: everything but the vendor's firmware.
public struct CardWriter: Sendable {
  private let project: Project
  private let board: Board
  private let card: Board.Card
  private let tree: Board.Tree

  /// A writer for a board.
  /// - Throws: `Failure` where the board does not start from an SD card of this kind.
  public init(project: Project, board: Board) throws {
    guard let card = board.card, let tree = board.tree else {
      let able = try project.boards().filter { $0.card != nil }.map(\.name).joined(separator: ", ")
      throw Failure("\(board.name) starts from no SD card that TVisor could write; these do: \(able)")
    }
    self.project = project
    self.board = board
    self.card = card
    self.tree = tree
  }

  /// Bundles and checks a system, and writes all files.
  /// - Returns: the files' names.
  public func write(_ system: String, to folder: String) async throws -> [String] {
    let bundler = Bundler(project: project)
    let bundle = try await bundler.bundle(system)
    try await bundler.validate(bundle, on: Emulation(board))
    let image = try contents(of: ImageBuilder(project: project).image(board.isa))
    return try write(image: image, bundle: bundle.bytes, tree: contents(of: project.path(of: tree)), to: folder)
  }

  /// Writes files that are ready.
  public func write(image: Data, bundle: Data, tree: Data, to folder: String) throws -> [String] {
    try Files.makeFolder(folder)
    let files = [
      (card.kernel, image), (card.bundle, bundle), (self.tree.name, tree), ("config.txt", Data(configuration.utf8)),
      ("README-TVISOR.txt", Data(guide.utf8)),
    ]
    for (name, bytes) in files { try Files.write(bytes, to: "\(folder)/\(name)") }
    return files.map(\.0)
  }

  private var configuration: String {
    let intro = "# TVisor on \(board.name): written by `tvisor sdcard`."
    return ([intro] + card.configuration).map { $0 + "\n" }.joined()
  }

  private var guide: String {
    """
    TVisor on \(board.name)

    Copy all of this folder onto the card's first partition (FAT), and beside it the vendor's firmware, which is not
    TVisor's to give away:

    \(card.firmware.map { "  \($0)\n" }.joined())
    from \(card.source)

      \(card.kernel)  TVisor
      \(card.bundle)  the virtual machines: `tvisor bundle` makes another
      \(tree.name)  the board's device tree, from Debian's \(tree.package)
      config.txt  tells the firmware all that

    Console: \(board.console).

    """
  }

  private func contents(of path: String) throws -> Data {
    do throws(Failure) { return try Files.contents(of: path) } catch {
      throw Failure("\(error); build it with `tvisor build`, or fetch it with `make setup`")
    }
  }
}
