internal import Foundation

/// What EFI firmware starts TVisor from: the arm64 image is an EFI application. By itself from the removable media's path, from EDK2's shell
/// by `startup.nsh`, and from GRUB by the entry of `grub.cfg`.
struct EFIFiles {
  var board: Board

  private let application = "tvisor.efi"
  /// Without a name from the loader, the image looks for this one: `usual` of boot/entry/efi.c.
  private let bundleName = "bundle.img"
  private var treeName: String { board.tree?.name ?? "board.dtb" }

  /// Where firmware looks for what it starts by itself (UEFI Specification 2.10, 3.5.1.1).
  static let removable = "EFI/BOOT/BOOTAA64.EFI"
  /// The scripts and menus, which say who wrote them.
  static let texts = ["startup.nsh", "grub.cfg"]

  /// All files, but for the tree, which U-Boot's have too.
  func files(image: Data, bundle: Data, hasTree: Bool) -> [BootFiles.File] {
    [
      (application, image), (Self.removable, image), (bundleName, bundle),
      (Self.texts[0], Data(script(hasTree: hasTree).utf8)), (Self.texts[1], Data(menu(hasTree: hasTree).utf8)),
    ]
  }

  private var intro: String { "# TVisor on \(board.name): written by `tvisor boot-files`." }

  private func script(hasTree: Bool) -> String {
    """
    \(intro)
    \(command(hasTree: hasTree))

    """
  }

  private func command(hasTree: Bool) -> String {
    "\(application) initrd=\\\(bundleName)" + (hasTree ? " dtb=\\\(treeName)" : "")
  }

  private func menu(hasTree: Bool) -> String {
    """
    \(intro)
    set timeout=3

    menuentry "TVisor" {
      search --no-floppy --set=root --file /\(application)
    \(hasTree ? "  devicetree /\(treeName)\n" : "")  linux /\(application)
      initrd /\(bundleName)
    }

    """
  }

  /// What a reader needs to know of them.
  func guide(hasTree: Bool) -> String {
    """
    EDK2, U-Boot's bootefi and other EFI firmware: copy all to a FAT partition, from which
      \(Self.removable) starts by itself, with \(bundleName)\(hasTree ? " and the firmware's own device tree" : "");
      EDK2's shell runs startup.nsh: \(command(hasTree: hasTree));
      GRUB has an entry in grub.cfg, for `configfile` or to copy into its menu.
    The firmware has to give a device tree\(hasTree ? ", or dtb= name one" : ""), not ACPI tables alone (in QEMU: -M virt,acpi=off).
    """
  }
}
