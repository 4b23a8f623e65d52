internal import ARMv8Assembly

/// By which of their two names EL2 reaches the registers of a guest: a type, so that code that moves many of them is made
/// for each and tests nothing.
protocol GuestRegisterNames {
  /// True where EL1's own names mean EL2's registers.
  static var areRedirected: Bool { get }
}

/// `SCTLR_EL1`, `CNTV_CTL_EL0`: HCR_EL2.E2H is 0.
enum OwnNames: GuestRegisterNames {
  @inline(__always)
  static var areRedirected: Bool { false }
}

/// `SCTLR_EL12`, `CNTV_CTL_EL02`: HCR_EL2.E2H is 1.
enum RedirectedNames: GuestRegisterNames {
  @inline(__always)
  static var areRedirected: Bool { true }
}

/// Single registers of the guest in the hardware, by whichever name this CPU has for them: an easily predicted branch.
enum GuestRegister {
  /// SCTLR_EL1.
  static var systemControl: UInt64 { read_guest_sctlr(HostExtensions.areInUse) }

  /// TCR_EL1.
  static var translationControl: UInt64 { read_guest_tcr(HostExtensions.areInUse) }

  /// VBAR_EL1.
  static var vectors: UInt64 { read_guest_vbar(HostExtensions.areInUse) }

  /// ELR_EL1.
  static func setExceptionLink(_ value: UInt64) { write_guest_elr(HostExtensions.areInUse, value) }

  /// SPSR_EL1.
  static func setSavedState(_ value: UInt64) { write_guest_spsr(HostExtensions.areInUse, value) }

  /// ESR_EL1.
  static func setSyndrome(_ value: UInt64) { write_guest_esr(HostExtensions.areInUse, value) }

  /// FAR_EL1.
  static var faultAddress: UInt64 {
    get { read_guest_far(HostExtensions.areInUse) }
    set { write_guest_far(HostExtensions.areInUse, newValue) }
  }

  /// CNTV_CTL_EL0.
  @inline(__always)
  static var timerControl: UInt64 {
    get { read_guest_cntv_ctl(HostExtensions.areInUse) }
    set { write_guest_cntv_ctl(HostExtensions.areInUse, newValue) }
  }

  /// CNTV_CVAL_EL0.
  @inline(__always)
  static var timerCompareValue: UInt64 {
    get { read_guest_cntv_cval(HostExtensions.areInUse) }
    set { write_guest_cntv_cval(HostExtensions.areInUse, newValue) }
  }
}
