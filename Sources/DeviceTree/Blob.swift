internal import Architecture

/// What is known of a checked blob: where its parts are, and the index of its nodes.
@safe struct Blob {
  let base: UnsafeRawPointer
  let shape: Structure.Shape
  let nodes: Storage<NodeRecord>

  init(base: UnsafeRawPointer, _ shape: Structure.Shape, _ nodes: Storage<NodeRecord>) {
    unsafe self.base = base
    self.shape = shape
    self.nodes = nodes
  }
}

/// A node in the index, which has the nodes in the order of the blob: the nodes below one follow it. Offsets are in bytes
/// from the blob's start.
struct NodeRecord {
  /// Where the name is.
  var name: Int32 = 0
  /// The tag after the name: the first property, where there is one.
  var content: Int32 = 0
  /// The number of the parent; -1 for the root.
  var parent: Int32 = -1
  /// The number of the first node that is not below this one.
  var next: Int32 = 0
  /// The number by which others refer to the node; 0 for none.
  var phandle: UInt32 = 0
}

extension Structure {
  /// Fills the index of a blob that `check` has passed.
  func index(_ shape: Shape, into nodes: Storage<NodeRecord>) {
    var offset = shape.structure
    var current: Int32 = -1
    var count: Int32 = 0
    while true {
      let tag = word(offset)
      offset += 4
      switch tag {
      case 1:
        let name = offset
        while unsafe bytes[offset] != 0 { offset += 1 }
        offset = (offset + 4) & ~3
        nodes[Int(count)] = NodeRecord(name: Int32(name), content: Int32(offset), parent: current)
        current = count
        count += 1
      case 2:
        nodes[Int(current)].next = count
        current = nodes[Int(current)].parent
      case 3:
        unsafe notePhandle(offset, shape, of: nodes.unsafeAddress(of: Int(current)))
        offset = (offset + 8 + word(offset) + 3) & ~3
      case 4: continue
      default: return
      }
    }
  }

  /// Takes the property at `offset` into account, where it is a phandle. The older name counts where there is no other.
  private func notePhandle(_ offset: Int, _ shape: Shape, of node: UnsafeMutablePointer<NodeRecord>) {
    guard word(offset) == 4 else { return }
    let name = unsafe bytes.baseAddress.unsafelyUnwrapped + shape.strings + word(offset + 4)
    let isOlder = unsafe Text("linux,phandle").isString(at: name)
    guard isOlder || (unsafe Text("phandle").isString(at: name)) else { return }
    if isOlder, unsafe node.pointee.phandle != 0 { return }
    unsafe node.pointee.phandle = cell(offset + 8)
  }
}
