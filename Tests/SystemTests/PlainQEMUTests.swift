import Foundation
import Testing
import Toolkit

/// No hypervisor here: Debian's kernel straight on QEMU. These tests prove the harness and the set-up's guest, so that
/// a failure of the others means TVisor.
@Suite("On QEMU without TVisor")
struct PlainQEMUTests {
  @Test("Debian's kernel reaches its shell, runs a typed command and powers off")
  func debianAlone() async throws {
    let project = try Project.locate()
    var board = try project.board(named: "qemu-virt-armv8")
    board.qemu.machine = "virt"
    let emulation = try Emulation(board, gicVersion: 3, processorCount: 2, memory: 512 << 20)
    let guest = "\(project.guests)/debian-arm64"
    let boot = Emulation.Boot(
      kernel: "\(guest)/Image", initialRAMDisk: "\(guest)/initramfs.cpio.gz", arguments: "console=ttyAMA0")
    try await QEMUSession.run(emulation.command(booting: boot, console: .pipe)) { console in
      try await console.expect("debian# ")
      try await console.type(line: "echo $((6 * 7)) processors=$(nproc)")
      try await console.expect("42 processors=2")
      try await console.type(line: "poweroff")
      try await console.expect("Power down")
      try await console.expectEnd()
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
