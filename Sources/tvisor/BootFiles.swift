import ArgumentParser
import Toolkit

struct BootFilesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "boot-files",
    abstract:
      "Writes the files that a board's loader starts: the boot partition of a Raspberry Pi's SD card, or what U-Boot and EFI load.",
    discussion: """
      For a Raspberry Pi: all but the vendor's own firmware files, which the README that is written names. For U-Boot: image, bundle and tree,
      with a script (boot.scr), a menu (extlinux.conf) and one file that has all in it (tvisor.itb), at addresses that are free in the
      board's memory. For EFI firmware, on 64-bit boards: the image as tvisor.efi and as what starts by itself (EFI/BOOT/BOOTAA64.EFI),
      with the bundle, a script for EDK2's shell (startup.nsh) and an entry for GRUB (grub.cfg).

        tvisor boot-files raspberry-pi-4 -o card
        tvisor boot-files qemu-virt-armv8 system.yaml -o files
      """, aliases: ["sdcard"])

  @Argument(help: "The board, such as raspberry-pi-4.")
  var board: String

  @Argument(help: "The system file; the board's demo by default.")
  var system: String?

  @Option(name: .shortAndLong, help: "The folder to write into, made where it is missing.")
  var output: String

  @Flag(help: "Take the image that is built already.")
  var noBuild = false

  func run() async throws {
    try await reporting {
      let project = try Project.locate()
      let board = try project.board(named: board)
      try await project.provideTree(of: board)
      let file = system ?? board.demo
      if !noBuild, !project.isRelease {
        note("tvisor: building")
        let builder = ImageBuilder(project: project)
        try await builder.buildHypervisor(board.isa)
        for isa in try SystemFile(parsing: SourceText(path: file)).ownGuests.sorted() {
          try await builder.buildGuests(isa)
        }
      }
      for name in try await BootFiles(project: project, board: board).write(file, to: output) {
        print("\(output)/\(name)")
      }
    }
  }
}
