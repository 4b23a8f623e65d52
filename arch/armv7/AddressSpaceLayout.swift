public import Architecture

/// Where the hypervisor's stage 1 maps what, beside the image where it was linked.
///
/// Nothing of it is below 32 MiB. FCSEIDR, which any guest writes, moves the addresses there (DDI 0406C, D11): on CPUs with the
/// Multiprocessing Extensions, as all are that have Hyp mode, it is zero for good, but emulated ones keep it and move those of
/// Hyp mode too. It stays the guest's own, for to trap it (HSTR.T13) would trap TPIDRPRW, which Linux reads all the time.
public enum AddressSpaceLayout {
  /// Where addresses begin that nobody can move.
  private static var fixedStart: UInt64 { 32 << 20 }
  /// Where the image lies (boot/link/armv7.ld). What this takes from the machine is a part of memory on some boards, and of none of
  /// the 314 in Debian's armmp trees with a GIC that can be virtualized a device's registers.
  private static var imageStart: UInt64 { 0x1800_0000 }

  /// The virtual address of physical memory or a device register: the same, for 32 bits hold no second copy, but below the image
  /// so much higher that nothing begins before `fixedStart`. Entry code knows it as well.
  @inline(__always)
  public static func linear(_ physical: UInt64) -> UInt64 {
    physical < imageStart ? physical &+ fixedStart : physical
  }
  /// Physical addresses that the linear map does not reach, because the image's block, which is at `load`, is mapped there as
  /// well, for the MMU to be switched on in it.
  public static func hidden(by load: AddressRange<PhysicalAddress>) -> AddressRange<PhysicalAddress> {
    let isHiding = load.start.rawValue >= fixedStart && load.start.rawValue < imageStart
    return isHiding
      ? AddressRange(start: PhysicalAddress(load.start.rawValue &- fixedStart), size: load.size)
      : AddressRange(start: PhysicalAddress(0), size: 0)
  }
  /// How many bytes of physical addresses that reaches.
  public static let linearSize: UInt64 = 1 << 32
  /// True where the image's block stays mapped where it was loaded: it takes no addresses that anybody wants.
  public static let staysWhereLoaded = true
  /// Physical addresses that the linear map does not reach, because the image and the stacks lie at their virtual ones.
  public static var imageWindow: AddressRange<PhysicalAddress> {
    AddressRange(start: PhysicalAddress(imageStart &- fixedStart), size: (4 << 20) + fixedStart)
  }
  /// The stacks of all CPUs but the first, 64 KiB for each: room for 32 CPUs, of which an ARMv7 GICv2 knows eight.
  public static let stacksBase: UInt64 = 0x1820_0000
  /// The level of the root table that entry code made.
  public static let rootLevel = 1
  /// True where the regime of the privilege level that we run at has user programs as well: Hyp mode's has not.
  public static func knowsUserLevel(_ level: UInt) -> Bool { false }
  /// How many bits of virtual address there are.
  public static let inputBits = 32
}
