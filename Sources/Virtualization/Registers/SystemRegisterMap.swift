public import Architecture

/// What answers each system register whose use by a guest traps to EL2, under HCR_EL2.{TID3, TACR, TIDCP},
/// MDCR_EL2.{TDE, TDA, TDRA, TDOSA, TPM, TPMCR}, CPTR_EL2.{TTA, TZ}, CNTHCTL_EL2.EL1PCEN = 0, and the GICv3 traps.
///
/// The order of the rows is the order of how often they are used. Whatever has no row is undefined, which is what the
/// identification registers say of it.
public struct SystemRegisterMap: Equatable, Sendable {
  /// Which interrupt controller the guest has.
  public var gic: GICVersion

  /// The map of a guest with that interrupt controller.
  @inlinable public init(gic: GICVersion) { self.gic = gic }

  /// How `register` answers a read, or a write where `isWrite`.
  public func answer(to register: SystemRegister, isWrite: Bool) -> SystemRegisterAnswer {
    switch register.encoding {
    // The EL1 physical timer (D23.10; trapped by CNTHCTL_EL2.EL1PCEN).
    case Encoding.physicalTimerValue: return .physicalTimer(.timerValue)
    case Encoding.physicalTimerControl: return .physicalTimer(.control)
    case Encoding.physicalTimerCompareValue: return .physicalTimer(.compareValue)

    // Software-generated interrupts, write-only (IHI 0069 §12.2; trapped by HCR_EL2.IMO or FMO).
    case Encoding.sgi1: return sendsInterrupts(isWrite) ? .generateSGI(.group1) : .undefined
    case Encoding.otherSGI1: return sendsInterrupts(isWrite) ? .generateSGI(.otherGroup1) : .undefined
    case Encoding.sgi0: return sendsInterrupts(isWrite) ? .generateSGI(.group0) : .undefined
    // ICC_SRE_EL1 (trapped by ICC_SRE_EL2.Enable = 0): the system register interface is on for good, no bypass.
    case Encoding.systemRegisterEnable: return gic == .v3 ? .constant(7) : .undefined

    // ACTLR_EL1 (D23.2.1; trapped by TACR): nothing in it that a guest may change.
    case Encoding.auxiliaryControl: return .readAsZeroWriteIgnored

    default: break
    }
    switch register.op0 {
    case 3: return answerRest(to: register, isWrite: isWrite)
    case 2: return answerDebug(to: register, isWrite: isWrite)
    case 1: return answerInstruction(register, isWrite: isWrite)
    default: return .undefined
    }
  }

  private func sendsInterrupts(_ isWrite: Bool) -> Bool { isWrite && gic == .v3 }
}

/// The packed encodings (see `SystemRegister`) of the registers that have a row of their own.
private enum Encoding {
  static var physicalTimerValue: UInt16 { SystemRegister(3, 3, 14, 2, 0).encoding }
  static var physicalTimerControl: UInt16 { SystemRegister(3, 3, 14, 2, 1).encoding }
  static var physicalTimerCompareValue: UInt16 { SystemRegister(3, 3, 14, 2, 2).encoding }
  static var sgi1: UInt16 { SystemRegister(3, 0, 12, 11, 5).encoding }
  static var otherSGI1: UInt16 { SystemRegister(3, 0, 12, 11, 6).encoding }
  static var sgi0: UInt16 { SystemRegister(3, 0, 12, 11, 7).encoding }
  static var systemRegisterEnable: UInt16 { SystemRegister(3, 0, 12, 12, 5).encoding }
  static var auxiliaryControl: UInt16 { SystemRegister(3, 0, 1, 0, 1).encoding }
}

extension SystemRegisterMap {
  /// The registers proper (op0 = 3).
  private func answerRest(to register: SystemRegister, isWrite: Bool) -> SystemRegisterAnswer {
    // ID registers (D23.2; trapped by TID3). They are read-only, and a write is undefined wherever it ends up.
    if IdentificationRegisters.contains(register) { return isWrite ? .undefined : .identification }
    if Self.isPerformanceMonitor(register) { return .readAsZeroWriteIgnored }
    if Self.isImplementationDefined(register) { return .readAsZeroWriteIgnored }
    return .undefined
  }

  /// System instructions (op0 = 1): DC ISW, CSW and CISW (D24.4; trapped by HCR_EL2.TSW), which have only writes.
  private func answerInstruction(_ register: SystemRegister, isWrite: Bool) -> SystemRegisterAnswer {
    if Self.isImplementationDefined(register) { return .readAsZeroWriteIgnored }
    switch (register.op1, register.crn, register.crm, register.op2) {
    case (0, 7, 6, 2), (0, 7, 10, 2), (0, 7, 14, 2): return isWrite ? .cacheLine : .undefined
    default: return .undefined
    }
  }

  /// IMPLEMENTATION DEFINED space: CRn 11 and 15 of op0 = 3 and of op0 = 1 (D24.2.161; trapped by TIDCP).
  ///
  /// RAZ/WI, not undefined: start-up code written for one core sets its bits there (CPUECTLR_EL1.SMPEN of Cortex-A53)
  /// and could not go on. There is nothing behind it that a guest could miss.
  private static func isImplementationDefined(_ register: SystemRegister) -> Bool {
    register.crn == 11 || register.crn == 15
  }

  /// The performance monitors (D23.5; trapped by MDCR_EL2.TPM and TPMCR).
  ///
  /// ID_AA64DFR0_EL1.PMUVer says that there are none, and who looks there never comes here. RAZ/WI is for those who do
  /// not look: Linux before 4.13 writes PMUSERENR_EL0 on every boot, and other start-up code clears PMCR_EL0. PMCR_EL0.N
  /// reads as no counters. EL0 does not get here while the hardware's PMUSERENR_EL0 is zero.
  private static func isPerformanceMonitor(_ register: SystemRegister) -> Bool {
    switch (register.op1, register.crn, register.crm) {
    // PMCR to PMMIR and PMUSERENR at EL0's encodings; PMEVCNTR<n>, PMEVTYPER<n>, PMCCFILTR.
    case (3, 9, 12...14), (3, 14, 8...15): true
    // PMINTENSET_EL1, PMINTENCLR_EL1, PMMIR_EL1.
    case (0, 9, 14): true
    default: false
    }
  }

  /// The debug and trace registers (op0 = 2; D23.3; trapped by MDCR_EL2.TDA, TDRA, TDOSA, and CPTR_EL2.TTA).
  ///
  /// Guests clear the breakpoints and unlock the OS lock on every boot, so these must work; but no breakpoint ever hits.
  private func answerDebug(to register: SystemRegister, isWrite: Bool) -> SystemRegisterAnswer {
    switch (register.op1, register.crn, register.crm, register.op2) {
    case (0, 0, 2, 2): .stored(.debugControl)  // MDSCR_EL1

    // TDOSA. OSLSR_EL1 says: OS lock implemented and never locked, so OSLAR_EL1 has nothing to do.
    case (0, 1, 0, 4): isWrite ? .readAsZeroWriteIgnored : .undefined  // OSLAR_EL1, write-only
    case (0, 1, 1, 4): isWrite ? .undefined : .constant(0b1000)  // OSLSR_EL1, read-only
    case (0, 1, 3, 4): .readAsZeroWriteIgnored  // OSDLR_EL1: RAZ/WI without the double lock
    case (0, 1, 4, 4): .readAsZeroWriteIgnored  // DBGPRCR_EL1

    // TDRA. No memory-mapped debug components.
    case (0, 1, 0, 0): isWrite ? .undefined : .constant(0)  // MDRAR_EL1, read-only

    // TDA. DBGBVR<n>, DBGBCR<n>, DBGWVR<n>, DBGWCR<n> for the two of each that ID_AA64DFR0_EL1 shows.
    case (0, 0, 0...1, 4...7): .readAsZeroWriteIgnored
    case (0, 0, 0, 2), (0, 0, 2, 0), (0, 0, 3, 2), (0, 0, 6, 2):
      .readAsZeroWriteIgnored  // OSDTRRX_EL1, MDCCINT_EL1, OSDTRTX_EL1, OSECCR_EL1
    case (0, 7, 8...9, 6): .readAsZeroWriteIgnored  // DBGCLAIMSET_EL1, DBGCLAIMCLR_EL1: no claim tags
    case (0, 7, 14, 6): isWrite ? .undefined : .constant(0)  // DBGAUTHSTATUS_EL1, read-only
    case (3, 0, 1, 0): isWrite ? .undefined : .constant(0)  // MDCCSR_EL0, read-only
    case (3, 0, 4...5, 0): .readAsZeroWriteIgnored  // DBGDTR_EL0, DBGDTRRX_EL0, DBGDTRTX_EL0

    // Trace (op1 = 1) and everything else: not there, says ID_AA64DFR0_EL1.
    default: .undefined
    }
  }
}
