import Foundation
import Synchronization
import Testing
import Toolkit

/// Boards other than `virt`, each as QEMU plays it, all with the build's one image for each instruction set.
@Suite("Boards boot one unchanged image", .serialized)
struct BoardTests {
  @Test(
    "Debian's Linux reaches its shell beside the metronome",
    arguments: [
      Booting.Choice(board: "raspberry-pi-4", model: "cortex-a72", gic: nil),
      // No GIC: the guests' CPU interfaces are software, and CPUs start by a spin table.
      Booting.Choice(board: "raspberry-pi-3", model: "cortex-a53", gic: nil),
      Booting.Choice(board: "raspi3ap", model: "cortex-a53", gic: nil),
      Booting.Choice(board: "zcu102", model: "cortex-a53", gic: nil),
      Booting.Choice(board: "versal", model: "cortex-a72", gic: nil),
    ])
  func linux(choice: Booting.Choice) async throws {
    try Self.expectOneImage(of: "armv8", on: choice.board)
    let count = choice.board == "versal" ? 2 : 4
    let system = Booting.debian(on: "[0, 1]") + Booting.own("metronome")
    try await Booting.boot(system, choice) { console in
      try await console.expect("\(count) of \(count) CPUs are up", from: "tvisor")
      // What is typed comes by the UART's interrupt.
      try await console.expectShell(processors: 2)
      try await console.expectTicking()
    }
  }

  /// A 32-bit board and how many of its CPUs can be started.
  struct Narrow: Sendable, CustomTestStringConvertible {
    var choice: Booting.Choice
    var startedCount: Int
    /// What is said of the first CPU that does not start.
    var reason: String?
    var testDescription: String { choice.testDescription }
  }

  @Test(
    "Debian's 32-bit Linux reaches its shell beside the metronome",
    arguments: [
      // No GIC: the guests' CPU interfaces are software, and CPUs start by their mailboxes. Entered in Secure SVC mode.
      Narrow(choice: .armv7("cortex-a7", gic: nil, processors: 4, board: "raspberry-pi-2"), startedCount: 4),
      Narrow(
        choice: .armv7(gic: nil, processors: 2, board: "vexpress-a15"), startedCount: 1,
        reason: "CPU 1 did not start: the tree has neither an enable-method nor PSCI"),
      Narrow(choice: .armv7(gic: nil, processors: 4, board: "midway"), startedCount: 4),
      Narrow(choice: .armv7("cortex-a7", gic: nil, processors: 4, board: "orangepi-pc"), startedCount: 4),
      Narrow(choice: .armv7("cortex-a7", gic: nil, processors: 4, board: "bpim2u"), startedCount: 4),
      Narrow(choice: .armv7("cortex-a7", gic: nil, processors: 2, board: "mcimx7d-sabre"), startedCount: 2),
      // Its timer is disabled in Linux's tree: an overlay enables it.
      Narrow(choice: .armv7("cortex-a7", gic: nil, processors: 1, board: "mcimx6ul-evk"), startedCount: 1),
      // Its tree gives GICC 4 KiB, and its first serial port is disabled.
      Narrow(
        choice: .armv7("cortex-a7", gic: nil, processors: 2, board: "ast2600-evb"), startedCount: 1,
        reason: "CPU 1 did not start: its enable-method aspeed,ast2600-smp is not known"),
    ])
  func narrowLinux(board: Narrow) async throws {
    try Self.expectOneImage(of: "armv7", on: board.choice.board)
    let isParallel = board.startedCount > 1
    let system =
      Booting.debian(on: isParallel ? "[0, 1]" : "[0]", architecture: "armhf") + Booting.own("metronome", isa: "armv7")
    try await Booting.boot(system, board.choice) { console in
      if let reason = board.reason { try await console.expect(reason, from: "tvisor") }
      try await console.expect("\(board.startedCount) of \(board.choice.processors) CPUs are up", from: "tvisor")
      try await console.expectShell(processors: isParallel ? 2 : 1)
      try await console.expectTicking()
    }
  }

  @Test(
    "without a GIC, the hostile guest gets the architecture's answers and harms nobody",
    arguments: [
      Booting.Choice(board: "raspberry-pi-3", model: "cortex-a53", gic: nil),
      .armv7("cortex-a7", gic: nil, processors: 4, board: "raspberry-pi-2"),
    ])
  func hostile(choice: Booting.Choice) async throws {
    try await Booting.attack(choice, isa: choice.board == "raspberry-pi-2" ? "armv7" : "armv8")
  }

  /// i.MX 8M Plus is not among them: its counter's frequency is fixed in QEMU, and guests there get no interrupts before 10.0.3.
  @Test(
    "the way to the first guest and every path from there on are counted on boards as they are on virt",
    arguments: ["raspberry-pi-4", "raspberry-pi-3", "raspberry-pi-2", "zcu102", "versal", "vexpress-a15", "midway"])
  func cost(name: String) async throws {
    let project = try Project.locate()
    let figures = try await BenchRunner(project: project).run(.alone(on: project.board(named: name)))
    let entry = try #require(figures["reset-to-first-guest-instruction"])
    print("\(name): \(entry.median) instructions to the first one of a guest")
    // A CPU that does not come would be waited for, a second long.
    #expect(entry.median < 3_000_000)
    let call = try #require(figures["null-hypercall-hvc"])
    #expect(call.least == call.most && call.most < 100)
    let end = try #require(figures["end-of-interrupt"])
    // The CPU interface in software: 288 and 282, and once in a run of a Raspberry Pi 3 830.
    #expect(name == "raspberry-pi-2" || name == "raspberry-pi-3" ? end.most < 900 : end.most <= 2)
  }

  @Test("i.MX 8M Plus starts its CPUs by PSCI and its guests, which get interrupts where QEMU has them to give")
  func imx8mp() async throws {
    try Self.expectOneImage(of: "armv8", on: "imx8mp-evk")
    let hasVirtualInterrupts = try await Self.wiresVirtualInterrupts()
    let choice = Booting.Choice(board: "imx8mp-evk", gic: nil)
    let system = (hasVirtualInterrupts ? Booting.debian(on: "[0, 1]") : "") + Booting.own("metronome")
    try await Booting.boot(system, choice) { console in
      try await console.expect("4 of 4 CPUs are up", from: "tvisor")
      try await console.expect("metronome: GICv3", from: "metronome")
      if hasVirtualInterrupts {
        try await console.expectShell(processors: 2)
        try await console.expectTicking()
      }
      // The keyboard reaches us by the UART's interrupt in any case.
      try await console.type("\u{14}?")
      try await console.expect("Ctrl-T", from: "tvisor")
    }
  }

  @Test("AST2700, whose UART has no interrupt of the GIC's, is heard all the same: Linux's shell beside the metronome")
  func ast2700() async throws {
    try Self.expectOneImage(of: "armv8", on: "ast2700a1-evb")
    let choice = Booting.Choice(board: "ast2700a1-evb", model: "cortex-a35", gic: nil)
    try await Booting.boot(Booting.debian() + Booting.own("metronome"), choice) { console in
      try await console.expect("CPU 1 did not start: the tree has neither an enable-method nor PSCI", from: "tvisor")
      try await console.expect("1 of 4 CPUs are up", from: "tvisor")
      try await console.expectShell(processors: 1)
      // What TVisor says by itself, and what is sent faster than the line takes.
      try await console.type(line: "seq 1 2000 | tail -c 4000 | cksum; seq 1 800; echo all-$((40 + 2))-there")
      try await console.expect("all-42-there", from: "debian")
      try await console.type("\u{14}?")
      try await console.expect("Ctrl-T", from: "tvisor")
      try await console.expectTicking()
    }
  }

  /// QEMU's machine has a GIC whose interrupts all belong to a Secure state that its CPUs do not have, and no GICH.
  @Test("NPCM845, which QEMU gives no interrupts, starts its guests")
  func npcm845() async throws {
    try Self.expectOneImage(of: "armv8", on: "npcm845-evb")
    let choice = Booting.Choice(board: "npcm845-evb", model: "cortex-a35", gic: nil)
    try await Booting.boot(Booting.own("metronome"), choice) { console in
      try await console.expect("1 of 4 CPUs are up", from: "tvisor")
      try await console.expect("metronome: GICv2, timer ", from: "metronome")
    }
  }

  /// The images that boards have booted, by instruction set.
  private static let images = Mutex<[String: Data]>([:])

  /// Expects that the image which is about to boot is the one that all boards before this have booted, to the last byte.
  private static func expectOneImage(of isa: String, on board: String) throws {
    let path = ImageBuilder(project: try Project.locate()).image(isa)
    let image = try Data(contentsOf: URL(fileURLWithPath: path))
    let first = images.withLock { images in
      let first = images[isa] ?? image
      images[isa] = first
      return first
    }
    #expect(image == first, "\(board) boots another tvisor-\(isa).img than the boards before it")
  }

  /// QEMU before 10.0.3 leaves the virtual interrupt lines of this machine's CPUs unconnected.
  private static func wiresVirtualInterrupts() async throws -> Bool {
    let said = try await Command("qemu-system-aarch64", ["--version"]).output()
    let version = String(decoding: said, as: UTF8.self).firstMatch(of: /version ([0-9]+)\.([0-9]+)\.([0-9]+)/)
    guard let version, let major = Int(version.1), let minor = Int(version.2), let patch = Int(version.3) else {
      return false
    }
    return (major, minor, patch) >= (10, 0, 3)
  }
}
