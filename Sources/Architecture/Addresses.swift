/// An address that a bus master on the host puts on the bus.
public struct PhysicalAddress: Hashable, Comparable, Sendable {
  /// The address in bytes.
  public var rawValue: UInt64
  /// Names a number as a physical address.
  @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// An address in a guest's physical address space: what stage 2 takes in (Arm's "intermediate physical address").
public struct GuestPhysicalAddress: Hashable, Comparable, Sendable {
  /// The address in bytes.
  public var rawValue: UInt64
  /// Names a number as a guest-physical address.
  @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// An address in a guest's virtual address space: what the guest's own stage 1 takes in.
public struct GuestVirtualAddress: Hashable, Comparable, Sendable {
  /// The address in bytes.
  public var rawValue: UInt64
  /// Names a number as a guest-virtual address.
  @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// What the kinds of address share. Arithmetic wraps, because a guest chooses many of the numbers.
public protocol Address: Hashable, Comparable, Sendable {
  /// The address in bytes.
  var rawValue: UInt64 { get set }
  /// Names a number as an address of this kind.
  init(_ rawValue: UInt64)
}

extension PhysicalAddress: Address {}
extension GuestPhysicalAddress: Address {}
extension GuestVirtualAddress: Address {}

extension Address {
  /// Orders addresses as unsigned numbers.
  @inlinable public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }

  /// The address `bytes` further on, modulo 2⁶⁴.
  @inlinable public func advanced(by bytes: UInt64) -> Self { Self(rawValue &+ bytes) }

  /// How many bytes lie from `start` to this address, modulo 2⁶⁴.
  @inlinable public func offset(from start: Self) -> UInt64 { rawValue &- start.rawValue }

  /// True where the address is a multiple of `alignment`, a power of two.
  @inlinable public func isAligned(to alignment: UInt64) -> Bool { rawValue & (alignment &- 1) == 0 }

  /// The next multiple of `alignment`, a power of two, at or after this address.
  @inlinable public func alignedUp(to alignment: UInt64) -> Self {
    Self((rawValue &+ (alignment &- 1)) & ~(alignment &- 1))
  }

  /// The last multiple of `alignment`, a power of two, at or before this address.
  @inlinable public func alignedDown(to alignment: UInt64) -> Self { Self(rawValue & ~(alignment &- 1)) }
}
