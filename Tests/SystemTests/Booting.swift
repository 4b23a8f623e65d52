import Foundation
import Testing
import Toolkit

/// TVisor in QEMU, as the tests boot it.
enum Booting {
  /// A board with choices, as a test names it.
  struct Choice: Sendable, CustomTestStringConvertible {
    var board = "qemu-virt-armv8"
    var model = "cortex-a53"
    var gic: UInt64? = 3
    var processors: UInt64 = 4
    /// Time counts instructions (see `Emulation`).
    var counts = false
    /// Further options for QEMU.
    var options: [String] = []
    /// What the serial ports before the console's are connected to.
    var otherPorts: [String] = []
    /// What fdtput does to the board's tree first, each with `@` where the file's name belongs: "-t i @ /timer clock-frequency 1".
    var treeChanges: [String] = []
    /// The hypervisor's command line, unless the test gives another.
    var arguments: String?

    /// The 32-bit virt, or another board of that kind.
    static func armv7(
      _ model: String = "cortex-a15", gic: UInt64? = 2, processors: UInt64 = 1, board: String = "qemu-virt-armv7"
    ) -> Choice {
      Choice(board: board, model: model, gic: gic, processors: processors)
    }

    var testDescription: String {
      let gic = gic.map { "GICv\($0), " } ?? "\(board), "
      let arguments = arguments.map { ", \($0)" } ?? ""
      return "\(model), \(gic)\(processors) CPU\(processors == 1 ? "" : "s")\(arguments)"
    }
  }

  /// Debian's Linux with a number of vCPUs on the CPUs that are named: `arm64` or `armhf`.
  static func debian(
    _ name: String = "debian", on processors: String = "[0]", architecture: String = "arm64",
    hasStressTests: Bool = false
  ) -> String {
    """
      - name: \(name)
        memory: 192MiB
        vcpus: \(processors)
        image: "@guests/debian-\(architecture)/\(architecture == "armhf" ? "zImage" : "Image")"
        initrd: "@guests/debian-\(architecture)/initramfs\(hasStressTests ? "-stress" : "").cpio.gz"
        bootargs: console=ttyAMA0

    """
  }

  /// One of TVisor's own guests, built for `armv8` or `armv7`.
  static func own(
    _ guest: String, named name: String? = nil, on processors: String = "[0]", arguments: String? = nil,
    isa: String = "armv8"
  ) -> String {
    """
      - name: \(name ?? guest)
        memory: 16MiB
        vcpus: \(processors)
        image: "@guests/\(isa)/\(guest).elf"
    \(arguments.map { "    bootargs: \($0)\n" } ?? "")
    """
  }

  /// Boots a system that is given as its `vms:` entries, or that the test has QEMU load, and talks to it. The hypervisor must not
  /// fail meanwhile, unless the test is about that.
  static func boot(
    _ machines: String?, processors: String = "", _ choice: Choice = Choice(), textOffset: UInt64? = nil,
    arguments: String? = nil,
    expectsPanic: Bool = false,
    _ body: @escaping @Sendable (QEMUSession) async throws -> Void
  ) async throws {
    let project = try Project.locate()
    var board = try project.board(named: choice.board)
    try await project.provideTree(of: board)
    let name = "test-\(UUID().uuidString)"
    defer { remove(name, in: project) }
    if !choice.treeChanges.isEmpty { try await change(&board, for: choice, as: name, in: project) }
    var emulation = try Emulation(
      board, model: choice.model, gicVersion: choice.gic,
      processorCount: choice.processors)
    emulation.countsInstructions = choice.counts
    emulation.options = choice.options
    emulation.otherPorts = choice.otherPorts
    var bundle: Bundler.Bundle?
    if let machines {
      let text = SourceText(path: "system.yaml", text: processors + "vms:\n" + machines)
      let bundler = Bundler(project: project)
      let made = try await bundler.bundle(SystemFile(parsing: text))
      try await bundler.check(made, on: emulation)
      bundle = made
    }
    let launch = Launch(project: project, emulation: emulation)
    let image = try textOffset.map { try moved(to: $0, as: name, in: project) }
    let command = try launch.command(
      booting: bundle, as: name, arguments: arguments ?? choice.arguments, console: .pipe, image: image)
    do {
      try await QEMUSession.run(command) { console in
        try await body(console)
        let text = await console.transcript.text
        guard Launch.hasPanicked(text) == expectsPanic else { throw Failure("the hypervisor failed:\n\(text)") }
      }
    } catch let failure as Failure {
      throw Failure(await launch.explained(failure.description))
    }
  }

  /// Boots the hostile guest beside a witness on one CPU: it must get the architecture's answers to all of its attacks, and
  /// harm nobody.
  static func attack(_ choice: Choice, isa: String = "armv8") async throws {
    let system = own("metronome", named: "witness", isa: isa) + own("hostile", isa: isa)
    try await boot(system, choice) { console in
      try await console.expect("memory=ok", from: "witness")
      try await console.expect("hostile: done, ", from: "hostile")
      try await console.expect("VM 'hostile' turned itself off", from: "tvisor")
      let said = await console.transcript.text(of: "hostile")
      let wrong = said.split(separator: "\n").filter { $0.contains("WRONG") }
      #expect(wrong.isEmpty)
      #expect(said.contains(", 0 wrong"), "\(said)")
      try await console.expectTicking("witness", reports: 3)
      #expect(await !console.transcript.text(of: "witness").contains("memory=WRONG"))
    }
  }

  /// A copy of the hypervisor's image that asks its loader for another place.
  private static func moved(to textOffset: UInt64, as name: String, in project: Project) throws -> String {
    let image = try Data(contentsOf: URL(fileURLWithPath: ImageBuilder(project: project).image("armv8")))
    let path = "\(project.runs)/\(name).img"
    try FileManager.default.createDirectory(atPath: project.runs, withIntermediateDirectories: true)
    try LinuxImage.moved(image, toTextOffset: textOffset).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// Gives the board a changed copy of its tree, in the place of its own or of QEMU's.
  private static func change(_ board: inout Board, for choice: Choice, as name: String, in project: Project)
    async throws
  {
    let emulation = try Emulation(
      board, model: choice.model, gicVersion: choice.gic, processorCount: choice.processors)
    try Files.makeFolder(project.runs)
    let file = "\(project.runs)/\(name).tree"
    try await Files.write(Bundler.deviceTree(of: emulation), to: file)
    for change in choice.treeChanges {
      let words = change.split(separator: " ").map { $0 == "@" ? file : String($0) }
      _ = try await Command("fdtput", words).output()
    }
    if let place = board.qemu?.arguments.firstIndex(of: "-dtb") {
      board.qemu?.arguments.removeSubrange(place...place + 1)
    }
    board.qemu?.arguments += ["-dtb", file]
  }

  private static func remove(_ name: String, in project: Project) {
    for ending in ["dtb", "log", "img", "tree"] {
      try? FileManager.default.removeItem(atPath: "\(project.runs)/\(name).\(ending)")
    }
  }
}

extension QEMUSession {
  /// Waits for Debian's shell and proves that it obeys: the answer is not in what was typed.
  func expectShell(of name: String = "debian", processors: Int) async throws {
    try await expect("debian# ", from: name)
    try await type(line: "echo $((6 * 7)) processors=$(nproc)")
    try await expect("42 processors=\(processors)", from: name)
  }

  /// Waits until the metronome, from now on, has reported again and again that it ticks and its memory is its own.
  func expectTicking(_ name: String = "metronome", reports: Int = 2) async throws {
    await skipToNow(of: name)
    for _ in 0..<reports { try await expect("memory=ok", from: name) }
  }

  /// What the vCPUs did with their CPUs so far, as the hypervisor dumps it, and for each CPU how often the hypervisor's own
  /// timer has come.
  func statistics(processors: Int) async throws -> (vcpus: [StatisticsLine], timers: [Int]) {
    await skipToNow(of: "tvisor")
    try await type("\u{14}d")
    try await expect("tvisor-cpu: cpu=\(processors - 1) ", from: "tvisor")
    try await expect(" requests=", from: "tvisor")
    let text = await transcript.text(of: "tvisor")
    let prefixed = text.split(separator: "\n").map { "[tvisor] \($0)" }.joined(separator: "\n")
    let log = try StatisticsLog(SourceText(path: "console", text: prefixed))
    let timers = text.matches(of: /tvisor-cpu: cpu=[0-9]+ timer=([0-9]+)/).suffix(processors)
    return (log.lines, timers.compactMap { Int($0.1) })
  }

  /// Gives the keyboard to the VM of that number.
  func select(_ number: Int, named name: String) async throws {
    try await type("\u{14}\(number)")
    try await expect("input goes to \(name)", from: "tvisor")
  }
}
