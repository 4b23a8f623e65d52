import Testing
import Toolkit

/// The CPU with everything that QEMU knows: each feature is hidden from guests or works, so that a kernel has nothing to
/// complain about under TVisor that it does not say on the bare machine.
@Suite("Linux on the CPU that has everything")
struct MaximumTests {
  /// What a kernel's log says where a feature is neither there nor not there.
  private static let words = [
    "warning", "oops", "unexpected", "sanity check", "unhandled", "bug:", "call trace", "undefined instruction",
    "stall",
  ]

  /// The lines of a log that complain, without their time stamps, which differ from one boot to the next.
  private static func complaints(in text: String) -> Set<String> {
    var complaints: Set<String> = []
    for line in text.split(whereSeparator: \.isNewline) {
      let message = line.hasPrefix("[") ? line.drop { $0 != "]" } : line
      if words.contains(where: { message.lowercased().contains($0) }) { complaints.insert(String(message)) }
    }
    return complaints
  }

  /// Boots without TVisor, and gives what the console said as far as the shell.
  private static func alone(gic: UInt64) async throws -> String {
    let project = try Project.locate()
    var board = try project.board(named: "qemu-virt-armv8")
    board.qemu?.machine = "virt"
    var emulation = try Emulation(board, model: "max", gicVersion: gic, processorCount: 2, memory: 512 << 20)
    emulation.countsInstructions = true
    let guest = "\(project.guests)/debian-arm64"
    let boot = Emulation.Boot(
      kernel: "\(guest)/Image", initialRAMDisk: "\(guest)/initramfs.cpio.gz", arguments: "console=ttyAMA0")
    return try await QEMUSession.run(emulation.command(booting: boot, console: .pipe)) { console in
      try await console.expect("debian# ")
      return await console.transcript.text
    }
  }

  @Test("says nothing in its log that it does not say without TVisor", arguments: [2, 3] as [UInt64])
  func log(gic: UInt64) async throws {
    let native = Self.complaints(in: try await Self.alone(gic: gic))
    let choice = Booting.Choice(model: "max", gic: gic, processors: 2, counts: true)
    try await Booting.boot(Booting.debian(on: "[0, 1]"), choice) { console in
      try await console.expectShell(processors: 2)
      let guest = await console.transcript.text(of: "debian")
      #expect(guest.contains("hw-breakpoint: found 6 breakpoint and 4 watchpoint registers"))
      #expect(Self.complaints(in: guest).subtracting(native).isEmpty)
    }
  }
}
