public import Foundation

/// Writes the files that a board's loader starts TVisor from: a Raspberry Pi's boot partition but for the vendor's firmware, or what
/// U-Boot and, on a 64-bit board, EFI firmware load.
public struct BootFiles: Sendable {
  private let project: Project
  private let board: Board

  /// The files of a board.
  public init(project: Project, board: Board) {
    self.project = project
    self.board = board
  }

  /// A file and its name, which may have a folder before it.
  typealias File = (name: String, bytes: Data)

  /// Bundles and checks a system, and writes all files.
  /// - Returns: the files' names.
  /// - Throws: `Problems` of the system, or `Failure` where the board's memory has no room.
  public func write(_ system: String, to folder: String) async throws -> [String] {
    let bundler = Bundler(project: project)
    let bundle = try await bundler.bundle(system)
    let own = try project.treePath(of: board).map { path throws(Failure) in try contents(of: path) }
    // A loader's own tree is taken for QEMU's, which is all that there is to know about it.
    let emulated = own == nil ? try await Bundler.deviceTree(of: Emulation(board)) : Data()
    let described = try TreeFilling.filled(own ?? emulated, with: board.memory, of: board.name)
    try bundler.check(bundle, on: board, describedBy: described)
    let path = ImageBuilder(project: project).image(board.isa)
    let image = try contents(of: path)
    try ImageStamp.check(image, at: path)
    let places =
      board.card == nil ? try LoadPlaces(for: bundle.bytes.count, inMemoryOf: described, of: board.name) : nil
    return try write(image: image, bundle: bundle.bytes, tree: own, at: places, to: folder)
  }

  /// Writes files that are ready. Without a tree the loader hands over its own.
  public func write(image: Data, bundle: Data, tree: Data?, at places: LoadPlaces?, to folder: String) throws
    -> [String]
  {
    let files: [File]
    if let card = board.card, let tree {
      files = CardFiles(board: board, card: card).files(image: image, bundle: bundle, tree: tree)
    } else if let places {
      files = try self.files(image: image, bundle: bundle, tree: tree, at: places)
    } else {
      throw Failure("\(board.name) has neither an SD card nor memory that a loader could use")
    }
    try refuseForeign(files, in: folder)
    try Files.makeFolder(folder)
    for (name, bytes) in files {
      if let end = name.lastIndex(of: "/") { try Files.makeFolder("\(folder)/\(name[..<end])") }
      try Files.write(bytes, to: "\(folder)/\(name)")
    }
    return files.map(\.name)
  }

  /// What a board without an SD card of its own starts from.
  private func files(image: Data, bundle: Data, tree: Data?, at places: LoadPlaces) throws -> [File] {
    guard board.isa == "armv8" else {
      let others = "EDK2 and GRUB start EFI programs only, and a 32-bit image is none: use U-Boot in their place."
      return try UBootFiles(board: board, places: places, others: others).files(
        image: image, bundle: bundle, tree: tree)
    }
    let firmware = EFIFiles(board: board)
    return try UBootFiles(board: board, places: places, others: firmware.guide(hasTree: tree != nil)).files(
      image: image, bundle: bundle, tree: tree) + firmware.files(image: image, bundle: bundle, hasTree: tree != nil)
  }

  /// A partition that boots something else is not to be written over: whoever means it takes its menu, script or program away first.
  private func refuseForeign(_ files: [File], in folder: String) throws(Failure) {
    let texts = ["extlinux/extlinux.conf", "boot.scr", "config.txt"] + EFIFiles.texts
    for (name, bytes) in files where texts.contains(name) || name == EFIFiles.removable {
      guard let old = FileManager.default.contents(atPath: "\(folder)/\(name)"), old != bytes else { continue }
      let isOurs =
        name == EFIFiles.removable
        ? ImageStamp(in: old) != nil : String(decoding: old, as: UTF8.self).contains("tvisor boot-files")
      guard isOurs else {
        throw Failure("\(folder)/\(name) is not from `tvisor boot-files`: take it away, or give another folder")
      }
    }
  }

  private func contents(of path: String) throws(Failure) -> Data {
    do throws(Failure) { return try Files.contents(of: path) } catch {
      throw Failure("\(error); build it with `tvisor build`, or fetch it with `make setup`")
    }
  }
}
