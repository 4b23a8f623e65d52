/// How wide one memory access is, in bytes.
public enum AccessWidth: UInt8, Sendable {
  case byte = 1
  case halfword = 2
  case word = 4
  case doubleword = 8

  /// The number of bytes.
  @inlinable public var byteCount: UInt64 { UInt64(rawValue) }

  /// A mask of as many low bits as the access carries.
  @inlinable public var mask: UInt64 { ~0 &>> (64 &- byteCount &* 8) }
}

/// A guest's load or store that stage 2 did not let through, decoded from the syndrome (ISV = 1).
public struct MMIOAccess: Equatable, Sendable {
  /// Where the guest's access went.
  public var address: GuestPhysicalAddress
  /// How much it moves.
  public var width: AccessWidth
  /// True for a store.
  public var isWrite: Bool
  /// The general register that is stored or loaded; 31 is the zero register.
  public var register: UInt8
  /// True where a load extends the sign of what it read.
  public var isSignExtended: Bool
  /// True where the register is written in its 64-bit form, false where its upper half becomes zero.
  public var isSixtyFourBit: Bool

  /// An access with every property given.
  @inlinable public init(
    address: GuestPhysicalAddress, width: AccessWidth, isWrite: Bool, register: UInt8, isSignExtended: Bool = false,
    isSixtyFourBit: Bool = false
  ) {
    self.address = address
    self.width = width
    self.isWrite = isWrite
    self.register = register
    self.isSignExtended = isSignExtended
    self.isSixtyFourBit = isSixtyFourBit
  }

  /// What a load of `value` leaves in its register.
  @inlinable public func extended(_ value: UInt64) -> UInt64 {
    let kept = value & width.mask
    guard isSignExtended else { return kept }
    let shift = 64 &- width.byteCount &* 8
    let signed = UInt64(bitPattern: Int64(bitPattern: kept &<< shift) &>> Int64(shift))
    return isSixtyFourBit ? signed : signed & 0xffff_ffff
  }
}
