/// A fixed number of elements in memory that stays where it is for good: on the target a piece of the boot arena, on the
/// host whatever a test sets aside. A value of this type is a name for that memory, not the memory itself.
///
/// Subscripts are checked on every access: an index out of range is our own bug and traps. What makes sharing between
/// CPUs sound is said at each use (which lock, or which CPU).
@safe public struct Storage<Element: ~Copyable> {
  @usableFromInline let base: UnsafeMutablePointer<Element>
  /// How many elements there are.
  public let count: Int

  /// Names `count` initialised elements at `base`, which must stay valid and initialised for the value's life.
  @inlinable public init(unsafeBase base: UnsafeMutablePointer<Element>, count: Int) {
    precondition(count >= 0)
    unsafe self.base = base
    self.count = count
  }

  /// The element at `index`, in place.
  @inlinable public subscript(index: Int) -> Element {
    @_transparent
    unsafeAddress {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      return unsafe UnsafePointer(base + index)
    }
    @_transparent
    nonmutating unsafeMutableAddress {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      return unsafe base + index
    }
  }

  /// The address of the element at `index`, for who must name it without its storage.
  @inlinable public func unsafeAddress(of index: Int) -> UnsafeMutablePointer<Element> {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
    return unsafe base + index
  }

  /// The valid indices.
  @inlinable public var indices: Range<Int> { 0..<count }

  /// The same elements, some of them: those at `indices`, which must be valid, counted from zero.
  public func part(_ indices: Range<Int>) -> Storage {
    precondition(indices.lowerBound >= 0 && indices.upperBound <= count)
    return unsafe Storage(unsafeBase: base + indices.lowerBound, count: indices.count)
  }
}

extension Storage where Element == UInt8 {
  /// Puts `elements` in place of those from `start` on, which must be there. All at once: one by one takes ten times as long.
  public func replace(from start: Int, with elements: Span<UInt8>) {
    precondition(start >= 0 && start <= count && elements.count <= count &- start)
    unsafe elements.withUnsafeBytes { source in
      guard let first = source.baseAddress else { return }
      unsafe UnsafeMutableRawPointer(base + start).copyMemory(from: first, byteCount: source.count)
    }
  }
}

extension Storage {

  /// The first `count` elements, which must not change while the span is used.
  @_lifetime(immortal)
  public func span(_ count: Int) -> Span<Element> {
    precondition(count >= 0 && count <= self.count)
    let span = unsafe Span(_unsafeStart: base, count: count)
    return unsafe _overrideLifetime(span, copying: ())
  }
}
