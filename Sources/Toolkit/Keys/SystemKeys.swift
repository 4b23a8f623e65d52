internal import Architecture
internal import Configuration
internal import Scheduling

extension KeyTable {
  /// The keys of `system.yaml`.
  public static let system = KeyTable(
    "a system", "What runs on a board: its virtual machines, and how they share its CPUs.",
    keys: [
      .optional(
        "cpus", .list(of: .mapping(processor), elements: "CPUs", atMost: 1024),
        otherwise: "each CPU has `round-robin`", example: "[{cpu: 0, policy: earliest-deadline}]",
        "How physical CPUs are shared, an entry for each that is not shared as by default."),
      .needed(
        "vms", .list(of: .mapping(machine), elements: "VMs", atLeast: 1, atMost: SystemDescription.vmLimit),
        example: "[{name: linux, memory: 256MiB, vcpus: [0], image: Image}]",
        "The virtual machines; the console's Ctrl-T and a digit choose among them in this order."),
    ])

  static let processor = KeyTable(
    "a CPU", "How one physical CPU is shared among the vCPUs that live on it.",
    keys: [
      .needed("cpu", .number(), example: "0", "The CPU's number, in the order of the board's device tree."),
      .optional(
        "policy", .word(PolicyKind.all.map(\.text)), otherwise: "`round-robin`", example: "earliest-deadline",
        "Who runs when more than one vCPU wants to."),
      .optional(
        "slice", .duration(10_000...10_000_000_000), otherwise: "1ms", example: "1ms",
        "The length of a turn, for those who take turns; not under `static` and `cyclic`."),
      .optional(
        "overhead", .duration(0...1_000_000), otherwise: "5us", example: "5us",
        "What admission and `tvisor simulate` reckon for a switch between vCPUs."),
      .optional(
        "frame", .duration(), example: "10ms",
        "After how long the table begins again; needed for `policy: cyclic`, and only for that."),
      .optional(
        "windows",
        .list(of: .mapping(window), elements: "windows, such as [{vm: linux, at: 0, for: 4ms}]"),
        example: "[{vm: linux, at: 0, for: 4ms}]",
        "Whose time each part of the frame is, in the order of time; needed for `policy: cyclic`, and only for that."),
    ])

  static let window = KeyTable(
    "a window", "A part of a cyclic table's frame, in which one vCPU alone runs.",
    keys: [
      .needed("vm", .text(called: "a VM's name"), example: "linux", "The VM."),
      .optional("vcpu", .number(), otherwise: "0", example: "0", "The number of its vCPU, from 0."),
      .optional(
        "at", .duration(), otherwise: "where the window before it ends", example: "0",
        "When it begins, from the start of the frame."),
      .needed("for", .duration(), example: "4ms", "How long it lasts."),
    ])

  static let machine = KeyTable(
    "a VM", "A virtual machine: QEMU's `virt` as its guest sees it, which runs one thing.",
    choices: [Choice(keys: ["image", "raw", "firmware"], isExclusive: true)],
    keys: [
      .needed(
        "name", .text(called: "a name", pattern: "^(?!tvisor$)[A-Za-z0-9][A-Za-z0-9._-]{0,30}$"), example: "linux",
        "What the console calls it: up to 31 letters, digits, `.`, `_` and `-`, and not `tvisor`."),
      .optional(
        "isa", .word(SystemFile.ISA.allCases.map(\.rawValue)),
        otherwise: "what the image says; `aarch64` for `raw` and `firmware`", example: "aarch64",
        "The guest's instruction set."),
      .needed(
        "memory", .size, example: "256MiB",
        "Its RAM, from 0x4000_0000 on; a multiple of 2MiB wastes none. It is one piece of the board's memory where that has room for it, else up to 8."
      ),
      .needed(
        "vcpus",
        .list(
          of: .either(.number(), .mapping(virtualCPU)), elements: "vCPUs, a CPU number for each, such as [0, 0]",
          atLeast: 1, atMost: GuestMachine.vcpuLimit(gic: .v3)),
        example: "[0]", "A physical CPU for each vCPU, or more about it; at most 8 vCPUs with GICv2."),
      .optional(
        "image", .text(called: "a path"), example: "Image",
        "A Linux Image or zImage (plain or gzip), or an ELF for Arm: detected."),
      .optional(
        "raw", .mapping(rawImage), example: "{path: guest.bin, address: 0x4008_0000}", "Bytes for one address."),
      .optional(
        "firmware", .text(called: "a path"), example: "u-boot.bin", "A boot ROM at address 0, entered there."),
      .optional(
        "initrd", .text(called: "a path"), example: "initramfs.cpio.gz",
        "The initial RAM disk; not with `firmware`."),
      .optional(
        "bootargs", .text(called: "a command line"), example: "console=ttyAMA0",
        "The kernel's command line, up to 2047 bytes."),
      .optional(
        "on-reset", .word(SystemFile.ResetAction.allCases.map(\.rawValue)), otherwise: "`restart`", example: "restart",
        "What a reset by the guest does: start again from fresh copies of the images, or stay off."),
      .optional(
        "devices",
        .list(
          of: .either(.text(called: "a path", pattern: "^/"), .mapping(device)),
          elements: "paths in the board's device tree, such as [/pl061@9030000]",
          atMost: GuestDeviceTree.deviceCountLimit),
        example: "[/pl061@9030000]",
        "The board's own devices that are the VM's: paths in its device tree, or more about them."),
      .optional(
        "placement", .word(SystemFile.Placement.allCases.map(\.rawValue)), otherwise: "anywhere", example: "identity",
        "`identity`: RAM has the same addresses for the guest as for the board, and so is one piece; for Linux Images and zImages."
      ),
      .optional(
        "dma", .word(SystemFile.DMARisk.allCases.map(\.rawValue)), otherwise: "such devices want `placement: identity`",
        example: "at-risk", "`at-risk`: a device that may master the bus is the VM's all the same."),
      .optional(
        "interrupts", .list(of: .number(), elements: "INTIDs, such as [40]"), example: "[40]",
        "INTIDs of the board's without a device; TVisor refuses them so far."),
    ])

  static let virtualCPU = KeyTable(
    "a vCPU", "A vCPU and what it is promised.",
    keys: [
      .needed("cpu", .number(), example: "0", "Its physical CPU."),
      .optional(
        "reserve",
        .text(called: "a reservation", pattern: TimePhrase.pattern(words: ["every", "within"], needing: "every")),
        example: "200us every 1ms",
        "So much running time in each period, never more; with `within 500us` by that time after it began to need it; "
          + "for `earliest-deadline` and `fixed-priority`."),
      .optional(
        "priority", .number(0...255), otherwise: "0", example: "100",
        "Its rank under `fixed-priority`, where 255 is the most urgent."),
      .optional(
        "simulate", .text(called: "a behaviour", pattern: Behaviour.pattern),
        otherwise: "all of its reservation in each period, or `busy`", example: "150us every 1ms",
        "What `tvisor simulate` takes it to do."),
    ])

  static let rawImage = KeyTable(
    "'raw'", "Bytes without a format.",
    keys: [
      .needed("path", .text(called: "a path"), example: "guest.bin", "The file."),
      .needed("address", .number(), example: "0x4008_0000", "Where they go in the guest's memory."),
      .optional(
        "entry", .number(), otherwise: "the address", example: "0x4008_0040", "Where the guest starts."),
    ])

  static let device = KeyTable(
    "a device", "A device of the board's that a VM has for its own.",
    keys: [
      .needed(
        "path", .text(called: "a path", pattern: "^/"), example: "/pl061@9030000",
        "Its path in the board's device tree."),
      .optional(
        "clock", .frequency(1...UInt64(UInt32.max)), otherwise: "clocks that the tree gives no frequency are left out",
        example: "48MHz", "How fast those of its clocks run whose frequency the tree does not say."),
    ])
}
