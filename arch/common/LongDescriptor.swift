public import Architecture

/// A long-format translation descriptor with 4 KiB granule, the form that ARMv7's LPAE and AArch64 share
/// (DDI 0487 D8.3, DDI 0406 B3.6).
public struct LongDescriptor: Equatable, Sendable {
  /// The descriptor as the hardware reads it.
  public var rawValue: UInt64

  /// Names a number as a descriptor.
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// A descriptor that maps nothing.
  public static var invalid: LongDescriptor { LongDescriptor(rawValue: 0) }

  /// A descriptor that points to the table of the next level.
  public static func table(at address: PhysicalAddress) -> LongDescriptor {
    LongDescriptor(rawValue: address.rawValue & addressMask | 0b11)
  }

  /// A descriptor that maps `address` at `level` (1: 1 GiB, 2: 2 MiB, 3: 4 KiB).
  public static func leaf(to address: PhysicalAddress, level: Int, attributes: LeafAttributes) -> LongDescriptor {
    LongDescriptor(rawValue: address.rawValue & addressMask | attributes.rawValue | (level == 3 ? 0b11 : 0b01))
  }

  /// True where the hardware would use the descriptor.
  public var isValid: Bool { rawValue & 1 != 0 }

  /// True for a pointer to a table, given the level that the descriptor stands in.
  public func isTable(level: Int) -> Bool { level < 3 && rawValue & 0b11 == 0b11 }

  /// The output address, of a table or of what is mapped.
  public var address: PhysicalAddress { PhysicalAddress(rawValue & Self.addressMask) }

  /// The attributes of a leaf.
  public var attributes: LeafAttributes { LeafAttributes(rawValue: rawValue & ~Self.addressMask & ~0b11) }

  /// Output address bits 47 to 12.
  static let addressMask: UInt64 = 0x0000_ffff_ffff_f000
}

/// What a leaf descriptor says beside the address: memory type, permissions, shareability.
public struct LeafAttributes: Equatable, Sendable {
  /// The bits at their places in a descriptor.
  public var rawValue: UInt64

  init(rawValue: UInt64) { self.rawValue = rawValue }

  private static let accessFlag: UInt64 = 1 << 10
  private static let innerShareable: UInt64 = 3 << 8
  private static let executeNever: UInt64 = 1 << 54

  /// Stage 1 of the hypervisor: AP[1] is RES1, MAIR index 1 is normal write-back memory, index 0 device nGnRE.
  private static let hypervisorNormal: UInt64 = 1 << 6 | 1 << 2 | accessFlag | innerShareable

  /// The hypervisor's data: read and write, never executed.
  public static var hypervisorData: LeafAttributes { LeafAttributes(rawValue: hypervisorNormal | executeNever) }
  /// The hypervisor's constants: read, never executed.
  public static var hypervisorConstants: LeafAttributes {
    LeafAttributes(rawValue: hypervisorNormal | executeNever | 1 << 7)
  }
  /// Registers of a device: read and write, never executed, device nGnRE.
  public static var hypervisorDevice: LeafAttributes {
    LeafAttributes(rawValue: 1 << 6 | accessFlag | executeNever)
  }

  /// The hypervisor's attributes in a regime that knows EL0 as well (EL2 with E2H = 1): AP[1] would let EL0 in, and
  /// PSTATE.PAN, which a guest leaves as it likes, keep the hypervisor out; XN is EL0's own there, the hypervisor's is PXN.
  public var withoutUserLevel: LeafAttributes {
    LeafAttributes(rawValue: rawValue & ~(1 << 6) | (rawValue & Self.executeNever) >> 1)
  }

  /// Stage 2, a guest's RAM: everything is allowed and the guest's stage 1 decides; write-back (MemAttr 0b1111).
  public static var guestMemory: LeafAttributes {
    LeafAttributes(rawValue: 0b1111 << 2 | 0b11 << 6 | accessFlag | innerShareable)
  }
  /// Stage 2, a guest's ROM: a store goes to the hypervisor.
  public static var guestReadOnlyMemory: LeafAttributes {
    LeafAttributes(rawValue: 0b1111 << 2 | 0b01 << 6 | accessFlag | innerShareable)
  }
  /// Stage 2, a device that the guest touches itself: device nGnRE, never executed.
  public static var guestDevice: LeafAttributes {
    LeafAttributes(rawValue: 0b0001 << 2 | 0b11 << 6 | accessFlag | executeNever)
  }
}
