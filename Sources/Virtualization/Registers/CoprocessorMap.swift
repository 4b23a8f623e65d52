public import Architecture

// AArch32's registers answer as the AArch64 registers do that the architecture maps them to (DDI 0487, G8: "AArch32 System
// register X is architecturally mapped to AArch64 System register Y"). ARMv7's are the same ones by the same encodings. So
// there is one table of behaviours, and this file says where the two sets of names differ.

extension SystemRegisterMap {
  /// How `register` answers a read, or a write where `isWrite`: the traps of HCR.{TID3, TAC, TSW, TIDCP}, HDCR.{TDA, TDRA,
  /// TDOSA, TPM, TPMCR}, HCPTR.TTA, CNTHCTL.PL1PCEN = 0 (DDI 0406C, B1.14), of HCR_EL2 and its kin for a guest in AArch32,
  /// and of GICv3.
  public func answer(to register: CoprocessorRegister, isWrite: Bool) -> SystemRegisterAnswer {
    if register.isPerformanceMonitor { return .readAsZeroWriteIgnored }
    if let mapped = register.systemRegister { return answer(to: mapped, isWrite: isWrite) }
    return switch register.coprocessor {
    case 15: answerSystemControl(register, isWrite: isWrite)
    case 14: answerDebug(register, isWrite: isWrite)
    default: .undefined
    }
  }

  /// What only AArch32 has in coprocessor 15.
  private func answerSystemControl(_ register: CoprocessorRegister, isWrite: Bool) -> SystemRegisterAnswer {
    // IMPLEMENTATION DEFINED 64-bit registers: CRm 15 (Cortex-A15's CPUMERRSR and L2MERRSR).
    if register.isSixtyFourBit { return register.crm == 15 ? .readAsZeroWriteIgnored : .undefined }
    return switch (register.crn, register.crm) {
    // What HCR.TIDCP traps (DDI 0406C, B1.14.3), and all of c15 (HSTR.T15): see SystemRegisterTable. Cortex-A15's and
    // -A7's L2CTLR is there, which counts the CPUs of the host's cluster.
    case (9, 0...2), (9, 5...8), (10, 0...1), (10, 4), (10, 8), (11, 0...8), (11, 15), (15, _): .readAsZeroWriteIgnored
    // ACTLR2, the upper half of ACTLR_EL1.
    case (1, 0) where register.opc1 == 0 && register.opc2 == 3: .readAsZeroWriteIgnored
    // Reserved identification registers.
    case (0, 3...7) where register.opc1 == 0: isWrite ? .undefined : .constant(0)
    default: .undefined
    }
  }

  /// What only AArch32 has in coprocessor 14.
  private func answerDebug(_ register: CoprocessorRegister, isWrite: Bool) -> SystemRegisterAnswer {
    // DBGDSAR: no memory-mapped debug components.
    if register.isSixtyFourBit {
      return register.opc1 == 0 && register.crm == 2 && !isWrite ? .constant(0) : .undefined
    }
    return switch (register.opc1, register.crn, register.crm, register.opc2) {
    case (0, 0, 0, 0): isWrite ? .undefined : .debugIdentification
    // DBGDSCRint: the channel to a debugger is empty, and MDBGen and UDCCdis are those of DBGDSCRext.
    case (0, 0, 1, 0): isWrite ? .undefined : .stored(.debugControl)
    // DBGWFAR: a watchpoint's place is told by other registers. DBGVCR: no vector catch ever hits.
    case (0, 0, 6...7, 0): .readAsZeroWriteIgnored
    // DBGBXVR<n>: VMIDs and EL2's contexts, which a guest has not.
    case (0, 1, _, 1): .readAsZeroWriteIgnored
    // DBGDSAR, and DBGDEVID to DBGDEVID2: no sampling, no OS double lock, nothing else.
    case (0, 2, 0, 0), (0, 7, 0...2, 7): isWrite ? .undefined : .constant(0)
    // JIDR, JOSCR, JMCR of the trivial Jazelle implementation (DDI 0406C, A2.9.6).
    case (7, 0...2, 0, 0): .readAsZeroWriteIgnored
    // T32EE, trace and everything else: not there.
    default: .undefined
    }
  }
}

extension CoprocessorRegister {
  /// The AArch64 register that this register is mapped to, nil where there is none that a trap could concern.
  public var systemRegister: SystemRegister? {
    switch (coprocessor, isSixtyFourBit) {
    case (15, false): systemControl
    case (15, true): wideSystemControl
    case (14, false): debug
    // DBGDRAR of 64 bits.
    case (14, true): opc1 == 0 && crm == 1 ? SystemRegister(2, 0, 1, 0, 0) : nil
    case (10, false): identification
    default: nil
    }
  }

  /// True for the registers of the performance monitors. They are RAZ/WI, with PMCR.N = 0 no counters but one that stands still:
  /// ID_DFR0.PerfMon shows them where it does not trap, on an emulated ARMv7, and whoever believes it goes on.
  var isPerformanceMonitor: Bool {
    guard coprocessor == 15, opc1 == 0 else { return false }
    if isSixtyFourBit { return crm == 9 }
    return crn == 9 && 12...14 ~= crm || crn == 14 && crm >= 8
  }

  /// The register of the same fields, with `op0`, and with `op1` where the two differ in that.
  private func same(_ op0: UInt16, op1: UInt16? = nil) -> SystemRegister {
    let fields = UInt16(truncatingIfNeeded: encoding & 0x3fff)
    let register = SystemRegister(encoding: op0 << 14 | fields)
    guard let op1 else { return register }
    return SystemRegister(op0, op1, register.crn, register.crm, register.op2)
  }

  private var systemControl: SystemRegister? {
    switch (opc1, crn, crm, opc2) {
    // The physical timer and the performance monitors have EL0's op1 = 3.
    case (0, 14, 2, 0...1): same(3, op1: 3)  // CNTP_TVAL, CNTP_CTL
    case (0, 9, 14, 1...2): same(3)  // PMINTENSET, PMINTENCLR, which are EL1's
    case (0, 9, 12...14, _), (0, 14, 8...15, _): same(3, op1: 3)
    // DCISW, DCCSW, DCCISW are instructions.
    case (0, 7, 6, 2), (0, 7, 10, 2), (0, 7, 14, 2): same(1)
    // ID registers, among them ID_PFR2, ID_DFR1 and ID_MMFR5 (elsewhere in CRm 3 to 7 AArch64 has registers of its own);
    // ACTLR; ICC_SRE; ICC_DIR.
    case (0, 0, 1...2, _), (0, 0, 3, 4...6), (0, 1, 0, 1), (0, 12, 12, 5), (0, 12, 11, 1): same(3)
    default: nil
    }
  }

  private var wideSystemControl: SystemRegister? {
    switch (opc1, crm) {
    case (2, 14): SystemRegister(3, 3, 14, 2, 2)  // CNTP_CVAL
    case (0, 9): SystemRegister(3, 3, 9, 13, 0)  // PMCCNTR
    case (0, 12): SystemRegister(3, 0, 12, 11, 5)  // ICC_SGI1R
    case (1, 12): SystemRegister(3, 0, 12, 11, 6)  // ICC_ASGI1R
    case (2, 12): SystemRegister(3, 0, 12, 11, 7)  // ICC_SGI0R
    default: nil
    }
  }

  private var debug: SystemRegister? {
    switch (opc1, crn, crm, opc2) {
    case (0, 0, 0, 0), (0, 0, 1, 0), (0, 0, 6...7, 0), (0, 1, 0...15, 1), (0, 2, 0, 0): nil
    // DBGDTRRXint and DBGDTRTXint are EL0's.
    case (0, 0, 5, 0): same(2, op1: 3)
    case (0, _, _, _): same(2)
    default: nil
    }
  }

  /// VMRS of MVFR0 (reg = 7), MVFR1 (6) and MVFR2 (5), where CRn has `reg`. FPSID has no AArch64 register.
  private var identification: SystemRegister? {
    switch crn {
    case 7: SystemRegister(3, 0, 0, 3, 0)
    case 6: SystemRegister(3, 0, 0, 3, 1)
    case 5: SystemRegister(3, 0, 0, 3, 2)
    default: nil
    }
  }
}
