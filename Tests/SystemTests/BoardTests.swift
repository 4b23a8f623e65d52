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
      // No GIC: the guests' CPU interfaces are software, and CPUs start by a spin table.
      Booting.Choice(board: "raspberry-pi-3", model: "cortex-a53", gic: nil),
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
