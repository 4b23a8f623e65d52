extension KeyTable {
  /// The keys of `board.yaml`.
  public static let board = KeyTable(
    "a board", "A board: what it is, how its loader starts TVisor, and how QEMU plays it.",
    choices: [Choice(keys: ["qemu", "tree"], isExclusive: false)],
    keys: [
      .needed("name", .text(called: "a name"), example: "my-board", "Its name, which is its folder's."),
      .needed("summary", .text(called: "a text"), example: "what it is", "One line about it."),
      .optional(
        "chip", .text(called: "a text"), example: "BCM2711, four Cortex-A72", "Its CPUs and its interrupt controller."),
      .needed("isa", .word(ImageBuilder.isas), example: "armv8", "Whose image boots on it."),
      .needed(
        "tested", .text(called: "a text"), example: "how", "How it is tested, and whether ever on the board itself."),
      .needed("console", .text(called: "a text"), example: "PL011", "Where its console is."),
      .needed(
        "demo", .text(called: "a path"), example: "demo/system.yaml",
        "The system file that `tvisor run` takes by default, from the board's folder."),
      .optional(
        "tree", .either(.text(called: "a path"), .mapping(deviceTree)), otherwise: "QEMU makes it",
        example: "{package: linux-image-arm64, file: broadcom/bcm2711-rpi-4-b.dtb}",
        "Its device tree: a file beside the board's (`.dtb`, or `.dts` to compile), or one of Debian's."),
      .optional(
        "memory", .list(of: .mapping(memoryBank), elements: "pieces, such as [{at: 0x8000_0000, size: 1GiB}]"),
        otherwise: "the tree or QEMU says it", example: "[{at: 0x8000_0000, size: 1GiB}]",
        "The memory that its loader writes into a tree that leaves it open."),
      .optional(
        "loader", .text(called: "a text"), example: "U-Boot's booti IMAGE BUNDLE TREE",
        "How the loader of the real board starts TVisor."),
      .optional(
        "sdcard", .mapping(card),
        example:
          "{kernel: kernel8.img, bundle: bundle.img, config: [arm_64bit=1], firmware: [start4.elf], from: vendor}",
        "The boot partition of its SD card, where its firmware starts kernels from one."),
      .optional(
        "qemu", .mapping(emulator), otherwise: "QEMU does not play it",
        example:
          "{program: qemu-system-aarch64, machine: virt, gic: [2, 3], cpu: [cortex-a53], smp: 4, memory: 1GiB}",
        "How QEMU plays it."),
    ])

  static let deviceTree = KeyTable(
    "'tree'", "Where a board's device tree is.",
    keys: [
      .optional(
        "package", .text(called: "a package", pattern: "^linux-image-[a-z0-9.+-]+$"), otherwise: "a file of one's own",
        example: "linux-image-arm64", "One of Debian's kernel packages, which has the file."),
      .needed(
        "file", .text(called: "a path"), example: "vendor/board.dtb",
        "The file, from the package's trees or the board's folder."),
      .optional(
        "overlay", .text(called: "a path"), example: "overlay.dtso",
        "The source of an overlay, from the board's folder: what the board has and its tree does not say."),
    ])

  static let memoryBank = KeyTable(
    "a piece of memory", "A piece of memory.",
    keys: [
      .needed("at", .number(), example: "0x8000_0000", "Where it begins."),
      .needed("size", .size, example: "1GiB", "How much it is."),
    ])

  static let card = KeyTable(
    "'sdcard'", "The boot partition of an SD card.",
    keys: [
      .needed("kernel", .text(called: "a name"), example: "kernel8.img", "What the firmware calls the kernel's file."),
      .needed("bundle", .text(called: "a name"), example: "bundle.img", "What the bundle is called."),
      .needed(
        "config", .list(of: .text(called: "a line"), elements: "lines"), example: "[arm_64bit=1]",
        "The lines of the firmware's config.txt."),
      .needed(
        "firmware", .list(of: .text(called: "a name"), elements: "files"), example: "[start4.elf]",
        "The vendor's own files that have to be there too."),
      .needed("from", .text(called: "a place"), example: "https://…", "Where the vendor has them."),
    ])

  static let emulator = KeyTable(
    "'qemu'", "What QEMU needs to play a board.",
    keys: [
      .needed("program", .text(called: "a program"), example: "qemu-system-aarch64", "The program."),
      .needed(
        "machine", .text(called: "a machine"), example: "virt",
        "What `-M` takes, without the interrupt controller's version."),
      .needed(
        "gic", .list(of: .number(), elements: "GIC versions"), example: "[2, 3]",
        "The GIC versions that one can choose from, the default first; empty where there is no choice."),
      .needed(
        "cpu", .list(of: .text(called: "a CPU model"), elements: "CPU models", atLeast: 1), example: "[cortex-a53]",
        "The CPU models that are tested, the default first."),
      .needed("smp", .number(), example: "4", "How many CPUs it has by default."),
      .needed("memory", .size, example: "1GiB", "How much memory it has by default."),
      .optional(
        "console", .number(), otherwise: "0", example: "1", "Which of QEMU's serial ports the console is, from 0."),
      .optional(
        "arguments", .list(of: .text(called: "an argument"), elements: "QEMU arguments"), example: "[-audio, none]",
        "Further arguments."),
    ])
}
