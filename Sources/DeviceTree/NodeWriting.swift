extension DeviceTreeWriter {
  /// Writes the root with what `content` writes into it.
  public mutating func root(
    _ content: (inout DeviceTreeWriter) throws(DeviceTreeError) -> Void
  ) throws(DeviceTreeError) {
    try node("", content)
  }

  /// Writes a node with what `content` writes into it.
  public mutating func node(
    _ name: Text, _ content: (inout DeviceTreeWriter) throws(DeviceTreeError) -> Void
  ) throws(DeviceTreeError) {
    try begin(name.span)
    try content(&self)
    try end()
  }

  /// Writes the node `name@address`, the address in hexadecimal, with what `content` writes into it.
  public mutating func node(
    _ name: Text, at address: UInt64, _ content: (inout DeviceTreeWriter) throws(DeviceTreeError) -> Void
  ) throws(DeviceTreeError) {
    try begin(name, at: address)
    try content(&self)
    try end()
  }
}
