public import Architecture

/// Where the hypervisor's stage 1 maps what, beside the image where it was linked.
public enum AddressSpaceLayout {
  /// Physical memory and device registers lie at their physical address plus this.
  public static let linearBase: UInt64 = 1 << 47
  /// How many bytes of physical addresses that reaches.
  public static let linearSize: UInt64 = 1 << 47
  /// Physical addresses that it does not reach, because the image lies there: none, the image has addresses of its own.
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
