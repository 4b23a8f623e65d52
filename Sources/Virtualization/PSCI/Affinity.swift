public import Architecture

/// Where vCPUs stand in the affinity hierarchy, and how PSCI arguments name them. vCPU n has Aff0 = n mod 16 and
/// Aff1 = n div 16, because the target list of a GICv3 SGI covers sixteen values of Aff0.
public enum Affinity {
  /// The affinity fields of vCPU `index` as MPIDR_EL1 has them, without the bits that are not affinity.
  @inlinable public static func fields(of index: Int) -> UInt64 { GuestMachine.affinity(vcpu: index) }

  /// What vCPU `index` reads from MPIDR_EL1, for VMPIDR_EL2: the affinity and bit 31, which is RES1. U and MT are zero.
  @inlinable public static func multiprocessorID(of index: Int) -> UInt64 { 1 << 31 | fields(of: index) }

  /// The vCPU that an affinity names, or nil where none can have it. Bits that are not affinity (31:24 and 63:40) must
  /// be zero in PSCI arguments (DEN 0022D §5.1).
  @inlinable public static func index(of fields: UInt64) -> Int? {
    guard fields & ~0xff0f == 0 else { return nil }
    return Int(truncatingIfNeeded: fields & 15 | (fields &>> 8) &<< 4)
  }

  /// The bits of an affinity that count when everything below `level` (0 to 3) is ignored.
  @inlinable static func mask(aboveLevel level: UInt32) -> UInt64 {
    switch level {
    case 0: 0xff_00ff_ffff
    case 1: 0xff_00ff_ff00
    case 2: 0xff_00ff_0000
    default: 0xff_0000_0000
    }
  }
}
