internal import GuestEntry
internal import GuestSupport

/// A register of coprocessor 14 or 15 by its encoding: MRC and MCR to it, or MRRC and MCRR, are made as they are needed.
struct RegisterEncoding {
  private let reading: UInt32
  private let writing: UInt32
  private let mask: UInt64

  /// A 32-bit register: `<coprocessor>, <opc1>, <Rt>, c<crn>, c<crm>, <opc2>`.
  init(_ coprocessor: UInt32, _ opc1: UInt32, _ crn: UInt32, _ crm: UInt32, _ opc2: UInt32) {
    let bits = 0xee00_0010 | opc1 << 21 | crn << 16 | coprocessor << 8 | opc2 << 5 | crm
    writing = bits
    reading = bits | 1 << 20
    mask = 0xffff_ffff
  }

  /// A 64-bit register: `<coprocessor>, <opc1>, <Rt>, <Rt2>, c<crm>`.
  init(long coprocessor: UInt32, _ opc1: UInt32, _ crm: UInt32) {
    let bits = 0xec41_0000 | coprocessor << 8 | opc1 << 4 | crm
    writing = bits
    reading = bits | 1 << 20
    mask = ~0
  }

  /// The fault of a read, or its value.
  func read() -> Answer {
    var value: UInt64 = 0
    let fault = probe { value = hostile_execute(reading, guest_untouched) }
    return Answer(fault, else: value & mask)
  }

  /// The fault of a write, or nothing.
  func write(_ value: UInt64) -> Answer {
    Answer(probe { _ = hostile_execute(writing, value) })
  }
}

/// System registers that a guest has no business with. Those of Hyp and Monitor mode are undefined at PL1 whatever a
/// hypervisor does; the identification space answers; what is implementation-defined, or belongs to a feature that the
/// identification denies, is undefined or reads as zero, and never another guest's value.
func attackRegisters(_ tally: inout Tally) {
  attackHigherLevels(&tally)
  attackIdentification(&tally)
  attackImplementationDefined(&tally)
  attackPerformanceMonitor(&tally)
  attackDebug(&tally)
  attackDebugExceptions(&tally)
  attackModes(&tally)
  sweepReads(&tally)
  sweepHigherWrites(&tally)
  attackInstructions(&tally)
}

private func attackHigherLevels(_ tally: inout Tally) {
  undefined(&tally, "read HCR", RegisterEncoding(15, 4, 1, 1, 0))
  undefined(&tally, "read HSCTLR", RegisterEncoding(15, 4, 1, 0, 0))
  undefined(&tally, "read VTTBR", RegisterEncoding(long: 15, 6, 2))
  undefined(&tally, "read VTCR", RegisterEncoding(15, 4, 2, 1, 2))
  undefined(&tally, "read HVBAR", RegisterEncoding(15, 4, 12, 0, 0))
  undefined(&tally, "read HTPIDR", RegisterEncoding(15, 4, 13, 0, 2))
  undefined(&tally, "read CNTVOFF", RegisterEncoding(long: 15, 4, 14))
  undefined(&tally, "read CNTHCTL", RegisterEncoding(15, 4, 14, 1, 0))
  undefined(&tally, "read ICH_HCR", RegisterEncoding(15, 4, 12, 11, 0))
  undefined(&tally, "read ICH_LR0", RegisterEncoding(15, 4, 12, 12, 0))
  undefined(&tally, "read SCR", RegisterEncoding(15, 0, 1, 1, 0))
  undefined(&tally, "read MVBAR", RegisterEncoding(15, 0, 12, 0, 1))
}

private func undefined(_ tally: inout Tally, _ what: StaticString, _ register: RegisterEncoding) {
  let answer = register.read()
  tally.judge(what, answer.isUndefined, answer)
}

private func attackIdentification(_ tally: inout Tally) {
  var answered: UInt64 = 0
  var refused: UInt64 = 0
  for crm in 1...2 as ClosedRange<UInt32> {
    for opc2 in 0...7 as ClosedRange<UInt32> {
      if RegisterEncoding(15, 0, 0, crm, opc2).read().isFault { refused &+= 1 } else { answered &+= 1 }
    }
  }
  tally.judge("read the identification registers", refused == 0, .sweep(answered: answered, refused: refused))
  ([(3, 7), (7, 6), (7, 7)] as [3 of (UInt32, UInt32)]).forEach { (crm, opc2) in
    let answer = RegisterEncoding(15, 0, 0, crm, opc2).read()
    tally.judge("read a reserved identification register", answer.isZero || answer.isUndefined, answer)
  }
  let midr = RegisterEncoding(15, 0, 0, 0, 0).write(0)
  tally.judge("write MIDR", midr.isUndefined, midr)
  let features = RegisterEncoding(15, 0, 0, 1, 0).write(0)
  tally.judge("write ID_PFR0", features.isUndefined, features)
}

private func attackImplementationDefined(_ tally: inout Tally) {
  for opc1 in 0...7 as ClosedRange<UInt32> {
    ([11, 15] as [2 of UInt32]).forEach { crn in
      let register = RegisterEncoding(15, opc1, crn, 9, 7)
      let read = register.read()
      tally.judge("read an implementation-defined register", read.isUndefined || read.isZero, read)
      let write = register.write(~0)
      tally.judge("write an implementation-defined register", write.isUndefined || !write.isFault, write)
    }
  }
}

private func attackPerformanceMonitor(_ tally: inout Tally) {
  let version = guest_read_id_dfr0() >> 24 & 15
  let exists = version != 0 && version != 15
  ([(12, 0), (12, 1), (13, 0), (13, 1), (14, 0)] as [5 of (UInt32, UInt32)]).forEach { (crm, opc2) in
    let answer = RegisterEncoding(15, 0, 9, crm, opc2).read()
    tally.judge("read a performance monitor", exists || answer.isUndefined || answer.isZero, answer)
  }
}

private func attackDebug(_ tally: inout Tally) {
  ([(0, 0, 0), (0, 1, 0), (0, 0, 4), (0, 0, 5), (1, 0, 0), (1, 1, 4)] as [6 of (UInt32, UInt32, UInt32)]).forEach {
    (crn, crm, opc2) in
    let answer = RegisterEncoding(14, 0, crn, crm, opc2).read()
    tally.judge("read a debug register", answer.isUndefined || !answer.isFault, answer)
  }
  // A breakpoint, never enabled.
  ([4, 5] as [2 of UInt32]).forEach { opc2 in
    let answer = RegisterEncoding(14, 0, 0, 0, opc2).write(0)
    tally.judge("write a debug register", answer.isUndefined || !answer.isFault, answer)
  }
}
