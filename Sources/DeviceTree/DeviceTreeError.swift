public import Architecture

/// What is wrong with a device tree, or with the buffer that one is written to.
public struct DeviceTreeError: Error, Equatable, Sendable {
  /// The kinds of fault.
  public enum Kind: Equatable, Sendable {
    /// The blob is not at a multiple of eight bytes.
    case misaligned
    /// The blob does not start with the magic number of a flattened device tree.
    case notADeviceTree
    /// The blob's version is older than 17, or not compatible with 17.
    case version(UInt32)
    /// The blob is shorter than its header says.
    case truncated
    /// The blob's blocks, nodes or properties contradict one another.
    case structure
    /// The property is not there.
    case missing
    /// The property's length or content is none that its binding knows.
    case malformed
    /// The address has no translation to the root: a bus on the way maps it nowhere.
    case untranslatable
    /// No interrupt controller can be found for the interrupt, or it is not described as a GIC describes its own.
    case interruptParent
    /// There is no memory for the index of the nodes.
    case memory
    /// The buffer to write to is full.
    case full
    /// Nodes and properties are written in an order that a flattened tree does not allow.
    case order
  }

  /// What is wrong.
  public var kind: Kind
  /// The node that it concerns, where there is one.
  public var node: DeviceTree.Node?
  /// The property that it concerns, where there is one.
  public var property: Text?

  /// An error about a node, a property of it, or the tree as a whole.
  public init(_ kind: Kind, node: DeviceTree.Node? = nil, property: Text? = nil) {
    self.kind = kind
    self.node = node
    self.property = property
  }

  /// Writes the error as "/path property: what is wrong".
  public func write<Sink: ByteSink & ~Copyable>(to sink: inout Sink) {
    if let node {
      node.writePath(to: &sink)
      if let property {
        sink.write(" ")
        sink.write(property.span)
      }
      sink.write(": ")
    } else {
      sink.write("device tree: ")
    }
    kind.write(to: &sink)
  }
}

extension DeviceTreeError.Kind {
  /// Writes what is wrong, without saying where.
  public func write<Sink: ByteSink & ~Copyable>(to sink: inout Sink) {
    switch self {
    case .misaligned: sink.write("not at a multiple of 8 bytes")
    case .notADeviceTree: sink.write("no flattened device tree (magic number d00dfeed)")
    case .version(let version):
      sink.write("format version ")
      sink.write(decimal: UInt64(version))
      sink.write(", where 17 is needed")
    case .truncated: sink.write("shorter than its header says")
    case .structure: sink.write("damaged: its blocks, nodes or properties contradict one another")
    case .missing: sink.write("missing")
    case .malformed: sink.write("has a length or content that its binding does not allow")
    case .untranslatable: sink.write("no bus on the way to the root maps this address")
    case .interruptParent: sink.write("no GIC can be found that this interrupt belongs to")
    case .memory: sink.write("there is no memory for the index of its nodes")
    case .full: sink.write("the buffer is full")
    case .order: sink.write("nodes and properties written out of order")
    }
  }
}
