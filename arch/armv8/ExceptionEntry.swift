public import Architecture

/// What an AArch64 CPU does when it takes a synchronous exception to EL1 (DDI 0487, D1.3.1 and the pseudocode
/// AArch64.TakeException), computed for a fault that the hypervisor raises in a guest.
public struct ExceptionEntry: Equatable, Sendable {
  /// ESR_EL1. IL is always set: for an undefined instruction, a fetch, and an access that the syndrome does not describe
  /// (ISV = 0), which is all that EL1 ever gets (DDI 0487, ESR_ELx.IL).
  public let syndrome: UInt64
  /// PSTATE at the handler's first instruction, as SPSR_EL2 shall return to it.
  public let state: UInt64
  /// From VBAR_EL1 to the handler.
  public let vectorOffset: UInt64
  /// True where FAR_EL1 says an address.
  public let setsFaultAddress: Bool

  private static let instructionLengthBit: UInt64 = 1 << 25

  /// The entry for `fault` from a guest in PSTATE `savedState` whose SCTLR_EL1 is `control`.
  public init(fault: GuestFault, savedState: UInt64, control: UInt64) {
    let mode = savedState & 0x1f
    let isFromLowerLevel = mode & 0b01100 == 0 || mode & 0x10 != 0
    syndrome = Self.syndrome(of: fault, isFromLowerLevel: isFromLowerLevel)
    setsFaultAddress = fault != .undefined
    vectorOffset =
      switch mode {
      case 0b00100: 0x000
      case 0b00101: 0x200
      default: mode & 0x10 == 0 ? 0x400 : 0x600
      }
    state = Self.state(from: savedState, control: control)
  }

  private static func syndrome(of fault: GuestFault, isFromLowerLevel: Bool) -> UInt64 {
    let externalAbort = instructionLengthBit | 0b010000
    switch fault {
    case .undefined: return instructionLengthBit
    case .dataAbort(let isWrite):
      return (isFromLowerLevel ? 0x24 : 0x25) << 26 | (isWrite ? 1 << 6 : 0) | externalAbort
    case .alignment(let isWrite):
      return (isFromLowerLevel ? 0x24 : 0x25) << 26 | (isWrite ? 1 << 6 : 0) | instructionLengthBit | 0b100001
    case .instructionAbort: return (isFromLowerLevel ? 0x20 : 0x21) << 26 | externalAbort
    }
  }

  private static func state(from saved: UInt64, control: UInt64) -> UInt64 {
    let conditionFlags: UInt64 = 0xf << 28
    let dataIndependentTiming: UInt64 = 1 << 24
    let privilegedAccessNever: UInt64 = 1 << 22
    var state = saved & (conditionFlags | dataIndependentTiming | privilegedAccessNever)
    // SCTLR_EL1.SPAN is RES1 where PAN does not exist; zero asks for PAN at each entry.
    if control >> 23 & 1 == 0 { state |= privilegedAccessNever }
    // PSTATE.SSBS comes from SCTLR_EL1.DSSBS.
    if control >> 44 & 1 != 0 { state |= 1 << 12 }
    // D, A, I and F masked, EL1 with its own stack pointer.
    return state | 0xf << 6 | 0b00101
  }
}
