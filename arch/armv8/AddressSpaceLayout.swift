/// Where the hypervisor's stage 1 maps what, beside the image where it was linked.
public enum AddressSpaceLayout {
  /// Physical memory and device registers lie at their physical address plus this.
  public static let linearBase: UInt64 = 1 << 47
  /// What the loader left for us lies, read-only, at its physical address plus this.
  public static let constantsBase: UInt64 = 1 << 46
  /// The stacks of all CPUs but the first, 64 KiB for each.
  public static let stacksBase: UInt64 = 1 << 45
  /// The level of the root table that entry code made.
  public static let rootLevel = 0
  /// How many bits of virtual address there are.
  public static let inputBits = 48
}
