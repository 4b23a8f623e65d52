internal import Foundation

/// What U-Boot starts TVisor from, each way by itself: the script `boot.scr` and `extlinux/extlinux.conf`, of which it finds one on the
/// disk that it boots from, and the one file `tvisor.itb` for `bootm`.
struct UBootFiles {
  var board: Board
  var places: LoadPlaces
  /// What the guide says of other loaders.
  var others: String

  private var is64Bit: Bool { board.isa != "armv7" }
  private var imageName: String { "tvisor-\(board.isa).img" }
  private let bundleName = "bundle.uimg"
  private var treeName: String { board.tree?.name ?? "board.dtb" }

  /// All files. Without a tree U-Boot hands over its own.
  func files(image: Data, bundle: Data, tree: Data?) throws -> [BootFiles.File] {
    let whole = try FlattenedImage(isa: board.isa, image: image, bundle: bundle, tree: tree, places: places).bytes()
    let script = LegacyImage(script: script(hasTree: tree != nil), is64Bit: is64Bit)
    let disk = LegacyImage(initialRAMDisk: bundle, is64Bit: is64Bit)
    return [(imageName, image), (bundleName, disk.bytes)] + (tree.map { [(treeName, $0)] } ?? []) + [
      ("boot.scr", script.bytes), ("tvisor.itb", whole),
      ("extlinux/extlinux.conf", Data(menu(hasTree: tree != nil).utf8)),
      ("README-TVISOR.txt", Data(guide(hasTree: tree != nil).utf8)),
    ]
  }

  /// In U-Boot's words: what its distribution boot has set says where the script came from.
  private func script(hasTree: Bool) -> String {
    func load(_ name: String, to address: UInt64) -> String {
      "load ${devtype} ${devnum}:${distro_bootpart} \(hexadecimal(address)) ${prefix}\(name)"
    }
    let tree = hasTree ? [load(treeName, to: places.tree)] : []
    let loads = [load(imageName, to: places.image)] + tree + [load(bundleName, to: places.bundle)]
    return """
      # TVisor on \(board.name): written by `tvisor boot-files`.
      \(stay)
      \((loads + [start(hasTree: hasTree)]).joined(separator: " && "))

      """
  }

  /// The bundle stays where it is loaded: it may be big.
  private var stay: String { "setenv initrd_high \(is64Bit ? "0xffffffffffffffff" : "0xffffffff")" }

  private func start(hasTree: Bool) -> String {
    let tree = hasTree ? hexadecimal(places.tree) : "${fdtcontroladdr}"
    return
      "\(is64Bit ? "booti" : "bootz") \(hexadecimal(places.image)) \(hexadecimal(places.bundle)) \(tree)"
  }

  private func menu(hasTree: Bool) -> String {
    """
    # TVisor on \(board.name): written by `tvisor boot-files`. Addresses are those of U-Boot's environment.
    default tvisor
    prompt 0
    timeout 1

    label tvisor
      kernel /\(imageName)
      initrd /\(bundleName)
    \(hasTree ? "  fdt /\(treeName)\n" : "")
    """
  }

  /// The one file's configuration, by its name: U-Boot may else look for one that says the board's.
  private var whole: String { "\(hexadecimal(places.whole))#tvisor" }

  private func guide(hasTree: Bool) -> String {
    """
    TVisor on \(board.name)

    Copy all of this folder to the start of a partition that U-Boot boots from. U-Boot takes extlinux/extlinux.conf, or
    boot.scr where that is not there; or by hand, with the files in memory from wherever they are:

      \(stay)
      load … \(hexadecimal(places.image)) \(imageName)
    \(hasTree ? "  load … \(hexadecimal(places.tree)) \(treeName)\n" : "")  load … \(hexadecimal(places.bundle)) \(bundleName)
      \(start(hasTree: hasTree))

    or all in one file, which checks itself:

      \(stay)
      load … \(hexadecimal(places.whole)) tvisor.itb
      bootm \(whole)\(hasTree ? "" : " \(whole) ${fdtcontroladdr}")

      \(imageName)  TVisor
      \(bundleName)  the virtual machines, in a header of U-Boot's: a bundle alone would be taken for a FIT image
    \(hasTree ? "  \(treeName)  the board's device tree\(board.tree?.package.map { ", from Debian's \($0)" } ?? "")\n" : "")  tvisor.itb  all of them

    TVisor has to be entered \(is64Bit ? "at EL2" : "in Hyp mode"): below firmware that starts U-Boot so, as for a Linux with KVM.

    \(others)

    Loader: \(board.loader ?? "U-Boot").
    Console: \(board.console).

    """
  }
}
