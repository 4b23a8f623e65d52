import Foundation
import Testing
import Toolkit

/// Boards other than `virt`, each as QEMU plays it, all with the one image of the build.
@Suite("Boards boot one unchanged image", .serialized)
struct BoardTests {
  @Test(
    "Debian's Linux reaches its shell beside the metronome",
    arguments: [
      Booting.Choice(board: "raspberry-pi-4", model: "cortex-a72", gic: nil),
      Booting.Choice(board: "zcu102", model: "cortex-a53", gic: nil),
      Booting.Choice(board: "versal", model: "cortex-a72", gic: nil),
    ])
  func linux(choice: Booting.Choice) async throws {
    try Self.printChecksum(on: choice.board)
    let count = choice.board == "versal" ? 2 : 4
    let system = Booting.debian(on: "[0, 1]") + Booting.own("metronome")
    try await Booting.boot(system, choice) { console in
      try await console.expect("\(count) of \(count) CPUs are up", from: "tvisor")
      // What is typed comes by the UART's interrupt.
      try await console.expectShell(processors: 2)
      try await console.expectTicking()
    }
  }

  @Test("i.MX 8M Plus starts its CPUs by PSCI and its guests, which get interrupts where QEMU has them to give")
  func imx8mp() async throws {
    try Self.printChecksum(on: "imx8mp-evk")
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

  @Test("a Raspberry Pi 3 says on its mini UART that it has no GIC, and the tool says so before")
  func noInterruptController() async throws {
    try Self.printChecksum(on: "raspberry-pi-3")
    let reason =
      "the interrupt controller is a brcm,bcm2836-armctrl-ic, and a GICv2 with virtualization or a GICv3 is needed"
    let project = try Project.locate()
    let system = try SystemFile(
      parsing: SourceText(path: "system.yaml", text: "vms:\n" + Booting.own("metronome")))
    let bundler = Bundler(project: project)
    let bundle = try await bundler.bundle(system)
    let emulation = try Emulation(project.board(named: "raspberry-pi-3"))
    let refusal = await #expect(throws: Failure.self) { try await bundler.validate(bundle, on: emulation) }
    #expect(refusal?.description.contains(reason) == true)
    let name = "test-\(UUID().uuidString)"
    let command = try Launch(project: project, emulation: emulation).command(booting: bundle, as: name, console: .pipe)
    defer {
      for ending in ["dtb", "log"] { try? FileManager.default.removeItem(atPath: "\(project.runs)/\(name).\(ending)") }
    }
    try await QEMUSession.run(command) { console in
      try await console.expect("TVisor starts at EL2", from: "tvisor")
      try await console.expect(reason, from: "tvisor")
      try await console.expect("stopped", from: "tvisor")
    }
  }

  /// Says which image boots: the same on all boards of a run.
  private static func printChecksum(on board: String) throws {
    let path = ImageBuilder(project: try Project.locate()).image("armv8")
    let image = try Data(contentsOf: URL(fileURLWithPath: path))
    // FNV-1a with 64 bits.
    let sum = image.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    print("\(board): tvisor-armv8.img has checksum \(String(sum, radix: 16)), \(image.count) bytes")
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
