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
  /// What /chosen names as the console, where that is no node, or one that is not in use, and was passed over.
  public let passedOverPath: Text?

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

  /// Finds the console of `tree`: what /chosen stdout-path names or, in trees that have none or where it leads to nothing, the
  /// alias serial0 or the first node of that generic name. What is disabled is none of them. Nil where there is none.
  public init?(in tree: DeviceTree) throws(MachineProblem) {
    let path = Self.chosenPath(of: tree)
    let named = path.flatMap { Self.port(named: $0, in: tree) }
    guard let node = named ?? Self.firstSerialPort(of: tree) else { return nil }
    self.node = node
    options = named == nil ? nil : path?.after(UInt8(ascii: ":"))
    passedOverPath = named == nil ? path : nil
    registers = try node.neededRegion(0, of: 1)
    interrupt = try? node.interrupt(at: 0)
  }

  /// Says that a path was passed over, and what is the console in its place.
  public func write<Sink: ByteSink & ~Copyable>(passingOver path: Text, to sink: inout Sink) {
    sink.write("/chosen stdout-path (")
    sink.write(path.span)
    sink.write(") leads to no node that is in use: the console is ")
    node.writePath(to: &sink)
  }

  /// What /chosen says, if anything; what is no text names nothing.
  private static func chosenPath(of tree: DeviceTree) -> Text? {
    guard let chosen = tree.node(path: "/chosen"),
      let path = chosen["stdout-path"] ?? chosen["linux,stdout-path"]
    else { return nil }
    return path.string ?? ""
  }

  /// The node of a path, without what stands behind its ":", where it is in use. The root is no UART.
  private static func port(named path: Text, in tree: DeviceTree) -> DeviceTree.Node? {
    guard let node = tree.node(path: path.before(UInt8(ascii: ":"))), node.parent != nil, node.isInUse else {
      return nil
    }
    return node
  }

  private static func firstSerialPort(of tree: DeviceTree) -> DeviceTree.Node? {
    if let path = tree.node(path: "/aliases")?["serial0"]?.string, let node = tree.node(path: path), node.isInUse {
      return node
    }
    for node in tree.nodes where node.baseName == "serial" && node.isInUse { return node }
    return nil
  }
}
