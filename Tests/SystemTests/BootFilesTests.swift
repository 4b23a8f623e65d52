import Foundation
import Testing
import Toolkit

/// U-Boot as Debian builds it for QEMU's virt starts TVisor from what `tvisor boot-files` wrote, on a disk of QEMU's own.
@Suite("From the files for U-Boot")
struct BootFilesTests {
  /// The ways that the files offer, of which U-Boot tries the first that is there.
  enum Way: String, CaseIterable, Sendable {
    case menu
    case script
    case whole
  }

  @Test("U-Boot starts TVisor, whose guest ticks", arguments: ImageBuilder.isas, Way.allCases)
  func boots(isa: String, way: Way) async throws {
    let project = try Project.locate()
    let folder = "\(NSTemporaryDirectory())/tvisor-uboot-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let system = "\(folder)/system.yaml"
    try Files.makeFolder(folder)
    try Files.write("vms:\n" + Booting.own("metronome", isa: isa), to: system)
    let board = try project.board(named: "qemu-virt-\(isa)")
    let names = try await BootFiles(project: project, board: board).write(system, to: "\(folder)/disk")
    #expect(names.contains("boot.scr") && names.contains("tvisor.itb") && names.contains("extlinux/extlinux.conf"))
    let guide = try String(contentsOfFile: "\(folder)/disk/README-TVISOR.txt", encoding: .utf8)
    if way != .menu { try FileManager.default.removeItem(atPath: "\(folder)/disk/extlinux") }
    if way == .whole { try FileManager.default.removeItem(atPath: "\(folder)/disk/boot.scr") }
    try await QEMUSession.run(Self.command(isa, disk: "\(folder)/disk", in: project)) { console in
      if way == .whole {
        try await console.expect("Hit any key to stop autoboot")
        try await console.type(line: "")
        for line in Self.commands(in: guide) {
          try await console.expect("=> ")
          try await console.type(line: line)
        }
      }
      try await console.expect("TVisor starts at ", from: "tvisor")
      try await console.expect("2 of 2 CPUs are up", from: "tvisor")
      try await console.expectTicking()
    }
  }

  private static func command(_ isa: String, disk: String, in project: Project) -> Command {
    let is64Bit = isa == "armv8"
    let arguments = [
      "-M", "virt,virtualization=on", "-cpu", is64Bit ? "cortex-a53" : "cortex-a15", "-m", "1024", "-smp", "2",
      "-nodefaults", "-display", "none", "-serial", "stdio",
      "-bios", "\(project.guests)/u-boot/\(is64Bit ? "qemu_arm64" : "qemu_arm").bin",
      "-drive", "file=fat:\(disk),format=raw,if=none,readonly=on,id=disk", "-device", "virtio-blk-device,drive=disk",
    ]
    return Command(is64Bit ? "qemu-system-aarch64" : "qemu-system-arm", arguments)
  }

  /// What the guide says of the one file, with the disk where it leaves that to the reader.
  private static func commands(in guide: String) -> [String] {
    let part = guide.split(separator: "or all in one file").last ?? ""
    return part.split(separator: "\n").filter { $0.firstMatch(of: /^\s+(setenv|load|bootm)\s/) != nil }.map {
      $0.trimmingCharacters(in: .whitespaces).replacing("load …", with: "load virtio 0:1")
    }
  }
}
