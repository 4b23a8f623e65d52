/// How stage 2 is set up on this machine: the largest guest-physical space that a single level-1 root can serve.
///
/// Every CPU with the Virtualization Extensions has the Large Physical Address Extension, and with it 40 bits of
/// guest-physical and physical address (DDI 0406C, B3.1); 39 of them need one root table of 512 entries.
public struct Stage2Parameters: Equatable, Sendable {
  /// Bits of guest-physical address.
  public let inputBits = 39
  /// VTCR (DDI 0406C, B4.1.159): T0SZ −7 with its sign in S, SL0 for a root at level 1, write-back inner-shareable walks.
  public let control: UInt64 = 0b1001 | 1 << 4 | 0b01 << 6 | 0b01 << 8 | 0b01 << 10 | 0b11 << 12 | 1 << 31

  /// The parameters for the CPU that runs this.
  public static func ofThisCPU() -> Stage2Parameters { Stage2Parameters() }
}
