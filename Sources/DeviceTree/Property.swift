extension DeviceTree {
  /// The value of a property: bytes in the blob, whose meaning the binding gives.
  @safe public struct Property: @unchecked Sendable {
    let base: UnsafeRawPointer
    /// The value's length in bytes.
    public let count: Int

    init(unsafeBase base: UnsafeRawPointer, count: Int) {
      unsafe self.base = base
      self.count = count
    }

    /// True where the property has no value: it says something by being there.
    public var isEmpty: Bool { count == 0 }

    /// The bytes, for as long as this value is borrowed.
    public var bytes: RawSpan {
      @_lifetime(borrow self)
      get {
        let span = unsafe RawSpan(_unsafeStart: base, byteCount: count)
        return unsafe _overrideLifetime(span, borrowing: self)
      }
    }

    /// How many whole 32-bit cells the value has.
    public var cellCount: Int { count / 4 }

    /// The cell at `index`, or nil past the end.
    @inline(never)
    public func cell(at index: Int) -> UInt32? {
      guard index >= 0, index < cellCount else { return nil }
      return UInt32(bigEndian: unsafe base.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
    }

    /// The number in the `count` cells (0 to 2; the first is the most significant) from `index`, or nil where the value
    /// ends before or a number of 64 bits does not hold that many.
    @inline(never)
    public func number(at index: Int, cells count: Int) -> UInt64? {
      guard count >= 0, count <= 2, index >= 0, index <= cellCount, count <= cellCount - index else { return nil }
      var number: UInt64 = 0
      for offset in 0..<count { number = number << 32 | UInt64(cell(at: index + offset) ?? 0) }
      return number
    }

    /// The value as one cell, or nil where it has any other length.
    public var u32: UInt32? {
      @inline(never) get { count == 4 ? cell(at: 0) : nil }
    }

    /// The value as two cells, or nil where it has any other length.
    public var u64: UInt64? {
      @inline(never) get { count == 8 ? number(at: 0, cells: 2) : nil }
    }

    /// The value as a number of one or two cells, as /chosen has them, or nil where it has any other length.
    public var number: UInt64? {
      @inline(never) get { count == 4 || count == 8 ? number(at: 0, cells: cellCount) : nil }
    }

    /// The value as a string: the first where it is a list. Nil where no NUL ends it.
    public var string: Text? {
      @inline(never) get {
        var strings = self.strings
        return strings.next()
      }
    }

    /// The value as a list of strings. What follows the last NUL does not count.
    public var strings: Strings { Strings(property: self) }

    /// The strings of a string list.
    public struct Strings: Sequence, IteratorProtocol {
      let property: Property
      var offset = 0

      init(property: Property) { self.property = property }

      /// The next string.
      @inline(never)
      public mutating func next() -> Text? {
        let start = unsafe (property.base + offset).assumingMemoryBound(to: UInt8.self)
        for length in 0..<(property.count - offset) where unsafe start[length] == 0 {
          offset += length + 1
          return unsafe Text(unsafeBase: start, count: length)
        }
        return nil
      }
    }
  }
}
