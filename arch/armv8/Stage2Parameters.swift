internal import ARMv8Assembly

/// How stage 2 is set up on this machine: the largest guest-physical space that a single level-1 root can serve and the
/// CPU's physical address size allows.
public struct Stage2Parameters: Equatable, Sendable {
  /// Bits of guest-physical address.
  public let inputBits: Int
  /// VTCR_EL2 (DDI 0487, D19.2.164): 4 KiB granule, root at level 1, write-back inner-shareable walks, VMIDs of 8 bits.
  public let control: UInt64

  /// The parameters for a CPU whose ID_AA64MMFR0_EL1.PARange is `range`.
  public init(physicalAddressRange range: UInt64) {
    let size = range & 0xf
    let physicalBits =
      switch size {
      case 0: 32
      case 1: 36
      default: 39
      }
    inputBits = physicalBits
    let walks: UInt64 = 0b01 << 8 | 0b01 << 10 | 0b11 << 12
    control = UInt64(64 - physicalBits) | 0b01 << 6 | walks | min(size, 5) << 16 | 1 << 31
  }

  /// The parameters for the CPU that runs this.
  public static func ofThisCPU() -> Stage2Parameters {
    Stage2Parameters(physicalAddressRange: read_id_aa64mmfr0_el1())
  }
}
