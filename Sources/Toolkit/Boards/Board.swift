internal import Foundation

/// A board: what it is, how QEMU plays it and how its own loader starts it, read from `platforms/<board>/board.yaml`. A board
/// has no code.
public struct Board: Sendable {
  /// Its name, which is its folder's.
  public var name: String
  /// One line about it.
  public var summary: String
  /// Its CPUs and its interrupt controller.
  public var chip: String?
  /// Whose image boots on it: `armv7` or `armv8`.
  public var isa: String
  /// How it is tested.
  public var tested: String
  /// Where its console is.
  public var console: String
  /// The system file that `tvisor run` takes by default, as a real path.
  public var demo: String
  /// Where its device tree comes from, or nil where QEMU makes one.
  public var tree: Tree?
  /// The memory that its loader writes into the tree, which leaves it open; empty where the tree or QEMU says it.
  public var memory: [MemoryBank]
  /// How the loader of the real board starts TVisor.
  public var loader: String?
  /// What goes on its SD card, where its firmware starts kernels from one.
  public var card: Card?
  /// The QEMU command's pieces, or nil where QEMU does not play it.
  public var qemu: QEMU?

  /// A piece of memory.
  public struct MemoryBank: Equatable, Sendable {
    /// Where it begins.
    public var start: UInt64
    /// Its size in bytes.
    public var size: UInt64

    /// Memory from an address on.
    public init(start: UInt64, size: UInt64) {
      self.start = start
      self.size = size
    }
  }

  /// A device tree in one of Debian's packages, or in a file of one's own: a flattened tree, or its source (`.dts`).
  public struct Tree: Equatable, Sendable {
    /// The package: a kernel's meta package, such as `linux-image-arm64`; nil for a file of one's own.
    public var package: String?
    /// The file among the package's device trees, such as `broadcom/bcm2711-rpi-4-b.dtb`; one's own with its real path.
    public var file: String
    /// The source of an overlay that is applied to it, with its real path: what the board has and its tree does not say.
    public var overlay: String?

    /// Names a file, in a package or of one's own.
    public init(package: String?, file: String, overlay: String? = nil) {
      self.package = package
      self.file = file
      self.overlay = overlay
    }

    /// Its name on an SD card.
    public var name: String {
      let name = String(file.split(separator: "/").last ?? "")
      return isSource ? "\(name.dropLast(4)).dtb" : name
    }

    /// True for a source that has to be compiled.
    var isSource: Bool { file.hasSuffix(".dts") }
    /// True where the file alone is not what a loader hands over.
    var isMade: Bool { isSource || overlay != nil }
  }

  /// The boot partition of an SD card.
  public struct Card: Equatable, Sendable {
    /// What the firmware calls the kernel's file.
    public var kernel: String
    /// What the bundle is called.
    public var bundle: String
    /// The lines of the firmware's config.txt.
    public var configuration: [String]
    /// The vendor's own files that have to be there too.
    public var firmware: [String]
    /// Where the vendor has them.
    public var source: String
  }

  /// What QEMU needs to play the board.
  public struct QEMU: Sendable {
    /// The program, such as `qemu-system-aarch64`.
    public var program: String
    /// `-M`, without the interrupt controller's version.
    public var machine: String
    /// The GIC versions that one can choose from by `gic-version=`; the first is the default. Empty for no choice.
    public var gicVersions: [UInt64]
    /// The CPU models that are tested; the first is the default.
    public var models: [String]
    /// How many CPUs by default.
    public var processorCount: UInt64
    /// How much memory in bytes by default.
    public var memory: UInt64
    /// Which of QEMU's serial ports the console is.
    public var consoleNumber: UInt64 = 0
    /// Further arguments.
    public var arguments: [String]
  }
}

extension Board {
  /// The words for where its tree comes from.
  public var treeSource: String {
    guard let tree else { return "QEMU's own" }
    let source = tree.package.map { "\(tree.file) of Debian's \($0)" } ?? tree.file
    return source + (tree.overlay.map { " with \($0)" } ?? "")
  }

  /// What QEMU needs to play it.
  /// - Throws: `Failure` where QEMU does not.
  public func playedByQEMU() throws(Failure) -> QEMU {
    guard let qemu else {
      throw Failure(
        "QEMU does not play \(name); `tvisor check --board \(name)` and `tvisor boot-files \(name)` work all the same")
    }
    return qemu
  }
}
