public import Architecture

/// Where the hypervisor's stage 1 maps what, beside the image where it was linked.
public enum AddressSpaceLayout {
  /// Physical memory and device registers lie at their physical address plus this: 32 bits hold no second copy.
  public static let linearBase: UInt64 = 0
  /// How many bytes of physical addresses that reaches.
  public static let linearSize: UInt64 = 1 << 32
  /// Physical addresses that it does not reach, because the image (boot/link/armv7.ld) and the stacks lie at those virtual
  /// ones.
  public static var imageWindow: AddressRange<PhysicalAddress> {
    AddressRange(start: PhysicalAddress(0x2000_0000), size: 4 << 20)
  }
  /// The stacks of all CPUs but the first, 64 KiB for each: room for 32 CPUs, of which an ARMv7 GICv2 knows eight.
  public static let stacksBase: UInt64 = 0x2020_0000
  /// The level of the root table that entry code made.
  public static let rootLevel = 1
  /// True where the regime of the privilege level that we run at has user programs as well: Hyp mode's has not.
  public static func knowsUserLevel(_ level: UInt) -> Bool { false }
  /// How many bits of virtual address there are.
  public static let inputBits = 32
}
