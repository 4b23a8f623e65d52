import Foundation
import TestSupport
import Testing
import Toolkit

@Suite("A board", .timeLimited)
struct BoardTests {
  private static let text = """
    name: my-board
    summary: a board
    isa: armv8
    tested: never
    console: PL011
    demo: demo/system.yaml
    qemu:
      program: qemu-system-aarch64
      machine: virt
      gic: [3, 2]
      cpu: [cortex-a53, max]
      smp: 4
      memory: 1GiB
      arguments: [-net, none]
    """

  private static func board() throws -> Board {
    try Board(parsing: SourceText(path: "platforms/my-board/board.yaml", text: text))
  }

  @Test("is read from its file, with paths that start there")
  func reading() throws {
    let board = try Self.board()
    #expect(board.name == "my-board")
    #expect(board.demo == "platforms/my-board/demo/system.yaml")
    #expect(board.qemu?.models == ["cortex-a53", "max"])
    #expect(board.qemu?.gicVersions == [3, 2])
    #expect(board.qemu?.memory == 1 << 30)
  }

  @Test("boots with a command made of its pieces")
  func command() throws {
    let emulation = try Emulation(Self.board(), model: "max", gicVersion: 2, processorCount: 1, memory: 512 << 20)
    let boot = Emulation.Boot(kernel: "k.img", initialRAMDisk: "b.dtb", arguments: "a=1 b")
    #expect(
      emulation.command(booting: boot, console: .pipe).line
        == "qemu-system-aarch64 -M virt,gic-version=2 -cpu max -smp 1 -m 512M -nodefaults -display none -no-reboot "
        + "-chardev stdio,id=console,signal=off -serial chardev:console -kernel k.img -initrd b.dtb -append 'a=1 b' "
        + "-net none")
  }

  @Test("takes its own first choices by default")
  func defaults() throws {
    let emulation = try Emulation(Self.board())
    #expect((emulation.model, emulation.gicVersion, emulation.processorCount) == ("cortex-a53", 3, 4))
  }

  @Test("has only the interrupt controllers that it names")
  func wrongGIC() throws {
    #expect(throws: Failure("my-board has no GICv4; it has 3 and 2")) {
      try Emulation(Self.board(), gicVersion: 4)
    }
  }

  @Test("without a choice of interrupt controllers gives QEMU none, and has its tree from the set-up")
  func noChoice() throws {
    let project = try Project.locate()
    let emulation = try Emulation(project.board(named: "midway"))
    #expect(emulation.gicVersion == nil)
    let line = emulation.command(booting: Emulation.Boot(kernel: "k"), console: .pipe).line
    #expect(line.hasPrefix("qemu-system-arm -M midway -cpu cortex-a15 -smp 4 -m 1024M "))
    #expect(line.hasSuffix(" -dtb \(project.path(".build-setup/all-trees/armhf/ecx-2000.dtb"))"))
  }

  @Test("has its console at the serial port that it names, and the ports before that are nobody's but by choice")
  func consoleNumber() throws {
    let text = Self.text.replacing("  memory:", with: "  console: 1\n  memory:")
    let board = try Board(parsing: SourceText(path: "board.yaml", text: text))
    var emulation = try Emulation(board)
    let line = emulation.command(booting: Emulation.Boot(kernel: "k"), console: .pipe).line
    #expect(line.contains(" -serial null -chardev stdio,id=console,signal=off -serial chardev:console "))
    emulation.otherPorts = ["pty"]
    let other = emulation.command(booting: Emulation.Boot(kernel: "k"), console: .pipe).line
    #expect(other.contains(" -serial pty -chardev stdio,id=console,signal=off -serial chardev:console "))
  }

  @Test("can have a tree from a package and an SD card")
  func treeAndCard() throws {
    let more = """
      tree: {package: linux-image-arm64, file: vendor/board.dtb}
      sdcard: {kernel: k.img, bundle: b.img, config: [a=1, "b c"], firmware: [f.elf], from: "https://example.org"}

      """
    let board = try Board(parsing: SourceText(path: "board.yaml", text: more + Self.text))
    #expect(board.tree == Board.Tree(package: "linux-image-arm64", file: "vendor/board.dtb"))
    #expect(board.tree?.name == "board.dtb")
    #expect(board.card?.configuration == ["a=1", "b c"])
    #expect(board.card?.firmware == ["f.elf"])
  }

  @Test(
    "has a tree of its own by a path from its folder, and one of a package in any form that YAML has",
    arguments: [
      ("tree: my.dtb", "platforms/my-board/my.dtb", nil), ("tree: {file: /t/my.dtb}", "/t/my.dtb", nil),
      ("tree:\n  file: v/b.dtb   # there\n  package: linux-image-arm64", "v/b.dtb", "linux-image-arm64"),
      ("tree: {file: 'v/b.dtb', package: linux-image-armmp-lpae}", "v/b.dtb", "linux-image-armmp-lpae"),
    ] as [(String, String, String?)])
  func trees(line: String, file: String, package: String?) throws {
    let path = "platforms/my-board/board.yaml"
    let board = try Board(parsing: SourceText(path: path, text: Self.text + "\n" + line + "\n"))
    #expect(board.tree == Board.Tree(package: package, file: file))
    let project = Project(root: URL(fileURLWithPath: "/p"))
    let folder = package == "linux-image-arm64" ? "arm64" : "armhf"
    let tree = try #require(board.tree)
    #expect(project.path(of: tree) == (package == nil ? file : "/p/.build-setup/all-trees/\(folder)/\(file)"))
  }

  /// A checkout of boards alone.
  private static func checkout(_ boards: [String: String]) throws -> (Project, Scratch) {
    let scratch = try Scratch()
    for (name, text) in boards {
      let folder = "\(scratch.path)/platforms/\(name)"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/board.yaml"))
    }
    return (Project(root: URL(fileURLWithPath: scratch.path)), scratch)
  }

  @Test("with mistakes concerns nobody but itself, and has its folder's name")
  func badNeighbour() throws {
    let (project, scratch) = try Self.checkout([
      "my-board": Self.text, "bad": Self.text.replacing("isa: armv8", with: "isa: mips"), "other": Self.text,
      "none": "[",
    ])
    defer { withExtendedLifetime(scratch) {} }
    #expect(try project.board(named: "my-board").name == "my-board")
    #expect(try project.boards().map(\.name) == ["my-board"])
    #expect(try project.allBoards().map(\.name) == ["bad", "my-board", "none", "other"])
    #expect(throws: Problems.self) { try project.board(named: "bad") }
    let error = #expect(throws: Failure.self) { try project.board(named: "other") }
    #expect(
      error?.description.hasSuffix("the board is named 'my-board' and its folder 'other'; give both one name") == true)
    #expect(throws: Failure("there is no board 'baad'; did you mean 'bad'?")) { try project.board(named: "baad") }
  }

  @Test("whose tree is not there is told which file or which command is the right one")
  func missingTree() async throws {
    let trees = [
      "own": "tree: my.dtb", "packaged": "tree: {package: linux-image-arm64, file: v/baord.dtb}",
      "odd": "tree: {package: dtbs, file: x}",
    ]
    let (project, scratch) = try Self.checkout(
      Dictionary(uniqueKeysWithValues: trees.map { ($0, "\(Self.text.replacing("my-board", with: $0))\n\($1)\n") }))
    try FileManager.default.createDirectory(
      atPath: "\(scratch.path)/.build-setup/all-trees/arm64/v", withIntermediateDirectories: true)
    try scratch.write(Data(), to: ".build-setup/all-trees/arm64/v/board.dtb")
    func message(_ name: String) async throws -> String {
      do {
        try await project.provideTree(of: project.board(named: name))
        return ""
      } catch let failure as Failure { return failure.description }
    }
    let own = try await message("own")
    #expect(own.hasSuffix("/platforms/own/my.dtb; `tree:` in its board.yaml names a file from its folder"))
    #expect(try await message("packaged") == "linux-image-arm64 has no tree v/baord.dtb; did you mean v/board.dtb?")
    #expect(try await message("odd") == "dtbs is none of Debian's kernel packages; write for example linux-image-arm64")
  }

  @Test("whose tree is a source, or wants an overlay, has it made, for QEMU and for its loader")
  func madeTree() async throws {
    let (project, scratch) = try Self.checkout([
      "my-board": Self.text + "\ntree: {file: my.dts, overlay: more.dtso}\n"
    ])
    let source = "/dts-v1/;\n/ { timer { status = \"disabled\"; }; };\n"
    try scratch.write(Data(source.utf8), to: "platforms/my-board/my.dts")
    let overlay = "/dts-v1/;\n/plugin/;\n&{/timer} { status = \"okay\"; };\n"
    try scratch.write(Data(overlay.utf8), to: "platforms/my-board/more.dtso")
    let board = try project.board(named: "my-board")
    let path = "\(scratch.path)/.build-run/trees/my-board.dtb"
    #expect(project.treePath(of: board) == path)
    #expect(board.qemu?.arguments.suffix(2) == ["-dtb", path])
    #expect(board.tree?.name == "my.dtb")
    try await project.provideTree(of: board)
    let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    #expect(text.contains("okay\0") && !text.contains("disabled"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(scratch.path)/.build-run/trees") == ["my-board.dtb"])
    try scratch.write(Data("/dts-v1/;\n/ { timer".utf8), to: "platforms/my-board/my.dts")
    await #expect(throws: Failure.self) { try await project.provideTree(of: board) }
  }

  /// What the message about a GIC without a virtual CPU interface says to write.
  @Test(
    "of Debian's whose GIC leaves out what it has runs with the overlay that the message speaks of",
    .enabled(if: FileManager.default.fileExists(atPath: (try? Project.locate().trees(of: "linux-image-armmp")) ?? "")))
  func virtualInterface() async throws {
    let project = try Project.locate()
    let scratch = try Scratch()
    let file = "stm32mp157c-dk2.dtb"
    let bare = try TreeReport(
      Files.contents(of: "\(project.trees(of: "linux-image-armmp-lpae"))/\(file)"), named: file)
    #expect(bare.verdict == .doesNot)
    #expect(bare.reason.contains("an overlay in board.yaml can add to reg 0xa0024000 and 0xa0026000, 0x2000 each"))
    let overlay = """
      /dts-v1/;
      /plugin/;
      &{/interrupt-controller@a0021000} {
        reg = <0xa0021000 0x1000>, <0xa0022000 0x2000>, <0xa0024000 0x2000>, <0xa0026000 0x2000>;
        interrupts = <1 9 0xf04>;
      };
      """
    try scratch.write(Data(overlay.utf8), to: "o.dtso")
    let text =
      Self.text.replacing("my-board", with: "with-overlay").replacing("armv8", with: "armv7")
      + "\ntree: {package: linux-image-armmp-lpae, file: \(file), overlay: \(scratch.path)/o.dtso}\n"
    let board = try Board(parsing: SourceText(path: "board.yaml", text: text))
    try await project.provideTree(of: board)
    let path = try #require(project.treePath(of: board))
    defer { try? FileManager.default.removeItem(atPath: path) }
    // Its UART has no driver.
    #expect(try TreeReport(Files.contents(of: path), named: file).verdict == .runsSilent)
  }

  @Test("that QEMU does not play is checked by its tree as its loader fills it, and gets its loader's files")
  func withoutQEMU() async throws {
    let end = try #require(Self.text.range(of: "qemu:"))
    let text = Self.text[..<end.lowerBound] + "tree: my.dtb\nmemory: [{at: 0x4000_0000, size: 64MiB}]\n"
    let (project, scratch) = try Self.checkout(["my-board": String(text)])
    try scratch.write(machineTree(changing: ["memory@40000000": nil]), to: "platforms/my-board/my.dtb")
    try scratch.write(Data(count: 8), to: "rom")
    let board = try project.board(named: "my-board")
    #expect(board.qemu == nil)
    #expect(throws: Failure.self) { try Emulation(board) }
    let bundler = Bundler(project: project)
    func check(_ memory: String) async throws -> [Problem] {
      let text = "vms: [{name: a, memory: \(memory), vcpus: [0], firmware: rom}]\n"
      return try await bundler.check(
        bundler.bundle(SystemFile(parsing: SourceText(path: "\(scratch.path)/s.yaml", text: text))), on: board,
        in: project
      ).warnings
    }
    #expect(try await check("32MiB").isEmpty)
    await #expect(throws: Problems.self) { try await check("128MiB") }
    let names = try BootFiles(project: project, board: board).write(
      image: Data([1]), bundle: Data([2]), tree: Data([3]), at: LoadPlaces(from: 0x4000_0000, bundleSize: 1),
      to: "\(scratch.path)/files")
    #expect(names.prefix(3) == ["tvisor-armv8.img", "bundle.uimg", "my.dtb"])
  }

  @Test("of the checkout is called as its folder is, and says where its tree comes from")
  func folders() throws {
    for board in try Project.locate().boards() {
      #expect(board.demo.hasSuffix("/platforms/\(board.name)/demo/system.yaml"))
      #expect(board.tree != nil || board.name.contains("virt") || board.name == "versal")
      #expect(board.qemu?.arguments.contains("-dtb") == (board.tree != nil) || board.qemu == nil)
    }
  }

  @Test("with a mistake in its file is refused at the mistake's place")
  func mistakes() {
    let text = Self.text.replacing("machine:", with: "machin:").replacing("isa: armv8", with: "isa: mips")
    let error = #expect(throws: Problems.self) { try Board(parsing: SourceText(path: "board.yaml", text: text)) }
    #expect(
      error?.problems.map { "\($0.position.line):\($0.position.column) \($0.message)" } == [
        "3:6 'mips' is no isa; known are: armv8, armv7",
        "8:3 'qemu' needs 'machine'; add for example `machine: virt`",
        "9:3 unknown key 'machin' in 'qemu'; did you mean 'machine'?",
      ])
  }

  @Test("of the checkout can be found by name, and a misspelt name is told")
  func lookUp() throws {
    let project = try Project.locate()
    #expect(try project.board(named: "qemu-virt-armv8").isa == "armv8")
    #expect(throws: Failure("there is no board 'qemu-virt-armv88'; did you mean 'qemu-virt-armv8'?")) {
      try project.board(named: "qemu-virt-armv88")
    }
  }
}
