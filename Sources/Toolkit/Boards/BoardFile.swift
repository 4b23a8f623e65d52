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
    let needed = ["name", "summary", "isa", "tested", "console", "demo"]
    let keys = needed + ["chip", "tree", "memory", "loader", "sdcard", "qemu"]
    guard let fields = reader.fields(of: root, in: "a board", known: keys) else { return nil }
    for (key, example) in zip(needed, ["my-board", "what it is", "armv8", "how", "PL011", "demo/system.yaml"]) {
      fields.require(key, example: example)
    }
    let isa = fields.text("isa")
    if let isa, !ImageBuilder.isas.contains(isa.value) {
      let known = ImageBuilder.isas.joined(separator: ", ")
      reader.report(at: isa.position, "'\(isa.value)' is no isa; known are: \(known)")
    }
    let tree = fields.node("tree").flatMap { Tree.read($0, reader) }
    if fields.node("qemu") == nil, !fields.has("tree") {
      reader.report(at: fields.position, "a board needs 'qemu', which makes a device tree, or 'tree'; add one of them")
    }
    let memory = fields.list("memory", of: "pieces, such as [{at: 0x8000_0000, size: 1GiB}]").compactMap {
      MemoryBank.read($0, reader)
    }
    let card = fields.node("sdcard").flatMap { Card.read($0, reader) }
    guard let name = fields.text("name"), let summary = fields.text("summary"), let isa,
      let tested = fields.text("tested"), let console = fields.text("console"), let demo = fields.text("demo")
    else { return nil }
    return Board(
      name: name.value, summary: summary.value, chip: fields.text("chip")?.value, isa: isa.value,
      tested: tested.value, console: console.value,
      demo: PathResolver(folder: reader.source.folder, guests: "").resolve(demo.value), tree: tree,
      memory: memory, loader: fields.text("loader")?.value, card: card,
      qemu: fields.node("qemu").flatMap { QEMU.read($0, reader) })
  }
}

extension Board.Tree {
  fileprivate static func read(_ node: Node, _ reader: YAMLReader) -> Self? {
    if let path = node.scalar?.string, !path.isEmpty { return own(path, reader) }
    guard let fields = reader.fields(of: node, in: "'tree'", known: ["package", "file", "overlay"]) else { return nil }
    fields.require("file", example: "vendor/board.dtb")
    guard let file = fields.text("file") else { return nil }
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
    guard let fields = reader.fields(of: node, in: "a piece of memory", known: ["at", "size"]) else { return nil }
    fields.require("at", example: "0x8000_0000")
    fields.require("size", example: "1GiB")
    guard let start = fields.number("at"), let size = fields.size("size") else { return nil }
    return Self(start: start.value, size: size.value)
  }
}

extension Board.Card {
  fileprivate static func read(_ node: Node, _ reader: YAMLReader) -> Self? {
    let keys = ["kernel", "bundle", "config", "firmware", "from"]
    guard let fields = reader.fields(of: node, in: "'sdcard'", known: keys) else { return nil }
    for (key, example) in zip(keys, ["kernel8.img", "bundle.img", "[arm_64bit=1]", "[start4.elf]", "https://…"]) {
      fields.require(key, example: example)
    }
    let lines = fields.texts("config", of: "lines")
    let firmware = fields.texts("firmware", of: "files")
    guard let kernel = fields.text("kernel"), let bundle = fields.text("bundle"), let source = fields.text("from")
    else { return nil }
    return Self(
      kernel: kernel.value, bundle: bundle.value, configuration: lines.map(\.value), firmware: firmware.map(\.value),
      source: source.value)
  }
}

extension Board.QEMU {
  fileprivate static func read(_ node: Node, _ reader: YAMLReader) -> Self? {
    let needed = ["program", "machine", "gic", "cpu", "smp", "memory"]
    let keys = needed + ["console", "arguments"]
    guard let fields = reader.fields(of: node, in: "'qemu'", known: keys) else { return nil }
    for (key, example) in zip(needed, ["qemu-system-aarch64", "virt", "[2, 3]", "[cortex-a53]", "4", "1GiB"]) {
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
      processorCount: processorCount.value, memory: memory.value, consoleNumber: fields.number("console")?.value ?? 0,
      arguments: arguments.map(\.value))
  }
}
