import Foundation
import Testing
import Toolkit

/// Trees and loaders as strangers have them.
@Suite("A tree that is not quite right")
struct StrangeTreeTests {
  /// Several things at once, so that one boot shows them all.
  @Test(
    "is put up with: memory twice, a GICC of 4 KiB, PSCI 0.1, another counter's frequency, a bundle at an odd address, no such console"
  )
  func atOnce() async throws {
    let project = try Project.locate()
    let bundler = Bundler(project: project)
    let text = "vms:\n" + Booting.own("metronome", on: "[1]")
    let bundle = try await bundler.bundle(SystemFile(parsing: SourceText(path: "system.yaml", text: text)))
    let file = "\(project.runs)/test-\(UUID().uuidString).bundle"
    try Files.makeFolder(project.runs)
    try Files.write(bundle.bytes, to: file)
    defer { try? FileManager.default.removeItem(atPath: file) }
    let start = 0x4a00_0003
    var choice = Booting.Choice(gic: 2, processors: 2)
    choice.treeChanges = [
      // QEMU writes the node that is called memory itself.
      "-c @ /ram@50000000", "-t s @ /ram@50000000 device_type memory",
      "-t i @ /ram@50000000 reg 0 \(0x5000_0000) 0 \(0x1000_0000)",
      "-t i @ /intc@8000000 reg 0 \(0x800_0000) 0 \(0x1_0000) 0 \(0x801_0000) 0 \(0x1000) 0 \(0x803_0000) 0 \(0x1_0000) 0 \(0x804_0000) 0 \(0x1_0000)",
      // The numbers of QEMU's PSCI 0.1, which it answers beside the standard's.
      "-t s @ /psci compatible arm,psci", "-t x @ /psci cpu_on 95c1ba60",
      "-t i @ /timer clock-frequency 62000000", "-t s @ /chosen stdout-path /nowhere:115200",
      "-t i @ /chosen linux,initrd-start \(start)", "-t i @ /chosen linux,initrd-end \(start + bundle.bytes.count)",
    ]
    choice.options = ["-device", "loader,file=\(file),addr=\(start),force-raw=on"]
    try await Booting.boot(nil, choice) { console in
      try await console.expect(
        "/chosen stdout-path (/nowhere:115200) leads to no node that is in use: the console is /pl011@9000000",
        from: "tvisor")
      try await console.expect(
        "the counter runs at 62000000 Hz, as the tree says; CNTFRQ says 62500000", from: "tvisor")
      try await console.expect("2 of 2 CPUs are up", from: "tvisor")
      try await console.expectTicking()
    }
  }

  @Test("has a PSCI node and no firmware behind it: an undefined call is found out, the CPUs stay off, and guests run")
  func undefinedCall() async throws {
    var choice = Booting.Choice(board: "npcm845-evb", model: "cortex-a35", gic: nil)
    choice.treeChanges = Self.firmwareNode
    try await Booting.boot(Booting.own("metronome"), choice) { console in
      try await console.expect("calling the firmware (PSCI by SMC): no answer; the other CPUs stay off", from: "tvisor")
      try await console.expect("CPU 1 did not start: no firmware answers", from: "tvisor")
      try await console.expect("metronome: GICv2, timer ", from: "metronome")
    }
  }

  @Test("has a PSCI node, and EL3 without code: the call that no CPU comes back from is the last that is said")
  func unansweredCall() async throws {
    var choice = Booting.Choice(board: "ast2700a1-evb", model: "cortex-a35", gic: nil)
    choice.treeChanges = Self.firmwareNode
    try await Booting.boot(Booting.own("metronome"), choice) { console in
      try await console.expect("calling the firmware (PSCI by SMC): ", from: "tvisor")
    }
  }

  private static let firmwareNode = [
    "-c @ /psci", "-t s @ /psci compatible arm,psci-1.0", "-t s @ /psci method smc",
  ]

  @Test("has an initial RAM disk that is no bundle: the console says why")
  func noBundle() async throws {
    let project = try Project.locate()
    let emulation = try Emulation(project.board(named: "qemu-virt-armv8"), gicVersion: 3, processorCount: 1)
    let boot = Emulation.Boot(
      kernel: ImageBuilder(project: project).image("armv8"), initialRAMDisk: project.path("README.md"))
    try await QEMUSession.run(emulation.command(booting: boot, console: .pipe)) { console in
      try await console.expect(
        "the initial RAM disk is no bundle (no flattened device tree (magic number d00dfeed)): hand over",
        from: "tvisor")
    }
  }
}
