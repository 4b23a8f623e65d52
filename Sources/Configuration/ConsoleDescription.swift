public import Architecture
public import DeviceTree

/// The UART that the machine's console is at.
public struct ConsoleDescription: Sendable {
  /// The UART's node; its `compatible` says which driver it needs.
  public let node: DeviceTree.Node
  /// The registers.
  public let registers: AddressRange<PhysicalAddress>
  /// The interrupt, where it is one of the GIC's.
  public let interrupt: TreeInterrupt?
  /// What stands behind the ":" of the path, such as "115200n8".
  public let options: Text?

  /// Two to this power is the distance between two registers in units of bytes (`reg-shift`), where the tree says so.
  public var registerShift: UInt32? { node["reg-shift"]?.u32.map { min($0, 3) } }

  /// How many bytes wide a register must be accessed (`reg-io-width`), where the tree says so.
  public var registerWidth: UInt32? { node["reg-io-width"]?.u32 }

  /// The frequency of the UART's clock in hertz, where the tree says so.
  public var clockFrequency: UInt32? {
    if let frequency = node["clock-frequency"]?.u32 { return frequency }
    guard let clock = node["clocks"]?.cell(at: 0).flatMap(node.tree.node(phandle:)) else { return nil }
    return clock["clock-frequency"]?.u32
  }

  /// Finds the console of `tree`: what /chosen stdout-path names or, in the older trees that have none, the alias serial0 or
  /// the first node of that generic name. What is disabled is none of them. Nil where there is none.
  public init?(in tree: DeviceTree) throws(MachineProblem) {
    let named = try Self.namedPort(of: tree)
    guard let node = named?.node ?? Self.firstSerialPort(of: tree) else { return nil }
    self.node = node
    options = named?.options
    registers = try node.neededRegion(0, of: 1)
    interrupt = try? node.interrupt(at: 0)
  }

  /// What /chosen names, and what stands behind it; nil where that is nothing or disabled.
  private static func namedPort(of tree: DeviceTree) throws(MachineProblem) -> (node: DeviceTree.Node, options: Text?)?
  {
    guard let chosen = tree.node(path: "/chosen"),
      let path = chosen["stdout-path"] ?? chosen["linux,stdout-path"]
    else { return nil }
    guard let text = path.string else { throw MachineProblem(.tree(.malformed), chosen, "stdout-path") }
    guard let node = tree.node(path: text.before(UInt8(ascii: ":"))) else {
      throw MachineProblem(.danglingPath(text), chosen, "stdout-path")
    }
    return node.isInUse ? (node, text.after(UInt8(ascii: ":"))) : nil
  }

  private static func firstSerialPort(of tree: DeviceTree) -> DeviceTree.Node? {
    if let path = tree.node(path: "/aliases")?["serial0"]?.string, let node = tree.node(path: path), node.isInUse {
      return node
    }
    for node in tree.nodes where node.baseName == "serial" && node.isInUse { return node }
    return nil
  }
}
