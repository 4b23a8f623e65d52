import Foundation
import Testing
import Toolkit

/// EDK2, GRUB and U-Boot, as Debian builds them, start the arm64 image as the EFI application that it is too, on QEMU's virt.
@Suite("From EFI firmware")
struct EFITests {
  /// The ways to the image, and what each of them shows: the bundle is where only this way finds it.
  enum Way: String, CaseIterable, Sendable {
    /// EDK2 finds EFI/BOOT/BOOTAA64.EFI, and that its bundle.
    case byItself
    /// EDK2's shell runs startup.nsh, which names the bundle.
    case shell
    /// GRUB loads the bundle and says in the tree where.
    case grub
    /// EDK2 serves the bundle by EFI_LOAD_FILE2_PROTOCOL: QEMU's own `-kernel` and `-initrd`.
    case served
    /// U-Boot finds EFI/BOOT/BOOTAA64.EFI where it finds nothing else. Its loader copies no more of the first page than the headers.
    case uboot
  }

  @Test("TVisor starts from what boot-files wrote, with the arguments that it was given", arguments: Way.allCases)
  func boots(way: Way) async throws {
    let disk = try await Disk(vms: Booting.own("metronome", on: "[1]"))
    defer { disk.remove() }
    let said = "tvisor.e2h=0"
    var options: [String] = []
    switch way {
    case .byItself: try disk.remove("startup.nsh")
    case .uboot:
      for name in ["extlinux", "boot.scr", "startup.nsh"] { try disk.remove(name) }
      options = ["-bios", "\(disk.project.guests)/u-boot/qemu_arm64.bin"]
    case .shell:
      try disk.remove("EFI")
      try disk.move("bundle.img", to: "vms/other.img")
      try disk.change("startup.nsh") { $0.replacing("\\bundle.img", with: "/vms/other.img \(said)") }
    case .grub:
      try disk.putGRUB()
      try disk.move("bundle.img", to: "vms/other.img")
      try disk.change("grub.cfg") {
        $0.replacing("/bundle.img", with: "/vms/other.img").replacing("/tvisor.efi\n", with: "/tvisor.efi \(said)\n")
      }
    case .served:
      options = ["-kernel", disk.path("tvisor.efi"), "-initrd", disk.path("bundle.img"), "-append", said]
    }
    // With E2H, which the arguments decline.
    let level = [.byItself, .uboot].contains(way) ? "with E2H = 1" : "with E2H = 0"
    try await QEMUSession.run(disk.command(model: "max", isServed: way == .served, options)) { console in
      try await console.expect("TVisor starts at EL2 \(level)", from: "tvisor")
      try await console.expect("2 of 2 CPUs are up", from: "tvisor")
      try await console.expectTicking()
    }
  }

  @Test("no VM gets memory that the firmware keeps: where its runtime services are, and what it has reserved")
  func keptMemory() async throws {
    // More than lies in one piece, wherever the firmware is.
    let system = Booting.own("metronome").replacing("memory: 16MiB", with: "memory: 992MiB")
    let disk = try await Disk(vms: system)
    defer { disk.remove() }
    try disk.remove("EFI")
    try disk.change("startup.nsh") { "memmap\n" + $0 }
    try await QEMUSession.run(disk.command()) { console in
      try await console.expect("metronome: 992 MiB of RAM", from: "tvisor")
      try await console.expect("CPUs are up", from: "tvisor")
      let text = await console.transcript.text
      let kept = text.matches(of: /(RT_Code|RT_Data|Reserved|ACPI_NVS) +([0-9A-F]{16})-([0-9A-F]{16})/).map {
        Self.number($0.2)...Self.number($0.3)
      }.filter { $0.lowerBound >= 0x4000_0000 }
      let given = text.matches(of: /([0-9]+) MiB at 0x([0-9a-f]+)/).map {
        Self.number($0.2)..<Self.number($0.2) + UInt64($0.1)! << 20
      }
      #expect(kept.count > 2 && given.count > 1, "\(text)")
      for range in given { #expect(!kept.contains { range.overlaps($0) }, "\(range) of \(given) is in one of \(kept)") }
    }
  }

  @Test("without a device tree, which ACPI takes the place of, it says what to do", arguments: [Way.byItself, .grub])
  func noTree(way: Way) async throws {
    let disk = try await Disk(vms: Booting.own("metronome"))
    defer { disk.remove() }
    if way == .grub { try disk.putGRUB() }
    try await QEMUSession.run(disk.command(["-M", "acpi=on"])) { console in
      try await console.expect(
        "TVisor: no device tree of the machine. Have the firmware give one (for QEMU: -M virt,acpi=off), or name a file"
      )
      // Nothing has happened that the firmware could not go on from.
      try await console.expect(way == .grub ? "Press any key to continue" : "UEFI Interactive Shell")
    }
  }

  @Test("where the firmware has none it takes the tree that is named, and says where there is none in that file")
  func namedTree() async throws {
    let disk = try await Disk(vms: Booting.own("metronome"))
    defer { disk.remove() }
    try disk.remove("EFI")
    let board = try disk.project.board(named: "qemu-virt-armv8")
    let emulation = try Emulation(board, model: "cortex-a53", gicVersion: 2, processorCount: 2)
    try await Files.write(Bundler.deviceTree(of: emulation), to: disk.path("virt.dtb"))
    try Files.write(Data("no tree".utf8), to: disk.path("other.dtb"))
    try disk.change("startup.nsh") {
      "tvisor.efi dtb=\\none.dtb\ntvisor.efi dtb=\\other.dtb\n" + $0.replacing(".efi ", with: ".efi dtb=\\virt.dtb ")
    }
    try await QEMUSession.run(disk.command(["-M", "acpi=on"])) { console in
      for name in ["none", "other"] {
        try await console.expect("TVisor: no device tree in \\\(name).dtb on the volume that this was started from")
      }
      try await console.expect("2 of 2 CPUs are up", from: "tvisor")
      try await console.expectTicking()
    }
  }

  @Test("without a bundle it says which file it looked for, and how to name another")
  func noBundle() async throws {
    let disk = try await Disk(vms: Booting.own("metronome"))
    defer { disk.remove() }
    try disk.remove("bundle.img")
    try disk.change("startup.nsh") { $0.replacing("bundle", with: "misspelt") }
    try await QEMUSession.run(disk.command()) { console in
      // By itself first, then the shell.
      try await console.expect(
        "TVisor: no bundle in \\bundle.img on the volume that this was started from. Name its file")
      try await console.expect("TVisor: no bundle in \\misspelt.img on the volume that this was started from")
    }
  }

  @Test("where the firmware runs at EL1 it says that, and nothing else happens")
  func wrongLevel() async throws {
    let disk = try await Disk(vms: Booting.own("metronome"))
    defer { disk.remove() }
    try await QEMUSession.run(disk.command(["-M", "virtualization=off"])) { console in
      try await console.expect(
        "TVisor: not started at EL2, where a hypervisor runs (for QEMU: -M virt,virtualization=on).")
      try await console.expect("UEFI Interactive Shell")
    }
  }

  private static func number(_ text: Substring) -> UInt64 { UInt64(text, radix: 16) ?? 0 }

  /// What `tvisor boot-files` wrote for a system, in a folder that QEMU makes a disk of.
  private struct Disk: Sendable {
    let project: Project
    private let folder: String

    init(vms: String) async throws {
      project = try Project.locate()
      folder = "\(NSTemporaryDirectory())/tvisor-efi-\(UUID().uuidString)"
      try Files.makeFolder(folder)
      let system = "\(folder)/system.yaml"
      try Files.write("vms:\n" + vms, to: system)
      let board = try project.board(named: "qemu-virt-armv8")
      let names = try await BootFiles(project: project, board: board).write(system, to: "\(folder)/disk")
      for name in ["EFI/BOOT/BOOTAA64.EFI", "tvisor.efi", "bundle.img", "startup.nsh", "grub.cfg"] {
        #expect(names.contains(name))
      }
      // U-Boot's own, of which nothing here makes use.
      for name in ["tvisor.itb", "tvisor-armv8.img", "bundle.uimg"] { try remove(name) }
    }

    func path(_ name: String) -> String { "\(folder)/disk/\(name)" }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

    func move(_ name: String, to other: String) throws {
      if let end = other.lastIndex(of: "/") { try Files.makeFolder(path(String(other[..<end]))) }
      try FileManager.default.moveItem(atPath: path(name), toPath: path(other))
    }

    func change(_ name: String, _ change: (String) -> String) throws {
      let text = try String(contentsOfFile: path(name), encoding: .utf8)
      let changed = change(text)
      #expect(changed != text)
      try Files.write(changed, to: path(name))
    }

    /// GRUB in the image's place, whose menu is the one that was written.
    func putGRUB() throws {
      let program = try Data(contentsOf: URL(fileURLWithPath: project.path(".build-setup/efi/grub.efi")))
      try Files.write(program, to: path("EFI/BOOT/BOOTAA64.EFI"))
      try Files.makeFolder(path("boot/grub"))
      try Files.write("configfile /grub.cfg\n", to: path("boot/grub/grub.cfg"))
    }

    func command(model: String = "cortex-a53", isServed: Bool = false, _ options: [String] = []) -> Command {
      var arguments = [
        "-M", "virt,virtualization=on,acpi=off", "-cpu", model, "-m", "1024", "-smp", "2", "-nodefaults", "-display",
        "none", "-serial", "stdio", "-bios", project.path(".build-setup/efi/QEMU_EFI.fd"),
      ]
      if !isServed {
        arguments += ["-drive", "file=fat:\(folder)/disk,format=raw,if=none,readonly=on,id=disk"]
        arguments += ["-device", "virtio-blk-device,drive=disk"]
      }
      return Command("qemu-system-aarch64", arguments + options)
    }
  }
}
