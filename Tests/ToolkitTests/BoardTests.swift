import Testing
import Toolkit

@Suite("A board")
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
    #expect(board.qemu.models == ["cortex-a53", "max"])
    #expect(board.qemu.gicVersions == [3, 2])
    #expect(board.qemu.memory == 1 << 30)
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
    #expect(line.hasSuffix(" -dtb \(project.path(".build-setup/trees/ecx-2000.dtb"))"))
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

  @Test("of the checkout is called as its folder is, and says where its tree comes from")
  func folders() throws {
    for board in try Project.locate().boards() {
      #expect(board.demo.hasSuffix("/platforms/\(board.name)/demo/system.yaml"))
      #expect(board.tree != nil || board.name.contains("virt") || board.name == "versal")
      #expect(board.qemu.arguments.contains("-dtb") == (board.tree != nil))
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
