internal import Configuration
internal import DeviceTree
public import Foundation

/// A board's tree as its loader hands it over: with the memory that the file leaves open.
public enum TreeFilling {
  /// A copy of the tree with these pieces of memory in place of its own; the tree as it is where there are none.
  public static func filled(_ tree: Data, with memory: [Board.MemoryBank], of owner: String) throws(Failure) -> Data {
    guard !memory.isEmpty else { return tree }
    let copy: Copy = try AlignedBytes(tree).withDeviceTree(of: owner) { tree throws(Failure) in
      do {
        let room = AlignedBytes(count: tree.byteCount + 4096 + 64 * memory.count)
        return Copy(
          bytes: try unsafe room.fill { buffer in
            var writer = try unsafe DeviceTreeWriter(unsafeBuffer: buffer)
            for index in 0..<tree.reservationCount {
              if let range = tree.reservation(at: index) { try writer.reserve(range) }
            }
            try writer.copy(tree.root, with: memory)
            return try writer.finish()
          })
      } catch {
        throw Failure(
          "\(owner): memory cannot be written into the tree (\((error as? DeviceTreeError)?.text ?? "\(error)"))")
      }
    }
    return copy.bytes
  }

  private struct Copy: Detached { var bytes: Data }
}

extension DeviceTreeWriter {
  /// Writes a node and all below it. In a root, memory is what is given.
  fileprivate mutating func copy(_ node: DeviceTree.Node, with memory: [Board.MemoryBank]? = nil)
    throws(DeviceTreeError)
  {
    try begin(node.name.span)
    for (name, value) in node.properties { try property(name, bytes: value.bytes) }
    if let memory {
      try write(memory, below: node)
    }
    for child in node.children where memory == nil || child["device_type"]?.string != "memory" { try copy(child) }
    try end()
  }

  /// Writes the node of memory, in cells as the root has them.
  private mutating func write(_ memory: [Board.MemoryBank], below root: DeviceTree.Node) throws(DeviceTreeError) {
    try begin("memory", at: memory.map(\.start).min() ?? 0)
    try property("device_type", "memory")
    var cells: [UInt32] = []
    for bank in memory {
      for (number, count) in [(bank.start, root.addressCellCount), (bank.size, root.sizeCellCount)] {
        guard count == 1 || count == 2, count == 2 || number <= UInt32.max else { throw DeviceTreeError(.malformed) }
        if count == 2 { cells.append(UInt32(truncatingIfNeeded: number >> 32)) }
        cells.append(UInt32(truncatingIfNeeded: number))
      }
    }
    try property("reg", cells: cells.span)
    try end()
  }
}
