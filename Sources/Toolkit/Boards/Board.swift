internal import Foundation

/// A board: what it is, how QEMU plays it and how its own loader starts it, read from `platforms/<board>/board.yaml`. A board
/// has no code.
public struct Board: Sendable {
  /// Its name, which is its folder's.
  public var name: String
  /// One line about it.
  public var summary: String
  /// Its CPUs and its interrupt controller.
  public var chip: String?
  /// Whose image boots on it: `armv7` or `armv8`.
  public var isa: String
  /// How it is tested.
  public var tested: String
  /// Where its console is.
  public var console: String
  /// The system file that `tvisor run` takes by default, as a real path.
  public var demo: String
  /// Where its device tree comes from, or nil where QEMU makes one.
  public var tree: Tree?
  /// How the loader of the real board starts TVisor.
  public var loader: String?
  /// What goes on its SD card, where its firmware starts kernels from one.
  public var card: Card?
  /// The QEMU command's pieces.
  public var qemu: QEMU

  /// A device tree in one of Debian's packages.
  public struct Tree: Equatable, Sendable {
    /// The package: a kernel's meta package, such as `linux-image-arm64`.
    public var package: String
    /// The file among the package's device trees, such as `broadcom/bcm2711-rpi-4-b.dtb`.
    public var file: String

    /// Names a file in a package.
    public init(package: String, file: String) {
      self.package = package
      self.file = file
    }

    /// Its name in the set-up's folder and on an SD card.
    public var name: String { String(file.split(separator: "/").last ?? "") }
  }

  /// The boot partition of an SD card.
  public struct Card: Equatable, Sendable {
    /// What the firmware calls the kernel's file.
    public var kernel: String
    /// What the bundle is called.
    public var bundle: String
    /// The lines of the firmware's config.txt.
    public var configuration: [String]
    /// The vendor's own files that have to be there too.
    public var firmware: [String]
    /// Where the vendor has them.
    public var source: String
  }

  /// What QEMU needs to play the board.
  public struct QEMU: Sendable {
    /// The program, such as `qemu-system-aarch64`.
    public var program: String
    /// `-M`, without the interrupt controller's version.
    public var machine: String
    /// The GIC versions that one can choose from by `gic-version=`; the first is the default. Empty for no choice.
    public var gicVersions: [UInt64]
    /// The CPU models that are tested; the first is the default.
    public var models: [String]
    /// How many CPUs by default.
    public var processorCount: UInt64
    /// How much memory in bytes by default.
    public var memory: UInt64
    /// Which of QEMU's serial ports the console is.
    public var consoleNumber: UInt64 = 0
    /// Further arguments.
    public var arguments: [String]
  }
}

extension Project {
  /// All boards, by name.
  public func boards() throws -> [Board] {
    let folders = try FileManager.default.contentsOfDirectory(atPath: platforms).sorted()
    return try folders.map { "\(platforms)/\($0)/board.yaml" }
      .filter { FileManager.default.fileExists(atPath: $0) }
      .map { try Board(parsing: SourceText(path: $0)) }
      .map { board in
        var board = board
        if let tree = board.tree { board.qemu.arguments += ["-dtb", path(of: tree)] }
        return board
      }
  }

  /// The board of that name.
  public func board(named name: String) throws -> Board {
    let boards = try boards()
    if let board = boards.first(where: { $0.name == name }) { return board }
    throw Failure("there is no board '\(name)'; \(Suggestion.hint(for: name, among: boards.map(\.name)))")
  }

  /// Where the set-up puts a board's tree.
  public func path(of tree: Board.Tree) -> String { "\(trees)/\(tree.name)" }

  /// Sees to it that the board's tree is there: the first board whose tree is missing has all boards' fetched.
  public func provideTree(of board: Board) async throws {
    guard let tree = board.tree, !FileManager.default.fileExists(atPath: path(of: tree)) else { return }
    let status = try await Command(path("boot/setup/setup.sh"), ["--trees"]).interact(in: root.path)
    guard status == 0, FileManager.default.fileExists(atPath: path(of: tree)) else {
      throw Failure("the set-up did not bring \(tree.file) out of \(tree.package); run `boot/setup/setup.sh --trees`")
    }
  }
}
