public import Architecture
internal import CLibFDT

/// A flattened device tree (Devicetree Specification v0.4, chapter 5) in memory that stays where it is: checked once from
/// end to end, then read in place through libfdt.
///
/// Nothing that the blob says can make a read trap: what is absurd is nil or a `DeviceTreeError`.
@safe public struct DeviceTree: Equatable, @unchecked Sendable {
  let base: UnsafeRawPointer
  /// How many bytes the blob has, as its header says.
  public let byteCount: Int

  /// Checks the blob at the start of `bytes`, which must stay valid and unchanged for the value's life. Bytes past the
  /// blob's own size are ignored.
  public init(unsafeBytes bytes: UnsafeRawBufferPointer) throws(DeviceTreeError) {
    guard let start = bytes.baseAddress else { throw DeviceTreeError(.truncated) }
    // Our own walk comes first: fdt_check_full() of libfdt 1.6 adds a property's length without looking for overflow.
    byteCount = try unsafe Structure(unsafeBytes: bytes).check()
    guard unsafe fdt_check_full(start, bytes.count) == 0 else { throw DeviceTreeError(.structure) }
    unsafe base = start
  }

  /// The root node.
  public var root: Node { Node(tree: self, offset: 0) }

  /// The blob's bytes, for as long as this value is borrowed.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let span = unsafe RawSpan(_unsafeStart: base, byteCount: byteCount)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// True where both are views of the same blob.
  public static func == (lhs: DeviceTree, rhs: DeviceTree) -> Bool { unsafe lhs.base == rhs.base }

  /// The node of an absolute path ("/cpus/cpu@0"), or of a path that starts with an alias ("serial0"). Unit addresses may
  /// be left out; the first match counts.
  public func node(path: Text) -> Node? {
    guard path.first != UInt8(ascii: "/") else { return root.descendant(path: path) }
    // Aliases are resolved here because libfdt follows one that names itself for ever.
    let alias = path.before(UInt8(ascii: "/"))
    guard let target = node(path: "/aliases")?[alias]?.string, target.first == UInt8(ascii: "/") else { return nil }
    let aliased = root.descendant(path: target)
    guard let rest = path.after(UInt8(ascii: "/")) else { return aliased }
    return aliased?.descendant(path: rest)
  }

  /// The node that other nodes refer to by `phandle`.
  public func node(phandle: UInt32) -> Node? { node(found: unsafe fdt_node_offset_by_phandle(base, phandle)) }

  /// Every node of the tree, in the order of the blob, the root first.
  public var nodes: Nodes { Nodes(tree: self, previous: nil) }

  /// The first node in the order of the blob whose `compatible` names `name` and whose `status` does not disable it.
  public func firstNode(compatible name: Text) -> Node? {
    for node in nodes where node.isCompatible(with: name) && node.isEnabled { return node }
    return nil
  }

  /// How many entries the memory reservation block has.
  public var reservationCount: Int { max(0, Int(unsafe fdt_num_mem_rsv(base))) }

  /// The entry at `index` of the memory reservation block, or nil past its end.
  public func reservation(at index: Int) -> AddressRange<PhysicalAddress>? {
    guard let index = Int32(exactly: index), index >= 0, index < reservationCount else { return nil }
    var address: UInt64 = 0
    var size: UInt64 = 0
    guard unsafe fdt_get_mem_rsv(base, index, &address, &size) == 0 else { return nil }
    return AddressRange(start: PhysicalAddress(address), size: size)
  }

  /// The node at an offset that libfdt returned, or nil where that is an error.
  func node(found offset: Int32) -> Node? { offset < 0 ? nil : Node(tree: self, offset: offset) }

  /// All nodes of a tree, one after the other.
  public struct Nodes: Sequence, IteratorProtocol {
    let tree: DeviceTree
    var previous: Int32?

    /// The next node in the order of the blob.
    public mutating func next() -> Node? {
      let offset = if let previous { unsafe fdt_next_node(tree.base, previous, nil) } else { Int32(0) }
      guard offset >= 0 else { return nil }
      previous = offset
      return Node(tree: tree, offset: offset)
    }
  }
}
