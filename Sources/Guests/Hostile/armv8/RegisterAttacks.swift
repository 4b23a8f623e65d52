internal import GuestEntry
internal import GuestSupport

/// A system register by its encoding: MRS and MSR to it are made as they are needed.
struct RegisterEncoding {
  private let bits: UInt32

  /// `S<op0>_<op1>_C<crn>_C<crm>_<op2>`.
  init(_ op0: UInt32, _ op1: UInt32, _ crn: UInt32, _ crm: UInt32, _ op2: UInt32) {
    bits = op0 << 19 | op1 << 16 | crn << 12 | crm << 8 | op2 << 5
  }

  /// The fault of an MRS, or its value.
  func read() -> Answer {
    var value: UInt64 = 0
    let fault = probe { value = hostile_execute(0xd520_0000 | bits, guest_untouched) }
    return Answer(fault, else: value)
  }

  /// The fault of an MSR, or nothing.
  func write(_ value: UInt64) -> Answer {
    Answer(probe { _ = hostile_execute(0xd500_0000 | bits, value) })
  }
}

/// System registers that a guest has no business with. Those of EL2 and EL3 are undefined at EL1 whatever a hypervisor
/// does; the identification space reads as zero where nothing is assigned; what is implementation-defined, or belongs to
/// a feature that the identification denies, is undefined or reads as zero, and never another guest's value.
func attackRegisters(_ tally: inout Tally) {
  attackHigherLevels(&tally)
  attackIdentification(&tally)
  attackImplementationDefined(&tally)
  attackPerformanceMonitor(&tally)
  attackDebug(&tally)
  attackDebugExceptions(&tally)
  sweepReads(&tally)
  sweepHigherWrites(&tally)
  attackInstructions(&tally)
}

private func attackHigherLevels(_ tally: inout Tally) {
  undefined(&tally, "read HCR_EL2", RegisterEncoding(3, 4, 1, 1, 0))
  undefined(&tally, "read SCTLR_EL2", RegisterEncoding(3, 4, 1, 0, 0))
  undefined(&tally, "read VTTBR_EL2", RegisterEncoding(3, 4, 2, 1, 0))
  undefined(&tally, "read VBAR_EL2", RegisterEncoding(3, 4, 12, 0, 0))
  undefined(&tally, "read TPIDR_EL2", RegisterEncoding(3, 4, 13, 0, 2))
  undefined(&tally, "read CNTVOFF_EL2", RegisterEncoding(3, 4, 14, 0, 3))
  undefined(&tally, "read ICH_HCR_EL2", RegisterEncoding(3, 4, 12, 11, 0))
  undefined(&tally, "read ICH_LR0_EL2", RegisterEncoding(3, 4, 12, 12, 0))
  undefined(&tally, "read SP_EL1", RegisterEncoding(3, 4, 4, 1, 0))
  undefined(&tally, "read SCTLR_EL12", RegisterEncoding(3, 5, 1, 0, 0))
  undefined(&tally, "read SCR_EL3", RegisterEncoding(3, 6, 1, 1, 0))
}

private func undefined(_ tally: inout Tally, _ what: StaticString, _ register: RegisterEncoding) {
  let answer = register.read()
  tally.judge(what, answer.isUndefined, answer)
}

private func attackIdentification(_ tally: inout Tally) {
  var answered: UInt64 = 0
  var refused: UInt64 = 0
  for crm in 1...7 as ClosedRange<UInt32> {
    for op2 in 0...7 as ClosedRange<UInt32> {
      if RegisterEncoding(3, 0, 0, crm, op2).read().isFault { refused &+= 1 } else { answered &+= 1 }
    }
  }
  tally.judge("read the whole identification space", refused == 0, .sweep(answered: answered, refused: refused))
  ([(3, 7), (7, 6), (7, 7)] as [3 of (UInt32, UInt32)]).forEach { (crm, op2) in
    let answer = RegisterEncoding(3, 0, 0, crm, op2).read()
    tally.judge("read a reserved identification register", answer.isZero, answer)
  }
  let midr = RegisterEncoding(3, 0, 0, 0, 0).write(0)
  tally.judge("write MIDR_EL1", midr.isUndefined, midr)
  let features = RegisterEncoding(3, 0, 0, 4, 0).write(0)
  tally.judge("write ID_AA64PFR0_EL1", features.isUndefined, features)
}

private func attackImplementationDefined(_ tally: inout Tally) {
  for op1 in 0...7 as ClosedRange<UInt32> {
    ([11, 15] as [2 of UInt32]).forEach { crn in
      let register = RegisterEncoding(3, op1, crn, 9, 7)
      let read = register.read()
      tally.judge("read an implementation-defined register", read.isUndefined || read.isZero, read)
      let write = register.write(~0)
      tally.judge("write an implementation-defined register", write.isUndefined || !write.isFault, write)
    }
  }
}

private func attackPerformanceMonitor(_ tally: inout Tally) {
  let version = guest_read_id_aa64dfr0() >> 8 & 15
  let exists = version != 0 && version != 15
  ([(9, 12, 0), (9, 12, 1), (9, 13, 0), (14, 8, 0), (14, 15, 7)] as [5 of (UInt32, UInt32, UInt32)]).forEach {
    (crn, crm, op2) in
    let answer = RegisterEncoding(3, 3, crn, crm, op2).read()
    tally.judge("read a performance monitor", exists || answer.isUndefined || answer.isZero, answer)
  }
}

private func attackDebug(_ tally: inout Tally) {
  ([(0, 2, 2), (0, 0, 4), (0, 0, 5), (1, 0, 0), (1, 1, 4)] as [5 of (UInt32, UInt32, UInt32)]).forEach {
    (crn, crm, op2) in
    let answer = RegisterEncoding(2, 0, crn, crm, op2).read()
    tally.judge("read a debug register", answer.isUndefined || !answer.isFault, answer)
  }
  // A breakpoint on everything, never enabled by the guest; MDSCR_EL1 with its reserved bits.
  ([(0, 4), (0, 5), (2, 2)] as [3 of (UInt32, UInt32)]).forEach { (crm, op2) in
    let answer = RegisterEncoding(2, 0, 0, crm, op2).write(crm == 2 ? 0xffff_0000_0000_0000 : 0)
    tally.judge("write a debug register", answer.isUndefined || !answer.isFault, answer)
  }
}
