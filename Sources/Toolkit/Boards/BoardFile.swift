internal import Yams

// How a board is read from its file.

extension Board {
  /// Reads a board's file.
  public init(parsing source: SourceText) throws {
    let reader = YAMLReader(source)
    let board = reader.root().flatMap { Self.read($0, reader) }
    try reader.finish()
    guard let board else { throw Failure("\(source.path) describes no board") }
    self = board
  }

  private static func read(_ root: Node, _ reader: YAMLReader) -> Board? {
    guard let fields = reader.fields(of: root, .board) else { return nil }
    let isa = fields.word("isa")
    let tree = fields.node("tree").flatMap { Tree.read($0, reader) }
    if fields.node("qemu") == nil, !fields.has("tree") {
      reader.report(at: fields.position, "a board needs 'qemu', which makes a device tree, or 'tree'; add one of them")
    }
    let memory = fields.list("memory").compactMap { MemoryBank.read($0, reader) }
    let card = fields.node("sdcard").flatMap { Card.read($0, reader) }
    let qemu = fields.node("qemu").flatMap { QEMU.read($0, reader) }
    guard let name = fields.text("name"), let summary = fields.text("summary"), let isa,
      let tested = fields.text("tested"), let console = fields.text("console"), let demo = fields.text("demo")
    else { return nil }
    return Board(
      name: name.value, summary: summary.value, chip: fields.text("chip")?.value, isa: isa.value,
      tested: tested.value, console: console.value,
      demo: PathResolver(folder: reader.source.folder, guests: "").resolve(demo.value), tree: tree,
      memory: memory, loader: fields.text("loader")?.value, card: card,
      qemu: qemu)
  }
}

extension Board.Tree {
  fileprivate static func read(_ node: Node, _ reader: YAMLReader) -> Self? {
    if let path = node.scalar?.string, !path.isEmpty { return own(path, reader) }
    guard let fields = reader.fields(of: node, .deviceTree), let file = fields.text("file") else { return nil }
    var tree = own(file.value, reader)
    if let package = fields.text("package") { tree = Self(package: package.value, file: file.value) }
    tree.overlay = fields.text("overlay").map {
      PathResolver(folder: reader.source.folder, guests: "").resolve($0.value)
    }
    return tree
  }

  /// A file of one's own, beside the board's.
  private static func own(_ path: String, _ reader: YAMLReader) -> Self {
    Self(package: nil, file: PathResolver(folder: reader.source.folder, guests: "").resolve(path))
  }
}

extension Board.MemoryBank {
  fileprivate static func read(_ node: Node, _ reader: YAMLReader) -> Self? {
    guard let fields = reader.fields(of: node, .memoryBank), let start = fields.number("at"),
      let size = fields.size("size")
    else { return nil }
    return Self(start: start.value, size: size.value)
  }
}

extension Board.Card {
  fileprivate static func read(_ node: Node, _ reader: YAMLReader) -> Self? {
    guard let fields = reader.fields(of: node, .card) else { return nil }
    let lines = fields.texts("config")
    let firmware = fields.texts("firmware")
    guard let kernel = fields.text("kernel"), let bundle = fields.text("bundle"), let source = fields.text("from")
    else { return nil }
    return Self(
      kernel: kernel.value, bundle: bundle.value, configuration: lines.map(\.value), firmware: firmware.map(\.value),
      source: source.value)
  }
}

extension Board.QEMU {
  fileprivate static func read(_ node: Node, _ reader: YAMLReader) -> Self? {
    guard let fields = reader.fields(of: node, .emulator) else { return nil }
    let versions = fields.numbers("gic")
    let models = fields.texts("cpu")
    let arguments = fields.texts("arguments")
    guard let program = fields.text("program"), let machine = fields.text("machine"), !models.isEmpty,
      let processorCount = fields.number("smp"), let memory = fields.size("memory")
    else { return nil }
    return Self(
      program: program.value, machine: machine.value, gicVersions: versions.map(\.value), models: models.map(\.value),
      processorCount: processorCount.value, memory: memory.value, consoleNumber: fields.number("console")?.value ?? 0,
      arguments: arguments.map(\.value))
  }
}
