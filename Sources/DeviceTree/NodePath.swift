public import Architecture
internal import CLibFDT

extension DeviceTree.Node {
  /// Writes the node's absolute path ("/soc/serial@9000000").
  public func writePath<Sink: ByteSink & ~Copyable>(to sink: inout Sink) {
    let depth = unsafe fdt_node_depth(tree.base, offset)
    guard depth > 0 else { return sink.write("/") }
    for level in 1...depth {
      sink.write("/")
      let ancestor = unsafe fdt_supernode_atdepth_offset(tree.base, offset, level, nil)
      if let node = tree.node(found: ancestor) { sink.write(node.name.span) }
    }
  }
}
