internal import Foundation
internal import Yams

/// A board: how QEMU plays it, read from `platforms/<board>/board.yaml`. A board has no code.
public struct Board: Sendable {
  /// Its name, which is its folder's.
  public var name: String
  /// One line about it.
  public var summary: String
  /// Whose image boots on it: `armv7` or `armv8`.
  public var isa: String
  /// How it is tested.
  public var tested: String
  /// Where its console is.
  public var console: String
  /// The system file that `tvisor run` takes by default, as a real path.
  public var demo: String
  /// The QEMU command's pieces.
  public var qemu: QEMU

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
    /// Further arguments.
    public var arguments: [String]
  }

  /// Reads a board's file.
  public init(parsing source: SourceText) throws {
    let reader = YAMLReader(source)
    let board = reader.root().flatMap { Self.read($0, reader) }
    try reader.finish()
    guard let board else { throw Failure("\(source.path) describes no board") }
    self = board
  }

  private init(
    name: String, summary: String, isa: String, tested: String, console: String, demo: String, qemu: QEMU
  ) {
    self.name = name
    self.summary = summary
    self.isa = isa
    self.tested = tested
    self.console = console
    self.demo = demo
    self.qemu = qemu
  }

  private static func read(_ root: Node, _ reader: YAMLReader) -> Board? {
    let keys = ["name", "summary", "isa", "tested", "console", "demo", "qemu"]
    guard let fields = reader.fields(of: root, in: "a board", known: keys) else { return nil }
    for (key, example) in zip(keys, ["my-board", "what it is", "armv8", "how", "PL011", "demo/system.yaml", "{…}"]) {
      fields.require(key, example: example)
    }
    let isa = fields.text("isa")
    if let isa, !ImageBuilder.isas.contains(isa.value) {
      let known = ImageBuilder.isas.joined(separator: ", ")
      reader.report(at: isa.position, "'\(isa.value)' is no isa; known are: \(known)")
    }
    guard let name = fields.text("name"), let summary = fields.text("summary"), let isa,
      let tested = fields.text("tested"), let console = fields.text("console"), let demo = fields.text("demo"),
      let qemu = fields.node("qemu").flatMap({ QEMU.read($0, reader) })
    else { return nil }
    return Board(
      name: name.value, summary: summary.value, isa: isa.value, tested: tested.value, console: console.value,
      demo: PathResolver(folder: reader.source.folder, guests: "").resolve(demo.value), qemu: qemu)
  }
}

extension Board.QEMU {
  fileprivate static func read(_ node: Node, _ reader: YAMLReader) -> Self? {
    let keys = ["program", "machine", "gic", "cpu", "smp", "memory", "arguments"]
    guard let fields = reader.fields(of: node, in: "'qemu'", known: keys) else { return nil }
    for (key, example) in zip(keys, ["qemu-system-aarch64", "virt", "[2, 3]", "[cortex-a53]", "4", "1GiB"]) {
      fields.require(key, example: example)
    }
    let versions = fields.numbers("gic", of: "GIC versions")
    let models = fields.texts("cpu", of: "CPU models")
    let arguments = fields.texts("arguments", of: "QEMU arguments")
    guard let program = fields.text("program"), let machine = fields.text("machine"), !models.isEmpty,
      let processorCount = fields.number("smp"), let memory = fields.size("memory")
    else { return nil }
    return Self(
      program: program.value, machine: machine.value, gicVersions: versions.map(\.value), models: models.map(\.value),
      processorCount: processorCount.value, memory: memory.value, arguments: arguments.map(\.value))
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
        board.qemu.arguments = board.qemu.arguments.map { $0.replacing(/^@trees\//, with: trees + "/") }
        return board
      }
  }

  /// The board of that name.
  public func board(named name: String) throws -> Board {
    let boards = try boards()
    if let board = boards.first(where: { $0.name == name }) { return board }
    throw Failure("there is no board '\(name)'; \(Suggestion.hint(for: name, among: boards.map(\.name)))")
  }
}
