public import Architecture

extension DeviceTree.Node {
  /// Writes the node's absolute path ("/soc/serial@9000000").
  public func writePath<Sink: ByteSink & ~Copyable>(to sink: inout Sink) {
    var depth = 0
    var node = self
    while let above = node.parent {
      depth += 1
      node = above
    }
    if depth == 0 { return sink.write("/") }
    while depth > 0 {
      depth -= 1
      sink.write("/")
      sink.write(ancestor(depth).name.span)
    }
  }

  /// The node so many levels above, where there are so many.
  private func ancestor(_ levels: Int) -> DeviceTree.Node {
    var node = self
    for _ in 0..<levels { node = node.parent ?? node }
    return node
  }
}
