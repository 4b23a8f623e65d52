/// How a trapped system register behaves for a guest.
public enum SystemRegisterAnswer: Equatable, Sendable {
  /// Reads as `IdentificationRegisters` makes of the hardware's value.
  case identification
  /// Reads as the hardware's register does.
  case hardware
  /// Reads as this value; writes are ignored.
  case constant(UInt64)
  /// A register of the EL1 physical timer.
  case physicalTimer(TimerRegister)
  /// A write that sends a software-generated interrupt; the value written says to whom.
  case generateSGI(SGIGroup)
  /// A write that deactivates an interrupt.
  case deactivateInterrupt
  /// The vCPU has a register of its own, which keeps what is written within `StoredRegister.writableMask`.
  case stored(StoredRegister)
  /// A breakpoint's or watchpoint's register: the hardware's, which goes with its vCPU; undefined where the CPU has not so
  /// many.
  case breakpoint
  /// OSLAR_EL1: locks and unlocks the vCPU's OS lock.
  case lockAccess
  /// OSLSR_EL1: whether it is locked.
  case lockStatus
  /// DBGDIDR, which AArch64 has not: how many breakpoints of which debug architecture there are.
  case debugIdentification
  /// The guest takes an undefined instruction exception.
  case undefined

  /// RAZ/WI.
  @inlinable public static var readAsZeroWriteIgnored: SystemRegisterAnswer { .constant(0) }
}

/// Which of the three SGI registers of GICv3 was written (IHI 0069, 12.2).
public enum SGIGroup: Sendable {
  /// ICC_SGI1R_EL1: Group 1 of the guest's own security state.
  case group1
  /// ICC_ASGI1R_EL1: Group 1 of the other security state.
  case otherGroup1
  /// ICC_SGI0R_EL1: Group 0.
  case group0
}

/// The trapped registers that hold what a guest writes to them.
public enum StoredRegister: UInt8, CaseIterable, Sendable {
  /// MDSCR_EL1. It belongs in the hardware's register while the vCPU runs and its OS lock is open: debuggers single-step
  /// programs by it.
  case debugControl

  /// The bits that a guest may set; all others stay zero.
  @inlinable public var writableMask: UInt64 {
    switch self {
    // MDE, KDE, TDCC, SS. The rest belongs to external debuggers or to the debug communications channel.
    case .debugControl: 1 << 15 | 1 << 13 | 1 << 12 | 1
    }
  }

  /// Those of them that AArch32's view of the register has (DDI 0487, G8.3.22).
  @inlinable public var coprocessorMask: UInt64 {
    switch self {
    // MDBGen and UDCCdis.
    case .debugControl: 1 << 15 | 1 << 12
    }
  }
}
