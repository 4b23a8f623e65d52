public import Architecture

/// What answers each system register whose use by a guest traps to EL2, under HCR_EL2.{TID1, TID3, TID5, TACR, TIDCP, TSW,
/// TERR, TLOR}, MDCR_EL2.{TDA, TDRA, TDOSA, TPM, TPMCR, TPMS, TTRF}, CPTR_EL2.{TTA, TAM, TZ, TSM}, CNTHCTL_EL2.EL1PCEN = 0,
/// HCRX_EL2, the fine-grained traps, and the GICv3 traps: the rows of `SystemRegisterTable` and of `IdentificationTable`.
public struct SystemRegisterMap: Equatable, Sendable {
  /// Which interrupt controller the guest has.
  public var gic: GICVersion

  /// The map of a guest with that interrupt controller.
  @inlinable public init(gic: GICVersion) { self.gic = gic }

  /// How `register` answers a read, or a write where `isWrite`.
  public func answer(to register: SystemRegister, isWrite: Bool) -> SystemRegisterAnswer {
    // They are read-only, and a write is undefined wherever it ends up.
    if IdentificationRegisters.contains(register) { return isWrite ? .undefined : .identification }
    for index in SystemRegisterTable.rows.indices where SystemRegisterTable.rows[index].covers(register) {
      guard gic == .v3 || !SystemRegisterTable.rows[index].needsGICv3 else { return .undefined }
      return isWrite ? SystemRegisterTable.rows[index].write : SystemRegisterTable.rows[index].read
    }
    return .undefined
  }
}
