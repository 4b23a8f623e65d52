public import Architecture

/// What a CPU does when it takes an exception to a mode of AArch32 (DDI 0406C, B1.9: TakeUndefInstrException,
/// TakePrefetchAbortException, TakeDataAbortException), computed for a fault that the hypervisor raises in a guest.
public struct AArch32ExceptionEntry: Equatable, Sendable {
  /// The guest's registers that decide about it.
  public struct Controls: Equatable, Sendable {
    /// SCTLR: V (13), EE (25), TE (30), of ARMv8.1 SPAN (23), of ARMv8.5 DSSBS (31).
    public var system: UInt32
    /// TTBCR: EAE (31).
    public var translation: UInt32
    /// VBAR.
    public var vectors: UInt32
    /// True where the CPU has PAN, whose bit is reserved otherwise.
    public var hasPrivilegedAccessNever: Bool

    /// The registers as given.
    public init(system: UInt32, translation: UInt32, vectors: UInt32, hasPrivilegedAccessNever: Bool = false) {
      self.system = system
      self.translation = translation
      self.vectors = vectors
      self.hasPrivilegedAccessNever = hasPrivilegedAccessNever
    }
  }

  /// CPSR at the handler's first instruction: its mode is Undefined or Abort mode.
  public let state: AArch32State
  /// SPSR of the handler's mode: CPSR as it was.
  public let savedState: AArch32State
  /// LR of the handler's mode.
  public let linkRegister: UInt32
  /// The handler's first instruction.
  public let programCounter: UInt32
  /// DFSR or IFSR, nil for an undefined instruction. The address belongs in DFAR or IFAR.
  public let faultStatus: UInt32?

  /// True where the handler's mode is Undefined mode, false where it is Abort mode.
  public var isUndefinedMode: Bool { faultStatus == nil }

  /// The entry for `fault` at the instruction at `programCounter`, which was executed in `state`.
  public init(fault: GuestFault, programCounter: UInt32, state: AArch32State, controls: Controls) {
    let isShort = fault == .undefined && state.isThumb
    let vectorOffset: UInt32 =
      switch fault {
      case .undefined: 0x04
      case .instructionAbort: 0x0c
      case .dataAbort, .alignment: 0x10
      }
    // The handler of a data abort subtracts 8 from LR to try again, of a prefetch abort 4, and that of an undefined
    // instruction as much as the instruction set's instructions have, of T32 the short ones.
    let distance: UInt32 =
      switch fault {
      case .dataAbort, .alignment: 8
      case .undefined, .instructionAbort: isShort ? 2 : 4
      }
    linkRegister = programCounter &+ distance
    savedState = state
    self.state = Self.state(from: state, fault: fault, controls: controls)
    self.programCounter = (controls.system >> 13 & 1 != 0 ? 0xffff_0000 : controls.vectors & ~0x1f) &+ vectorOffset
    faultStatus = Self.status(of: fault, usesLongDescriptors: controls.translation >> 31 != 0)
  }

  /// A synchronous external abort, not on a table walk: 0b01000 in the short-descriptor format (B3.13.3), 0b010000 with
  /// LPAE (bit 9) set in the long-descriptor format (B3.13.4); an alignment fault: 0b00001 and 0b100001. DFSR.WnR is bit 11 in
  /// both.
  private static func status(of fault: GuestFault, usesLongDescriptors: Bool) -> UInt32? {
    let cause: UInt32 = usesLongDescriptors ? 1 << 9 | 0b010000 : 0b01000
    switch fault {
    case .undefined: return nil
    case .instructionAbort: return cause
    case .dataAbort(let isWrite): return cause | (isWrite ? 1 << 11 : 0)
    case .alignment(let isWrite): return (usesLongDescriptors ? 1 << 9 | 0b100001 : 0b00001) | (isWrite ? 1 << 11 : 0)
    }
  }

  private static func state(from before: AArch32State, fault: GuestFault, controls: Controls) -> AArch32State {
    // IT becomes zero (26:25, 15:10), J (24) too, and IL (20), E (9), T (5) and the mode are new; I (7) is set.
    var state = before.rawValue & ~(0b111 << 24 | 1 << 20 | 0x3f << 10 | 1 << 9 | 1 << 5 | 0x1f)
    state |= 1 << 7
    // A (8) is set by aborts. F stays.
    if fault != .undefined { state |= 1 << 8 }
    if controls.system >> 25 & 1 != 0 { state |= 1 << 9 }
    if controls.system >> 30 & 1 != 0 { state |= 1 << 5 }
    // SSBS (23) of ARMv8.5 comes from DSSBS; before, both bits are reserved and zero.
    state = state & ~(1 << 23) | (controls.system >> 31) << 23
    if controls.hasPrivilegedAccessNever && controls.system >> 23 & 1 == 0 { state |= 1 << 22 }
    return AArch32State(
      rawValue: state | UInt32(fault == .undefined ? BankedRegister.Mode.undefined : BankedRegister.Mode.abort))
  }
}

// SPSR_EL2 and the SPSRs of AArch32 differ in two places (DDI 0487, SPSR_EL2 and SPSR_abt): DIT is bit 24 of the former and
// bit 21 of the latter, where the former has SS.

extension AArch32State {
  /// PSTATE of a guest in AArch32, as SPSR_EL2 has it.
  public init(hypervisorState state: UInt64) {
    let value = UInt32(truncatingIfNeeded: state)
    rawValue = value & ~(1 << 24 | 1 << 21) | (value >> 24 & 1) << 21
  }

  /// The same for SPSR_EL2.
  public var hypervisorState: UInt64 { UInt64(rawValue & ~(1 << 24 | 1 << 21) | (rawValue >> 21 & 1) << 24) }
}
