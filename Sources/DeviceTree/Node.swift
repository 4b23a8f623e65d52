internal import Architecture

extension DeviceTree {
  /// A node of a tree: where it is in the blob.
  public struct Node: Equatable, Sendable {
    /// The tree that the node belongs to.
    public let tree: DeviceTree
    /// The node's place in the index.
    private let number: Int32

    /// The node's name with its unit address ("cpu@0"); empty for the root.
    public var name: Text { unsafe Text(unsafeTerminated: tree.base + Int(record.name)) }

    /// The name without its unit address ("cpu").
    public var baseName: Text { name.before(UInt8(ascii: "@")) }

    /// What follows the @ of the name ("0"), or nil where there is none.
    public var unitAddress: Text? { name.after(UInt8(ascii: "@")) }

    /// The node that this one is a child of; nil for the root.
    public var parent: Node? { number == 0 ? nil : Node(tree: tree, number: Int(record.parent)) }

    /// The children, in the order of the blob.
    public var children: Children { Children(parent: self) }

    /// The child of that name. Its unit address may be left out; then the first match counts.
    @inline(never)
    public func child(named name: Text) -> Node? {
      guard let first = name.first else { return nil }
      let hasAddress = name.position(of: UInt8(ascii: "@")) != nil
      for child in children {
        let start = unsafe tree.base + Int(child.record.name)
        guard unsafe start.load(as: UInt8.self) == first, unsafe name.isPrefix(ofStringAt: start) else { continue }
        let end = unsafe start.load(fromByteOffset: name.count, as: UInt8.self)
        if end == 0 || end == UInt8(ascii: "@") && !hasAddress { return child }
      }
      return nil
    }

    /// What the index says of the node.
    private var record: NodeRecord { unsafe tree.blob.pointee.nodes[Int(number)] }

    init(tree: DeviceTree, number: Int) {
      self.tree = tree
      self.number = Int32(truncatingIfNeeded: number)
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
      @inline(never) get {
        guard let first = name.first else { return nil }
        var properties = self.properties
        while let found = unsafe properties.nextRecord() {
          // Most names differ at once, and this is where most of a boot's looking up happens.
          guard unsafe found.name.load(as: UInt8.self) == first, unsafe name.isString(at: found.name) else { continue }
          return unsafe found.value
        }
        return nil
      }
    }

    /// The properties, in the order of the blob.
    public var properties: Properties { unsafe Properties(blob: tree.blob, offset: Int(record.content)) }

    /// True where the list `compatible` has `name` (all of it, case and all).
    @inline(never)
    public func isCompatible(with name: Text) -> Bool {
      guard let compatible = self["compatible"] else { return false }
      for string in compatible.strings where string == name { return true }
      return false
    }

    /// True where `status` is absent, "okay" or "ok" (Devicetree Specification v0.4 §2.3.4).
    public var isEnabled: Bool {
      @inline(never) get {
        guard let status = self["status"] else { return true }
        return status.string.map { $0 == "okay" || $0 == "ok" } ?? false
      }
    }

    /// The number by which other nodes refer to this one.
    public var phandle: UInt32? { record.phandle == 0 ? nil : record.phandle }
  }
}

extension DeviceTree.Node {
  /// The children of a node.
  public struct Children: Sequence, IteratorProtocol {
    let tree: DeviceTree
    var number: Int
    let end: Int

    init(parent: DeviceTree.Node) {
      tree = parent.tree
      number = Int(parent.number) + 1
      end = Int(parent.record.next)
    }

    /// The next child.
    public mutating func next() -> DeviceTree.Node? {
      guard number < end else { return nil }
      let child = DeviceTree.Node(tree: tree, number: number)
      number = Int(child.record.next)
      return child
    }
  }

  /// The properties of a node, each with its name.
  @safe public struct Properties: Sequence, IteratorProtocol {
    let blob: UnsafePointer<Blob>
    var offset: Int

    /// The next property.
    public mutating func next() -> (name: Text, value: DeviceTree.Property)? {
      guard let (name, value) = unsafe nextRecord() else { return nil }
      return unsafe (Text(unsafeTerminated: name), value)
    }

    /// The next property, with the place of its name. The check of the blob has seen that all of it is there.
    @inline(__always)
    mutating func nextRecord() -> (name: UnsafeRawPointer, value: DeviceTree.Property)? {
      let base = unsafe blob.pointee.base
      var tag = unsafe base.cell(at: offset)
      while tag == 4 {
        offset += 4
        tag = unsafe base.cell(at: offset)
      }
      guard tag == 3 else { return nil }
      let count = unsafe Int(truncatingIfNeeded: base.cell(at: offset + 4))
      let name = unsafe base + blob.pointee.shape.strings + Int(truncatingIfNeeded: base.cell(at: offset + 8))
      let value = unsafe DeviceTree.Property(unsafeBase: base + offset + 12, count: count)
      offset = (offset + 12 + count + 3) & ~3
      return unsafe (name, value)
    }
  }
}

extension UnsafeRawPointer {
  /// The big-endian word at a byte offset, a multiple of four, inside a blob.
  fileprivate func cell(at offset: Int) -> UInt32 {
    UInt32(bigEndian: unsafe load(fromByteOffset: offset, as: UInt32.self))
  }
}
