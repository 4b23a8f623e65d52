/// A half-open range of addresses of one kind: `start` belongs to it, `end` does not.
public struct AddressRange<A: Address>: Hashable, Sendable {
  /// The first address of the range.
  public var start: A
  /// How many bytes the range has.
  public var size: UInt64

  /// The range of `size` bytes at `start`. A range that would pass the end of the address space is cut there.
  @inlinable public init(start: A, size: UInt64) {
    self.start = start
    let room = 0 &- start.rawValue
    self.size = room != 0 && size > room ? room : size
  }

  /// The range from `start` up to `end`; empty where `end` is not after `start`.
  @inlinable public init(from start: A, to end: A) {
    self.start = start
    self.size = end > start ? end.rawValue &- start.rawValue : 0
  }

  /// The first address after the range, modulo 2⁶⁴.
  @inlinable public var end: A { start.advanced(by: size) }

  /// True where the range has no address.
  @inlinable public var isEmpty: Bool { size == 0 }

  /// True where `address` lies in the range.
  @inlinable public func contains(_ address: A) -> Bool { address.offset(from: start) < size }

  /// True where all of `other` lies in the range. An empty range lies in every range that holds its start or ends there.
  @inlinable public func contains(_ other: Self) -> Bool {
    let offset = other.start.offset(from: start)
    return offset <= size && other.size <= size &- offset
  }

  /// True where the two ranges share an address.
  @inlinable public func overlaps(_ other: Self) -> Bool {
    !isEmpty && !other.isEmpty && (contains(other.start) || other.contains(start))
  }

  /// The smallest range with both ends multiples of `alignment`, a power of two, that holds this one. Both may be
  /// the end of the address space, but not all of it at once, whose size no number holds.
  @inlinable public func expanded(to alignment: UInt64) -> Self {
    let first = start.alignedDown(to: alignment)
    return Self(start: first, size: end.alignedUp(to: alignment).offset(from: first))
  }
}
