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
    /// Two nodes describe the same memory.
    case overlappingMemory
    /// `reg` has fewer regions than the binding asks for.
    case tooFewRegions(needed: Int)
    /// The GIC has no virtual CPU interface, which a guest's interrupts need.
    case noVirtualInterface
    /// The interrupt controller is none that can be virtualized.
    case unknownInterruptController(Text)
    /// `interrupts` has fewer interrupts than are needed.
    case tooFewInterrupts(needed: Int)
    /// The interrupt is not of the kind that it must be.
    case notPrivate
    /// PSCI is described as version 0.1, or with a method that is neither "smc" nor "hvc".
    case unknownFirmwareCall
    /// The path or alias leads to no node.
    case danglingPath(Text)
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
    case .overlappingMemory: sink.write("describes memory that another node describes too")
    case .tooFewRegions(let needed):
      sink.write("fewer regions than the ")
      sink.write(decimal: UInt64(needed))
      sink.write(" that the binding asks for")
    case .noVirtualInterface:
      sink.write("no virtual CPU interface (GICH, GICV); start QEMU's virt with virtualization=on")
    case .unknownInterruptController(let name):
      sink.write("the interrupt controller is a ")
      sink.write(name.span)
      sink.write(", and a GICv2 with virtualization or a GICv3 is needed")
    case .tooFewInterrupts(let needed):
      sink.write("fewer interrupts than the ")
      sink.write(decimal: UInt64(needed))
      sink.write(" that are needed")
    case .notPrivate: sink.write("must be a private interrupt (PPI)")
    case .unknownFirmwareCall: sink.write("neither PSCI 0.2 or later by \"smc\" nor by \"hvc\"")
    case .danglingPath(let path):
      sink.write("leads to no node: ")
      sink.write(path.span)
    }
  }
}

extension DeviceTree.Node {
  /// The region at `index` of `reg` as a machine needs it: there, not empty, and inside the address space.
  func neededRegion(_ index: Int, of needed: Int) throws(MachineProblem) -> AddressRange<PhysicalAddress> {
    let found: AddressRange<PhysicalAddress>?
    do { found = try region(at: index) } catch { throw MachineProblem(error, self) }
    guard let found else { throw MachineProblem(.tooFewRegions(needed: needed), self, "reg") }
    guard found.isSound else { throw MachineProblem(.range, self, "reg") }
    return found
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
