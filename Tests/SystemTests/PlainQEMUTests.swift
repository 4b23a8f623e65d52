import Foundation
import Testing
import Toolkit

/// No hypervisor here: the guests straight on QEMU. These tests prove the harness, the set-up's guests and our own, so that a
/// failure of the others means TVisor.
@Suite("On QEMU without TVisor")
struct PlainQEMUTests {
  /// The machine that guests see, without what a hypervisor needs.
  private func virt(_ isa: String, gic: UInt64, processors: UInt64 = 1) throws -> Emulation {
    var board = try Project.locate().board(named: "qemu-virt-\(isa)")
    board.qemu?.machine = "virt"
    return try Emulation(board, gicVersion: gic, processorCount: processors, memory: 512 << 20)
  }

  /// Debian's kernel with an initial file system.
  private func debian(_ isa: String, disk: String = "initramfs") throws -> Emulation.Boot {
    let guest = try "\(Project.locate().guests)/debian-\(isa == "armv7" ? "armhf" : "arm64")"
    return Emulation.Boot(
      kernel: "\(guest)/\(isa == "armv7" ? "zImage" : "Image")", initialRAMDisk: "\(guest)/\(disk).cpio.gz",
      arguments: "console=ttyAMA0")
  }

  /// One of our own guests.
  private func own(_ guest: String, _ isa: String, arguments: String? = nil) throws -> Emulation.Boot {
    Emulation.Boot(kernel: try "\(Project.locate().guests)/\(isa)/\(guest).elf", arguments: arguments)
  }

  @Test("Debian's kernel reaches its shell, runs a typed command and powers off", arguments: ImageBuilder.isas)
  func debianAlone(isa: String) async throws {
    let command = try virt(isa, gic: isa == "armv7" ? 2 : 3, processors: 2).command(
      booting: debian(isa), console: .pipe)
    try await QEMUSession.run(command) { console in
      try await console.expect("debian# ")
      try await console.type(line: "echo $((6 * 7)) processors=$(nproc)")
      try await console.expect("42 processors=2")
      try await console.type(line: "poweroff")
      try await console.expect("Power down")
      try await console.expectEnd()
    }
  }

  @Test("the stress tests' file system has programs that run", arguments: ImageBuilder.isas)
  func stress(isa: String) async throws {
    let command = try virt(isa, gic: 2, processors: 2).command(
      booting: debian(isa, disk: "initramfs-stress"), console: .pipe)
    try await QEMUSession.run(command) { console in
      try await console.expect("debian# ")
      try await console.type(line: "hackbench -l 10")
      try await console.expect("Time: ")
      try await console.type(line: "stress-ng --cpu 2 --switch 2 --timeout 2")
      try await console.expect("successful run completed")
    }
  }

  @Test("the metronome ticks and its memory is its own", arguments: ImageBuilder.isas, [2, 3] as [UInt64])
  func metronome(isa: String, gic: UInt64) async throws {
    let command = try virt(isa, gic: gic).command(
      booting: own("metronome", isa, arguments: "rate=100 ticks=20 reports=3"), console: .pipe)
    try await QEMUSession.run(command) { console in
      try await console.expect("metronome: GICv\(gic), timer ")
      try await console.expect("100 ticks a second")
      for _ in 0..<3 { try await console.expect("memory=ok") }
      try await console.expectEnd()
      #expect(await !console.transcript.text.contains("WRONG"))
    }
  }

  @Test("the hostile guest finds the architecture's answers", arguments: ImageBuilder.isas, [2, 3] as [UInt64])
  func hostile(isa: String, gic: UInt64) async throws {
    try await QEMUSession.run(
      virt(isa, gic: gic).command(booting: own("hostile", isa), console: .pipe)
    ) { console in
      try await console.expect("hostile: done, ")
      try await console.expectEnd()
      // virt has PCI at two of the places where a guest has nothing.
      let wrong = await console.transcript.text.split(separator: "\n").filter { $0.contains("WRONG") }
      #expect(wrong.allSatisfy { $0.contains(" 0x10000000: ") || $0.contains("ffffff8: ") })
      #expect(await console.transcript.text.contains("FP registers kept: ok"))
    }
  }

  @Test("the bench measures every path to its end", arguments: ImageBuilder.isas, [2, 3] as [UInt64])
  func bench(isa: String, gic: UInt64) async throws {
    try await QEMUSession.run(
      virt(isa, gic: gic).command(booting: own("bench", isa), console: .pipe)
    ) { console in
      try await console.expect("bench: done")
      try await console.expectEnd()
      let text = await console.transcript.text
      for path in ["null-hypercall-hvc", "gicd-typer-read", "timer-to-sleeping-handler", "end-of-interrupt"] {
        #expect(text.contains("bench: name=\(path) n="), "\(path) is missing")
      }
    }
  }

  @Test("waiting for text that never comes ends with the console's last lines")
  func failureShowsTheConsole() async throws {
    let project = try Project.locate()
    let emulation = try Emulation(project.board(named: "qemu-virt-armv8"), processorCount: 1)
    let boot = Emulation.Boot(kernel: "\(project.guests)/u-boot/qemu_arm64.bin")
    let command = emulation.command(booting: boot, console: .pipe)
    let failure = await #expect(throws: Failure.self) {
      try await QEMUSession.run(command) { try await $0.expect("no such words", within: .seconds(2)) }
    }
    #expect(failure?.description.contains("did not say 'no such words'") == true)
  }

  @Test("the end of QEMU is noticed while waiting")
  func endIsNoticed() async throws {
    let failure = await #expect(throws: Failure.self) {
      try await QEMUSession.run(Command("echo", ["only this"])) { try await $0.expect("something else") }
    }
    #expect(failure?.description.contains("ended before") == true)
    #expect(failure?.description.contains("only this") == true)
  }
}
