public import Architecture

/// Where the hypervisor's stage 1 maps what, beside the image where it was linked.
public enum AddressSpaceLayout {
  /// The virtual address of physical memory or a device register.
  @inline(__always)
  public static func linear(_ physical: UInt64) -> UInt64 { physical | 1 << 47 }
  /// How many bytes of physical addresses that reaches.
  public static let linearSize: UInt64 = 1 << 47
  /// Physical addresses that the linear map does not reach, because the image's block is mapped at `load`: none.
  public static func hidden(by load: AddressRange<PhysicalAddress>) -> AddressRange<PhysicalAddress> {
    AddressRange(start: PhysicalAddress(0), size: 0)
  }
  /// True where the image's block stays mapped where it was loaded.
  public static let staysWhereLoaded = false
  /// Physical addresses that the linear map does not reach, because the image lies there: none, the image has addresses of its own.
  public static var imageWindow: AddressRange<PhysicalAddress> { AddressRange(start: PhysicalAddress(0), size: 0) }
  /// The stacks of all CPUs but the first, 64 KiB for each.
  public static let stacksBase: UInt64 = 1 << 45
  /// The level of the root table that entry code made.
  public static let rootLevel = 0
  /// True where the regime of the exception level that we run at has EL0 as well: EL2's with E2H = 1. At other levels, which
  /// we leave as soon as that is said, nobody minds.
  public static func knowsUserLevel(_ level: UInt) -> Bool { level == 2 && HostExtensions.areInUse }
  /// How many bits of virtual address there are.
  public static let inputBits = 48
}
