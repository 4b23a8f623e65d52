public import Architecture
public import DeviceTree

/// Why a host's device tree does not describe a machine that TVisor can run on.
public struct MachineProblem: Error, Equatable, Sendable {
  /// The kinds of problem.
  public enum Kind: Equatable, Sendable {
    /// The node or property is there, and wrong in itself.
    case tree(DeviceTreeError.Kind)
    /// The node or property that is needed is not there.
    case missing
    /// The range is empty, or passes the end of the address space.
    case range
    /// `reg` has fewer regions than the binding asks for.
    case tooFewRegions(needed: Int)
    /// The node is there, and its `status` says that it is not to be used.
    case disabled
    /// The GIC has no virtual CPU interface, which a guest's interrupts need, on a machine that QEMU makes up or on a real one:
    /// then, where its GIC is of a kind that always has one, the distributor's address tells where.
    case noVirtualInterface(isVirt: Bool, distributor: PhysicalAddress?)
    /// The interrupt controller is none that can be virtualized.
    case unknownInterruptController(Text)
    /// `interrupts` has fewer interrupts than are needed.
    case tooFewInterrupts(needed: Int)
    /// The interrupt is not of the kind that it must be.
    case notPrivate
    /// PSCI's method is neither "smc" nor "hvc".
    case unknownFirmwareCall
  }

  /// What is wrong.
  public var kind: Kind
  /// The node that it concerns, where there is one.
  public var node: DeviceTree.Node?
  /// What is not there, where there is no node: a path, or words that say what was looked for.
  public var subject: Text
  /// The property that it concerns, where there is one.
  public var property: Text?

  /// A problem of a node that is there.
  init(_ kind: Kind, _ node: DeviceTree.Node, _ property: Text? = nil) {
    self.kind = kind
    self.node = node
    subject = ""
    self.property = property
  }

  /// A node that is not there.
  init(missing subject: Text) {
    kind = .missing
    self.subject = subject
  }

  /// A problem that reading the tree found, with `node` where the error names none.
  init(_ error: DeviceTreeError, _ node: DeviceTree.Node) {
    kind = .tree(error.kind)
    self.node = error.node ?? node
    subject = ""
    property = error.property
  }

  /// Writes the problem as "/path property: what is wrong".
  public func write<Sink: ByteSink & ~Copyable>(to sink: inout Sink) {
    if let node { node.writePath(to: &sink) } else { sink.write(subject.span) }
    if let property {
      sink.write(" ")
      sink.write(property.span)
    }
    sink.write(": ")
    kind.write(to: &sink)
  }
}

extension MachineProblem.Kind {
  /// Writes what is wrong, without saying where.
  func write<Sink: ByteSink & ~Copyable>(to sink: inout Sink) {
    switch self {
    case .tree(let kind): kind.write(to: &sink)
    case .missing: sink.write("missing from the machine's device tree")
    case .range: sink.write("the range is empty or passes the end of the address space")
    case .tooFewRegions(let needed):
      sink.write("fewer regions than the ")
      sink.write(decimal: UInt64(needed))
      sink.write(" that the binding asks for")
    case .disabled:
      sink.write(
        "is disabled; where the machine has it, the tree must say status = \"okay\" (an overlay in board.yaml can)")
    case .noVirtualInterface(let isVirt, let distributor):
      sink.write("no virtual CPU interface (GICH, GICV)")
      if isVirt { sink.write("; start QEMU's virt with virtualization=on") }
      if let distributor { Self.write(interfacesOf: distributor, to: &sink) }
    case .unknownInterruptController(let name):
      sink.write("the interrupt controller is a ")
      sink.write(name.span)
      sink.write(", and a GICv2 with virtualization or a GICv3 is needed")
    case .tooFewInterrupts(let needed):
      sink.write("fewer interrupts than the ")
      sink.write(decimal: UInt64(needed))
      sink.write(" that are needed")
    case .notPrivate: sink.write("must be a private interrupt (PPI)")
    case .unknownFirmwareCall: sink.write("PSCI is called neither by \"smc\" nor by \"hvc\"")
    }
  }
}

extension MachineProblem.Kind {
  /// Where the interfaces of a GIC-400, or of the GIC in a Cortex-A7 or -A15, are that a tree leaves out, and their interrupt
  /// (DDI 0471B table 3-1, DDI 0464F §8.2.1, DDI 0438I §8.2.1).
  private static func write<Sink: ByteSink & ~Copyable>(interfacesOf distributor: PhysicalAddress, to sink: inout Sink)
  {
    sink.write("; this kind of GIC has them: an overlay in board.yaml can add to reg ")
    sink.write(hexadecimal: distributor.rawValue &+ 0x3000)
    sink.write(" and ")
    sink.write(hexadecimal: distributor.rawValue &+ 0x5000)
    sink.write(", 0x2000 each, and interrupts = <1 9 0xf04>")
  }
}

extension DeviceTree.Node {
  /// The region at `index` of `reg` as a machine needs it: there, not empty, inside the address space, and at least as long as
  /// what it describes, whatever the tree says: sizes in trees are written by hand, and nobody notices a wrong one.
  func neededRegion(_ index: Int, of needed: Int, least: UInt64 = 1) throws(MachineProblem) -> AddressRange<
    PhysicalAddress
  > {
    let found: AddressRange<PhysicalAddress>?
    do { found = try region(at: index) } catch { throw MachineProblem(error, self) }
    guard let found else { throw MachineProblem(.tooFewRegions(needed: needed), self, "reg") }
    guard found.isSound else { throw MachineProblem(.range, self, "reg") }
    return AddressRange(start: found.start, size: max(found.size, least))
  }

  /// True where neither the node nor a bus above it is disabled.
  var isInUse: Bool {
    var node: DeviceTree.Node? = self
    while let current = node {
      guard current.isEnabled else { return false }
      node = current.parent
    }
    return true
  }

  /// How many regions `reg` has.
  func checkedRegionCount() throws(MachineProblem) -> Int {
    do { return try regionCount } catch { throw MachineProblem(error, self) }
  }

  /// The interrupt at `index`, which must be there and a PPI.
  func neededPrivateInterrupt(_ index: Int, of needed: Int) throws(MachineProblem) -> TreeInterrupt {
    let found: TreeInterrupt?
    do { found = try interrupt(at: index) } catch { throw MachineProblem(error, self) }
    guard let found else { throw MachineProblem(.tooFewInterrupts(needed: needed), self, "interrupts") }
    guard case .privatePeripheral = found.line else { throw MachineProblem(.notPrivate, self, "interrupts") }
    return found
  }
}

extension AddressRange<PhysicalAddress> {
  /// True where the range is not empty and ends below 2⁵², the most that any Arm core addresses (ARM DDI 0487 D8.1).
  var isSound: Bool { !isEmpty && start.rawValue < 1 << 52 && size <= 1 << 52 - start.rawValue }
}
