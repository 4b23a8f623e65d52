internal import GuestEntry
internal import GuestSupport

/// Reads every encoding of MRS. Each answers with a value or is undefined, or is trapped by the guest's own disabling of a
/// feature: FP, SVE or SME; an unassigned identification register may name itself (FEAT_IDST: class 0x18).
func sweepReads(_ tally: inout Tally) {
  var answered: UInt64 = 0
  var refused: UInt64 = 0
  var other: Fault?
  forEachRegister(op0: 2...3, op1: 0...7) { register, _ in
    guard case .fault(let fault) = register.read() else {
      answered &+= 1
      return
    }
    refused &+= 1
    switch fault.exceptionClass {
    case 0x00, 0x07, 0x18, 0x19, 0x1d: break
    default: other = fault
    }
  }
  // A read may have acknowledged something.
  InterruptController.start()
  if let other {
    tally.judge("read every system register", false, .fault(other))
  } else {
    tally.judge("read every system register", answered > 0, .sweep(answered: answered, refused: refused))
  }
}

/// Writes every register of EL2 and EL3, all of them undefined at EL1 but for what is implementation-defined.
func sweepHigherWrites(_ tally: inout Tally) {
  var answered: UInt64 = 0
  var refused: UInt64 = 0
  forEachRegister(op0: 3...3, op1: 4...6) { register, crn in
    guard crn != 11, crn != 15 else { return }
    if register.write(~0).isUndefined { refused &+= 1 } else { answered &+= 1 }
  }
  tally.judge("write every register of EL2 and EL3", answered == 0, .sweep(answered: answered, refused: refused))
}

@inline(__always)
private func forEachRegister(
  op0 op0s: ClosedRange<UInt32>, op1 op1s: ClosedRange<UInt32>, _ body: (RegisterEncoding, _ crn: UInt32) -> Void
) {
  for op0 in op0s {
    for op1 in op1s {
      for low in 0..<2048 as Range<UInt32> {
        body(RegisterEncoding(op0, op1, low >> 7, low >> 3 & 15, low & 7), low >> 7)
      }
    }
  }
}

/// Instructions that are undefined at EL1, or have an exception of their own.
func attackInstructions(_ tally: inout Tally) {
  expect(&tally, "UDF", 0x0000_0000, exceptionClass: 0)
  expect(&tally, "TLBI ALLE1", 0xd50c_879f, exceptionClass: 0)
  expect(&tally, "AT S12E1R", 0xd50c_7880, exceptionClass: 0)
  expect(&tally, "BRK", 0xd420_0000, exceptionClass: 0x3c)

  // FP that the guest itself has switched off is the guest's own trap, however lazily a hypervisor switches FP.
  guest_write_cpacr(0)
  expect(&tally, "FP while CPACR_EL1 forbids it", 0x1e22_03c0, exceptionClass: 0x07)
  hostile_allow_vectors()
}

private func expect(_ tally: inout Tally, _ what: StaticString, _ instruction: UInt32, exceptionClass: UInt64) {
  let fault = probe { _ = hostile_execute(instruction, 0) }
  tally.judge(what, fault?.exceptionClass == exceptionClass, Answer(fault))
}

/// Zeroes a cache line that the guest does not have.
func attackZeroing(_ tally: inout Tally, at address: UInt64) {
  let fault = probe { hostile_dc_zva(address) }
  tally.judge("DC ZVA", at: address, fault?.isExternalDataAbort ?? false, Answer(fault))
}
