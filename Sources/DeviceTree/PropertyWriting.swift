extension DeviceTreeWriter {
  /// Writes a property without a value: it says something by being there.
  public mutating func property(_ name: Text) throws(DeviceTreeError) {
    try property(named: name.span, count: 0) { _ in }
  }

  /// Writes a property of one cell.
  public mutating func property(_ name: Text, _ value: UInt32) throws(DeviceTreeError) {
    try property(name, cells: [value])
  }

  /// Writes a property of two cells, the upper one first.
  public mutating func property(_ name: Text, u64 value: UInt64) throws(DeviceTreeError) {
    try property(name, numbers: [value])
  }

  /// Writes a property of cells.
  public mutating func property<let count: Int>(
    _ name: Text, cells: [count of UInt32]
  ) throws(DeviceTreeError) {
    try property(name, cells: cells.span)
  }

  /// Writes a property of cells whose number is not known before.
  @inline(never)
  public mutating func property(_ name: Text, cells: Span<UInt32>) throws(DeviceTreeError) {
    try property(named: name.span, count: cells.count * 4) { value in
      for index in cells.indices { value.store(bigEndian: cells[index], at: index) }
    }
  }

  /// Writes a property of numbers of two cells each: the `reg` or `ranges` of a node below a parent with two address and
  /// two size cells.
  public mutating func property<let count: Int>(
    _ name: Text, numbers: [count of UInt64]
  ) throws(DeviceTreeError) {
    try property(name, numbers: numbers.span)
  }

  @inline(never)
  private mutating func property(_ name: Text, numbers: Span<UInt64>) throws(DeviceTreeError) {
    try property(name, numberCount: numbers.count) { numbers[$0] }
  }

  /// Writes a property of `count` numbers of two cells each, which `number` gives by index.
  public mutating func property(
    _ name: Text, numberCount count: Int, _ number: (Int) -> UInt64
  ) throws(DeviceTreeError) {
    try property(named: name.span, count: count * 8) { value in
      for index in 0..<count {
        let number = number(index)
        value.store(bigEndian: UInt32(truncatingIfNeeded: number >> 32), at: index * 2)
        value.store(bigEndian: UInt32(truncatingIfNeeded: number), at: index * 2 + 1)
      }
    }
  }

  /// Writes a property of `count` cells, which `cell` gives by index.
  public mutating func property(
    _ name: Text, cellCount count: Int, _ cell: (Int) -> UInt32
  ) throws(DeviceTreeError) {
    try property(named: name.span, count: count * 4) { value in
      for index in 0..<count { value.store(bigEndian: cell(index), at: index) }
    }
  }

  /// Writes a string.
  public mutating func property(_ name: Text, _ value: Text) throws(DeviceTreeError) {
    try property(name, string: value.span)
  }

  /// Writes a string that is not known before. A NUL inside ends it early for its readers.
  @inline(never)
  public mutating func property(_ name: Text, string: Span<UInt8>) throws(DeviceTreeError) {
    try property(named: name.span, count: string.count + 1) { value in unsafe value.store(string.bytes, at: 0) }
  }

  /// Writes a list of strings.
  public mutating func property<let count: Int>(
    _ name: Text, strings: [count of Text]
  ) throws(DeviceTreeError) {
    try property(name, strings: strings.span)
  }

  @inline(never)
  private mutating func property(_ name: Text, strings: Span<Text>) throws(DeviceTreeError) {
    var byteCount = 0
    for index in strings.indices { byteCount += strings[index].count + 1 }
    try property(named: name.span, count: byteCount) { value in
      var offset = 0
      for index in strings.indices {
        let string = strings[index]
        unsafe value.store(string.span.bytes, at: offset)
        offset += string.count + 1
      }
    }
  }

  /// Writes bytes as they are.
  public mutating func property(_ name: Text, bytes: RawSpan) throws(DeviceTreeError) {
    try property(named: name.span, count: bytes.byteCount) { value in value.store(bytes, at: 0) }
  }
}

extension MutableRawSpan {
  /// Stores a cell as cell `index` of a property's value.
  @_lifetime(self: copy self)
  mutating func store(bigEndian cell: UInt32, at index: Int) {
    precondition(index >= 0 && index < byteCount / 4)
    unsafe storeBytes(of: cell.bigEndian, toUncheckedByteOffset: index * 4, as: UInt32.self)
  }

  /// Stores `bytes` from byte `offset` on.
  @_lifetime(self: copy self)
  mutating func store(_ bytes: RawSpan, at offset: Int) {
    precondition(offset >= 0 && bytes.byteCount <= byteCount - offset)
    unsafe bytes.withUnsafeBytes { source in
      unsafe withUnsafeMutableBytes { target in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        unsafe (to + offset).copyMemory(from: from, byteCount: source.count)
      }
    }
  }
}
