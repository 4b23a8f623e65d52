public import Architecture

/// A flattened device tree (Devicetree Specification v0.4, chapter 5) in memory that stays where it is: checked once from
/// end to end, indexed in the same go, then read in place.
///
/// Nothing that the blob says can make a read trap: what is absurd is nil or a `DeviceTreeError`.
///
/// libfdt writes trees, but does not read them: it looks for a node's parent, for a phandle and for a path by walking the
/// whole blob each time with every offset checked anew, which made up nine tenths of all instructions before the first
/// guest. Nor does its fdt_check_full() help: that of 1.6 adds a property's length without looking for overflow, so that
/// `Structure` had to come before it anyway.
@safe public struct DeviceTree: Equatable, @unchecked Sendable {
  let blob: UnsafePointer<Blob>

  /// Checks the blob at the start of `bytes`, which must stay valid and unchanged for the value's life, and makes the index
  /// of its nodes in memory of `provider`. Bytes past the blob's own size are ignored.
  public init<Provider: StorageProvider & ~Copyable>(
    unsafeBytes bytes: UnsafeRawBufferPointer, in provider: inout Provider
  ) throws(DeviceTreeError) {
    guard let start = bytes.baseAddress else { throw DeviceTreeError(.truncated) }
    let structure = unsafe Structure(unsafeBytes: bytes)
    let shape = try structure.check()
    do throws(OutOfMemory) {
      let nodes = try provider.storage(of: NodeRecord.self, count: shape.nodeCount) { _ in NodeRecord() }
      let blobs = try provider.storage(of: Blob.self, count: 1) { _ in unsafe Blob(base: start, shape, nodes) }
      structure.index(shape, into: nodes)
      unsafe blob = UnsafePointer(blobs.unsafeAddress(of: 0))
    } catch { throw DeviceTreeError(.memory) }
  }

  /// How many bytes the blob has, as its header says.
  public var byteCount: Int { unsafe blob.pointee.shape.byteCount }

  /// The root node.
  public var root: Node { Node(tree: self, number: 0) }

  /// The blob's bytes, for as long as this value is borrowed.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let span = unsafe RawSpan(_unsafeStart: base, byteCount: byteCount)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Where the value of a property of this tree lies in its bytes.
  public func offset(of property: Property) -> Int { unsafe property.base - base }

  /// True where both are views of the same blob.
  public static func == (lhs: DeviceTree, rhs: DeviceTree) -> Bool { unsafe lhs.base == rhs.base }

  /// The node of an absolute path ("/cpus/cpu@0"), or of a path that starts with an alias ("serial0"). Unit addresses may
  /// be left out; the first match counts.
  @inline(never)
  public func node(path: Text) -> Node? {
    guard path.first != UInt8(ascii: "/") else { return root.descendant(path: path) }
    let alias = path.before(UInt8(ascii: "/"))
    // An alias that names an alias is none: it could name itself.
    guard let target = node(path: "/aliases")?[alias]?.string, target.first == UInt8(ascii: "/") else { return nil }
    let aliased = root.descendant(path: target)
    guard let rest = path.after(UInt8(ascii: "/")) else { return aliased }
    return aliased?.descendant(path: rest)
  }

  /// The node that other nodes refer to by `phandle`.
  @inline(never)
  public func node(phandle: UInt32) -> Node? {
    // Neither is a phandle (Devicetree Specification v0.4 §2.3.3): records without one have 0.
    guard phandle != 0, phandle != .max else { return nil }
    let records = unsafe blob.pointee.nodes
    for number in records.indices where records[number].phandle == phandle { return Node(tree: self, number: number) }
    return nil
  }

  /// Every node of the tree, in the order of the blob, the root first.
  public var nodes: Nodes { Nodes(tree: self) }

  /// The first node in the order of the blob whose `compatible` names `name` and whose `status` does not disable it.
  @inline(never)
  public func firstNode(compatible name: Text) -> Node? {
    for node in nodes where node.isCompatible(with: name) && node.isEnabled { return node }
    return nil
  }

  /// How many entries the memory reservation block has.
  public var reservationCount: Int { unsafe blob.pointee.shape.reservationCount }

  /// The entry at `index` of the memory reservation block, or nil past its end.
  @inline(never)
  public func reservation(at index: Int) -> AddressRange<PhysicalAddress>? {
    guard index >= 0, index < reservationCount else { return nil }
    let offset = unsafe blob.pointee.shape.reservations + index * 16
    let address = unsafe base.load(fromByteOffset: offset, as: UInt64.self)
    let size = unsafe base.load(fromByteOffset: offset + 8, as: UInt64.self)
    return AddressRange(start: PhysicalAddress(UInt64(bigEndian: address)), size: UInt64(bigEndian: size))
  }

  var base: UnsafeRawPointer { unsafe blob.pointee.base }

  /// All nodes of a tree, one after the other.
  public struct Nodes: Sequence, IteratorProtocol {
    let tree: DeviceTree
    var number = 0

    init(tree: DeviceTree) { self.tree = tree }

    /// The next node in the order of the blob.
    public mutating func next() -> Node? {
      guard unsafe number < tree.blob.pointee.nodes.count else { return nil }
      defer { number += 1 }
      return Node(tree: tree, number: number)
    }
  }
}
