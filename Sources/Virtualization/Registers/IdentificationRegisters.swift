public import Architecture

/// The AArch64 and AArch32 identification registers as a guest sees them (HCR_EL2.TID3; DDI 0487, D23.2.55 to D23.2.92):
/// what the CPU has, as far as `IdentificationTable` lets it pass.
public struct IdentificationRegisters: Equatable, Sendable {
  /// Which interrupt controller the guest has: v3 shows in ID_AA64PFR0_EL1.GIC, v2 does not.
  public var gic: GICVersion

  /// The view of a guest with that interrupt controller.
  @inlinable public init(gic: GICVersion) { self.gic = gic }

  /// True for the encodings that HCR_EL2.TID3 traps: op0 = 3, op1 = 0, CRn = 0, CRm = 1 to 7, reserved ones among them.
  @inlinable public static func contains(_ register: SystemRegister) -> Bool {
    register.encoding &- 0xc008 < 0x38
  }

  /// ID_DFR0_EL1.
  @inlinable public static var debugFeatures: SystemRegister { SystemRegister(3, 0, 0, 1, 2) }
  /// ID_AA64DFR0_EL1.
  @inlinable public static var debugResources: SystemRegister { SystemRegister(3, 0, 0, 5, 0) }

  /// DBGDIDR of AArch32 (DDI 0406C, C11.11.15; DDI 0487, G8.3.16), where the CPU has `features` in ID_DFR0 and `resources` in
  /// ID_AA64DFR0_EL1: watchpoints (31:28), breakpoints (27:24) of which so many are context-aware (23:20), of the debug
  /// architecture (19:16) that ID_DFR0 says. Bit 15 is RES1 in Armv8 and tells in v7.1 that there is DBGDEVID.
  public func debugIdentification(features: UInt64, resources: UInt64) -> UInt64 {
    let version = value(of: Self.debugFeatures, hardware: features) & 15
    guard version != 0 else { return 0 }
    let watchpoints = resources &>> 20 & 15
    let breakpoints = resources &>> 12 & 15
    let contexts = resources &>> 28 & 15
    return watchpoints << 28 | breakpoints << 24 | contexts << 20 | version << 16 | 1 << 15
  }

  /// What the guest reads from `register`, where the CPU that runs it has `hardware` there. Reserved encodings read as
  /// zero, as the manual has them; so does what is no identification register.
  public func value(of register: SystemRegister, hardware: UInt64) -> UInt64 {
    guard Self.contains(register) else { return 0 }
    let row = IdentificationTable.rows[Int(register.encoding &- 0xc008)]
    var value = row.value(hardware: hardware)
    if gic == .v3 { value |= row.controller }
    // TGran4 of ID_AA64MMFR0_EL1 is signed: 15 says that there is no such granule, 1 is the 52-bit form of it.
    if register.encoding == 0xc038 && value &>> 28 & 15 == 1 { value &= ~(15 << 28) }
    return value
  }
}
