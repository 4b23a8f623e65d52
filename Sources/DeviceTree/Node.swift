internal import CLibFDT

extension DeviceTree {
  /// A node of a tree: where it is in the blob.
  public struct Node: Equatable, Sendable {
    /// The tree that the node belongs to.
    public let tree: DeviceTree
    let offset: Int32

    /// The node's name with its unit address ("cpu@0"); empty for the root.
    public var name: Text {
      var length: Int32 = 0
      guard let start = unsafe fdt_get_name(tree.base, offset, &length), length >= 0 else { return "" }
      return unsafe Text(unsafeBase: UnsafeRawPointer(start).assumingMemoryBound(to: UInt8.self), count: Int(length))
    }

    /// The name without its unit address ("cpu").
    public var baseName: Text { name.before(UInt8(ascii: "@")) }

    /// What follows the @ of the name ("0"), or nil where there is none.
    public var unitAddress: Text? { name.after(UInt8(ascii: "@")) }

    /// The node that this one is a child of; nil for the root.
    public var parent: Node? { offset == 0 ? nil : tree.node(found: unsafe fdt_parent_offset(tree.base, offset)) }

    /// The children, in the order of the blob.
    public var children: Children { Children(parent: self, previous: nil) }

    /// The child of that name. Its unit address may be left out; then the first match counts.
    public func child(named name: Text) -> Node? {
      guard let length = Int32(exactly: name.count) else { return nil }
      return tree.node(
        found: unsafe name.withCharacters { unsafe fdt_subnode_offset_namelen(tree.base, offset, $0, length) })
    }

    /// The node that a path of names, separated by "/", leads to from here.
    func descendant(path: Text) -> Node? {
      var node = self
      var rest: Text? = path
      while let names = rest {
        let name = names.before(UInt8(ascii: "/"))
        if !name.isEmpty {
          guard let child = node.child(named: name) else { return nil }
          node = child
        }
        rest = names.after(UInt8(ascii: "/"))
      }
      return node
    }

    /// The property of that name.
    public subscript(name: Text) -> Property? {
      guard let count = Int32(exactly: name.count) else { return nil }
      var length: Int32 = 0
      let value = unsafe name.withCharacters { unsafe fdt_getprop_namelen(tree.base, offset, $0, count, &length) }
      guard let value = unsafe value, length >= 0 else { return nil }
      return unsafe Property(unsafeBase: value, count: Int(length))
    }

    /// The properties, in the order of the blob.
    public var properties: Properties { Properties(node: self, previous: nil) }

    /// True where the list `compatible` has `name` (all of it, case and all).
    public func isCompatible(with name: Text) -> Bool {
      guard let compatible = self["compatible"] else { return false }
      for string in compatible.strings where string == name { return true }
      return false
    }

    /// True where `status` is absent, "okay" or "ok" (Devicetree Specification v0.4 §2.3.4).
    public var isEnabled: Bool {
      guard let status = self["status"] else { return true }
      return status.string.map { $0 == "okay" || $0 == "ok" } ?? false
    }

    /// The number by which other nodes refer to this one.
    public var phandle: UInt32? { (self["phandle"] ?? self["linux,phandle"])?.u32 }
  }
}

extension DeviceTree.Node {
  /// The children of a node.
  public struct Children: Sequence, IteratorProtocol {
    let parent: DeviceTree.Node
    var previous: Int32?

    /// The next child.
    public mutating func next() -> DeviceTree.Node? {
      let base = unsafe parent.tree.base
      let offset =
        if let previous { unsafe fdt_next_subnode(base, previous) } else {
          unsafe fdt_first_subnode(base, parent.offset)
        }
      guard offset >= 0 else { return nil }
      previous = offset
      return parent.tree.node(found: offset)
    }
  }

  /// The properties of a node, each with its name.
  public struct Properties: Sequence, IteratorProtocol {
    let node: DeviceTree.Node
    var previous: Int32?

    /// The next property.
    public mutating func next() -> (name: Text, value: DeviceTree.Property)? {
      let base = unsafe node.tree.base
      let offset =
        if let previous { unsafe fdt_next_property_offset(base, previous) } else {
          unsafe fdt_first_property_offset(base, node.offset)
        }
      guard offset >= 0 else { return nil }
      previous = offset
      var name: UnsafePointer<CChar>?
      var length: Int32 = 0
      guard let value = unsafe fdt_getprop_by_offset(base, offset, &name, &length), length >= 0, let name = unsafe name
      else { return nil }
      let nameStart = unsafe UnsafeRawPointer(name).assumingMemoryBound(to: UInt8.self)
      var nameCount = 0
      while unsafe nameStart[nameCount] != 0 { nameCount += 1 }
      return unsafe (
        Text(unsafeBase: nameStart, count: nameCount), DeviceTree.Property(unsafeBase: value, count: Int(length))
      )
    }
  }
}
