public import Architecture
public import DeviceTree

/// What TVisor needs to know of the machine it runs on, found in the host's device tree.
///
/// Single facts are stored; lists are read from the tree again each time. Making the value checks all of them, so that
/// reading them later cannot fail.
public struct MachineDescription: Sendable {
  /// The host's tree.
  public let tree: DeviceTree
  /// The interrupt controller.
  public let interruptController: InterruptControllerDescription
  /// The architected timer.
  public let timer: TimerDescription
  /// The console that /chosen names, or nil where it names none.
  public let console: ConsoleDescription?
  /// The firmware's PSCI, or nil where there is none.
  public let firmware: FirmwareDescription?
  /// Where the loader put the bundle (/chosen linux,initrd-start and -end), or nil where it put none.
  public let bundle: AddressRange<PhysicalAddress>?
  /// The command line (/chosen bootargs).
  public let bootArguments: Text?
  /// How many CPUs are enabled.
  public let cpuCount: Int
  /// The index of the CPU that boots, which nobody has to start: the first one, until that CPU itself says another.
  public var bootCPU = 0
  /// True where TVisor does not know how to start some CPU.
  public let hasUnknownStart: Bool

  /// Reads and checks the machine that `tree` describes.
  public init(_ tree: DeviceTree) throws(MachineProblem) {
    self.tree = tree
    console = try ConsoleDescription(in: tree)
    firmware = try FirmwareDescription(in: tree)
    try Self.checkMemory(in: tree)
    try Self.checkReservations(in: tree)
    cpuCount = try Self.checkCPUs(in: tree)
    hasUnknownStart = CPUs(tree, hasFirmware: firmware?.startsCPUs == true).contains { $0.start == .unknown }
    interruptController = try InterruptControllerDescription(in: tree)
    timer = try TimerDescription(in: tree)
    bundle = try Self.bundle(in: tree)
    bootArguments = tree.node(path: "/chosen")?["bootargs"]?.string
  }

  /// The range of /chosen linux,initrd-start and linux,initrd-end, which have one cell or two.
  private static func bundle(in tree: DeviceTree) throws(MachineProblem) -> AddressRange<PhysicalAddress>? {
    guard let chosen = tree.node(path: "/chosen"), let startProperty = chosen["linux,initrd-start"] else { return nil }
    guard let start = startProperty.number else {
      throw MachineProblem(.tree(.malformed), chosen, "linux,initrd-start")
    }
    guard let endProperty = chosen["linux,initrd-end"] else {
      throw MachineProblem(.missing, chosen, "linux,initrd-end")
    }
    guard let end = endProperty.number else { throw MachineProblem(.tree(.malformed), chosen, "linux,initrd-end") }
    let range = AddressRange(from: PhysicalAddress(start), to: PhysicalAddress(end))
    guard range.isSound else { throw MachineProblem(.range, chosen, "linux,initrd-end") }
    return range
  }
}
