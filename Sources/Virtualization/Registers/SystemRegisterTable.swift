/// What answers each system register whose use by a guest traps to EL2, one row for each; the rest of each line is its name,
/// what traps it, and where DDI 0487 (the GIC's: IHI 0069) describes it.
///
/// The identification registers, which HCR_EL2.TID3 traps, have a table of their own: `IdentificationTable`. Whatever has no
/// row anywhere is undefined in the guest, as the architecture has it for a register of a feature that the identification
/// registers deny: performance monitors, trace, profiling, SVE, SME, pointer authentication, memory tags, RAS, activity
/// monitors, LORegions, MPAM, and all that HCRX_EL2 or the fine-grained traps keep away.
///
/// The rows are looked at in this order, which is that of how often they are used. No encoding has two of them.
enum SystemRegisterTable {
  static let rows: [32 of SystemRegisterRow] = [
    // The EL1 physical timer.
    .init(3, 3, 14, 2, 1, .physicalTimer(.control)),  // CNTP_CTL_EL0: CNTHCTL_EL2.EL1PCEN; D23.10
    .init(3, 3, 14, 2, 0, .physicalTimer(.timerValue)),  // CNTP_TVAL_EL0: EL1PCEN; D23.10
    .init(3, 3, 14, 2, 2, .physicalTimer(.compareValue)),  // CNTP_CVAL_EL0: EL1PCEN; D23.10

    // Software-generated interrupts of GICv3, write-only.
    .init(3, 0, 12, 11, 5, write: .generateSGI(.group1), needsGICv3: true),  // ICC_SGI1R_EL1: HCR_EL2.IMO; 12.2
    .init(3, 0, 12, 11, 7, write: .generateSGI(.group0), needsGICv3: true),  // ICC_SGI0R_EL1: HCR_EL2.FMO; 12.2
    .init(3, 0, 12, 11, 6, write: .generateSGI(.otherGroup1), needsGICv3: true),  // ICC_ASGI1R_EL1: IMO; 12.2

    // Deactivations by themselves, write-only: while hardware cannot tell whose they are.
    .init(3, 0, 12, 11, 1, write: .deactivateInterrupt, needsGICv3: true),  // ICC_DIR_EL1: ICH_HCR_EL2.TDIR; 12.2

    // What kernels touch on each CPU's way up, and debuggers afterwards.
    .init(2, 0, 0, 2, 2, .stored(.debugControl)),  // MDSCR_EL1: MDCR_EL2.TDA; D23.3
    .init(2, 0, 0, 0, 4, read: .breakpoint, write: .breakpoint, mask: 0xff84),  // DBG{B,W}{V,C}R<n>_EL1: TDA; D23.3
    .init(2, 0, 1, 0, 4, write: .lockAccess),  // OSLAR_EL1: MDCR_EL2.TDOSA; D23.3
    .init(2, 0, 1, 1, 4, read: .lockStatus),  // OSLSR_EL1: TDOSA; D23.3
    .init(2, 0, 1, 3, 4, .readAsZeroWriteIgnored),  // OSDLR_EL1, there is no double lock: TDOSA; D23.3
    // Nothing in it that a guest may change.
    .init(3, 0, 1, 0, 1, .readAsZeroWriteIgnored),  // ACTLR_EL1: HCR_EL2.TACR; D23.2
    // The system register interface is on for good, without bypass.
    .init(3, 0, 12, 12, 5, read: .constant(7), write: .constant(7), needsGICv3: true),  // ICC_SRE_EL1: 12.2
    // Not implementation-defined in any way that a guest could want; REVIDR tells which errata are mended.
    .init(3, 0, 0, 0, 6, read: .hardware),  // REVIDR_EL1: HCR_EL2.TID1; D23.2
    .init(3, 1, 0, 0, 7, read: .hardware),  // AIDR_EL1: TID1; D23.2

    // The rest of debug: no debugger is attached, and there are no memory-mapped components.
    .init(2, 0, 1, 0, 0, read: .constant(0)),  // MDRAR_EL1: MDCR_EL2.TDRA; D23.3
    .init(2, 0, 1, 4, 4, .readAsZeroWriteIgnored),  // DBGPRCR_EL1: TDOSA; D23.3
    .init(2, 0, 0, 0, 2, .readAsZeroWriteIgnored),  // OSDTRRX_EL1: TDA; D23.3
    .init(2, 0, 0, 2, 0, .readAsZeroWriteIgnored),  // MDCCINT_EL1: TDA; D23.3
    .init(2, 0, 0, 3, 2, .readAsZeroWriteIgnored),  // OSDTRTX_EL1: TDA; D23.3
    .init(2, 0, 0, 6, 2, .readAsZeroWriteIgnored),  // OSECCR_EL1: TDA; D23.3
    .init(2, 0, 7, 8, 6, .readAsZeroWriteIgnored),  // DBGCLAIMSET_EL1, no claim tags: TDA; D23.3
    .init(2, 0, 7, 9, 6, .readAsZeroWriteIgnored),  // DBGCLAIMCLR_EL1: TDA; D23.3
    .init(2, 0, 7, 14, 6, read: .constant(0)),  // DBGAUTHSTATUS_EL1: TDA; D23.3
    .init(2, 3, 0, 1, 0, read: .constant(0)),  // MDCCSR_EL0: TDA; D23.3
    .init(2, 3, 0, 4, 0, .readAsZeroWriteIgnored),  // DBGDTR_EL0: TDA; D23.3
    .init(2, 3, 0, 5, 0, .readAsZeroWriteIgnored),  // DBGDTRRX_EL0, DBGDTRTX_EL0: TDA; D23.3

    // IMPLEMENTATION DEFINED registers and instructions, op1 and CRm and op2 whatever. RAZ/WI, not undefined: start-up code
    // written for one core sets its bits there (CPUECTLR_EL1.SMPEN of Cortex-A53) and could not go on. There is nothing
    // behind it that a guest could miss.
    .init(3, 0, 11, 0, 0, read: .constant(0), write: .constant(0), mask: 0xc780),  // HCR_EL2.TIDCP; D24.2.161
    .init(3, 0, 15, 0, 0, read: .constant(0), write: .constant(0), mask: 0xc780),  // TIDCP; D24.2.161
    .init(1, 0, 11, 0, 0, read: .constant(0), write: .constant(0), mask: 0xc780),  // TIDCP; C5.6
    .init(1, 0, 15, 0, 0, read: .constant(0), write: .constant(0), mask: 0xc780),  // TIDCP; C5.6
  ]
}
