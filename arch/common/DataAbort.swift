public import Architecture

/// The ISS of a data abort that a guest's load or store took to the hypervisor: HSR (DDI 0406C, B3.13.6) and ESR_EL2
/// (DDI 0487, ESR_EL2) agree on it, but for the width of SRT and for SF, which AArch64 alone has.
public struct DataAbort: Equatable, Sendable {
  /// The syndrome, of which bits 24:0 count.
  @usableFromInline let syndrome: UInt32

  /// The abort that a syndrome tells of.
  @inlinable public init(syndrome: UInt32) { self.syndrome = syndrome }

  /// DFSC, bits 5:0.
  public var faultStatus: UInt32 { syndrome & 0x3f }

  /// S1PTW: the abort came while the guest's own tables were walked.
  public var isTableWalk: Bool { syndrome >> 7 & 1 != 0 }

  /// WnR: a store.
  public var isWrite: Bool { syndrome >> 6 & 1 != 0 }

  /// True for an abort whose guest-physical address HPFAR does not give: a permission fault that was not taken on a table
  /// walk (DDI 0406C, B3.13.8; DDI 0487, HPFAR_EL2).
  public var lacksGuestPhysicalAddress: Bool { faultStatus & 0b111100 == 0b001100 && !isTableWalk }

  /// True for an asynchronous external abort or parity error, of ARMv7 only (HCR.AMO; B3.13.3): no instruction of the guest
  /// that runs need have caused it, and AArch64 has an exception of its own for it.
  public var isAsynchronous: Bool { faultStatus == 0b010001 || faultStatus == 0b011001 }

  /// True where stage 2 raised the abort: translation, access flag or permission, at any level.
  private var isStage2Fault: Bool {
    switch faultStatus & 0b111100 {
    case 0b000100, 0b001000, 0b001100: true
    default: false
    }
  }

  /// What the abort means. `register` is what SRT (bits 16 and up) says, `isSixtyFourBit` what SF says.
  @inline(__always)
  public func exit(
    at address: GuestPhysicalAddress, register: @autoclosure () -> UInt8, isSixtyFourBit: Bool
  ) -> Exit {
    if isTableWalk || !isStage2Fault { return .abort(.dataAbort(isWrite: isWrite)) }
    // CM: the address of a cache instruction, which "writes" as far as the syndrome goes.
    if syndrome >> 8 & 1 != 0 { return .cacheMaintenance }
    guard syndrome >> 24 & 1 != 0 else { return .undescribedMemory(address, isWrite: isWrite) }
    return .memory(
      MMIOAccess(
        address: address, width: width, isWrite: isWrite, register: register(),
        isSignExtended: syndrome >> 21 & 1 != 0, isSixtyFourBit: isSixtyFourBit))
  }

  /// SAS, bits 23:22.
  private var width: AccessWidth {
    switch syndrome >> 22 & 3 {
    case 0: .byte
    case 1: .halfword
    case 2: .word
    default: .doubleword
    }
  }
}
