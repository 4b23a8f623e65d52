internal import Foundation

extension Project {
  /// All boards by name, each as it was read or with what is wrong with its file.
  public func allBoards() throws(Failure) -> [(name: String, board: Result<Board, any Error>)] {
    try boardNames().map { name in (name, Result { try readBoard(name) }) }
  }

  /// All boards whose files are sound, by name.
  public func boards() throws(Failure) -> [Board] { try allBoards().compactMap { try? $0.board.get() } }

  /// The board of that name. Nothing is asked of any other.
  public func board(named name: String) throws -> Board {
    let names = try boardNames()
    guard names.contains(name) else {
      throw Failure("there is no board '\(name)'; \(Suggestion.hint(for: name, among: names))")
    }
    return try readBoard(name)
  }

  private func boardNames() throws(Failure) -> [String] {
    guard let folders = try? FileManager.default.contentsOfDirectory(atPath: platforms) else {
      throw Failure("cannot read the folder \(platforms)")
    }
    return folders.sorted().filter { FileManager.default.fileExists(atPath: "\(platforms)/\($0)/board.yaml") }
  }

  private func readBoard(_ name: String) throws -> Board {
    let source = try SourceText(path: "\(platforms)/\(name)/board.yaml")
    var board = try Board(parsing: source)
    guard board.name == name else {
      throw Failure("\(source.path): the board is named '\(board.name)' and its folder '\(name)'; give both one name")
    }
    if let tree = treePath(of: board) { board.qemu?.arguments += ["-dtb", tree] }
    return board
  }
}

// Where boards' device trees are.

extension Project {
  /// Where the set-up puts the trees of a package: `.build-setup/all-trees/arm64` or `armhf`.
  public func trees(of package: String) -> String {
    "\(trees)/\(package.hasSuffix("arm64") ? "arm64" : "armhf")"
  }

  /// Where a board's tree is as its loader hands it over, or nil where QEMU makes it: the file that the board names, or what
  /// `provideTree` makes of that.
  public func treePath(of board: Board) -> String? {
    board.tree.map { $0.isMade ? "\(runs)/trees/\(board.name).dtb" : path(of: $0) }
  }

  /// Where the file is that a board names as its tree.
  public func path(of tree: Board.Tree) -> String { tree.package.map { "\(trees(of: $0))/\(tree.file)" } ?? tree.file }

  /// Sees to it that the board's tree is there: where it is missing, all trees of its package are fetched; a source is compiled,
  /// and an overlay applied.
  public func provideTree(of board: Board) async throws {
    guard let tree = board.tree, let path = treePath(of: board) else { return }
    try await provideFile(of: board)
    guard tree.isMade else { return }
    try Files.makeFolder("\(runs)/trees")
    // Others may read the last one meanwhile.
    let own = "\(path).\(UUID().uuidString)"
    defer { for ending in ["", ".base", ".overlay"] { try? FileManager.default.removeItem(atPath: own + ending) } }
    var base = self.path(of: tree)
    if tree.isSource {
      try await Self.compile(base, to: "\(own).base")
      base = "\(own).base"
    }
    if let overlay = tree.overlay {
      try await Self.compile(overlay, to: "\(own).overlay")
      _ = try await Command("fdtoverlay", ["-i", base, "-o", own, "\(own).overlay"]).output()
      base = own
    }
    guard unsafe rename(base, path) == 0 else { throw Failure("cannot write \(path)") }
  }

  /// Compiles a tree's source.
  private static func compile(_ source: String, to file: String) async throws {
    _ = try await Command("dtc", ["-q", "-I", "dts", "-O", "dtb", "-o", file, source]).output()
  }

  private func provideFile(of board: Board) async throws {
    guard let tree = board.tree, !FileManager.default.fileExists(atPath: path(of: tree)) else { return }
    guard let package = tree.package else {
      throw Failure("\(board.name) has no tree \(tree.file); `tree:` in its board.yaml names a file from its folder")
    }
    guard package.wholeMatch(of: /linux-image-[a-z0-9.+-]+/) != nil else {
      throw Failure("\(package) is none of Debian's kernel packages; write for example linux-image-arm64")
    }
    if !FileManager.default.fileExists(atPath: trees(of: package)) {
      guard try await Command(path("boot/setup/setup.sh"), ["--trees", package]).interact(in: root.path) == 0 else {
        throw Failure("the trees of \(package) could not be fetched; try `boot/setup/setup.sh --trees \(package)`")
      }
    }
    guard !FileManager.default.fileExists(atPath: path(of: tree)) else { return }
    let files = FileManager.default.enumerator(atPath: trees(of: package))?.compactMap { $0 as? String } ?? []
    let near = Suggestion.nearest(to: tree.file, among: files.filter { $0.hasSuffix(".dtb") })
    let hint = near.map { "did you mean \($0)?" } ?? "its trees are in \(trees(of: package))"
    throw Failure("\(package) has no tree \(tree.file); \(hint)")
  }
}
