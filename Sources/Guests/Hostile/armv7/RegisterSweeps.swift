internal import GuestEntry
internal import GuestSupport

/// Reads every encoding of MRC and MRRC for coprocessors 14 and 15. Each answers with a value or is undefined.
func sweepReads(_ tally: inout Tally) {
  var answered: UInt64 = 0
  var refused: UInt64 = 0
  var other: Fault?
  @inline(__always) func count(_ answer: Answer) {
    guard case .fault(let fault) = answer else {
      answered &+= 1
      return
    }
    refused &+= 1
    if !fault.isUndefined { other = fault }
  }
  ([14, 15] as [2 of UInt32]).forEach { coprocessor in
    for opc1 in 0...7 as ClosedRange<UInt32> {
      for low in 0..<2048 as Range<UInt32> {
        count(RegisterEncoding(coprocessor, opc1, low >> 7, low >> 3 & 15, low & 7).read())
      }
    }
    for bits in 0..<256 as Range<UInt32> { count(RegisterEncoding(long: coprocessor, bits >> 4, bits & 15).read()) }
  }
  // A read may have acknowledged something.
  InterruptController.start()
  if let other {
    tally.judge("read every system register", false, .fault(other))
  } else {
    tally.judge("read every system register", answered > 0, .sweep(answered: answered, refused: refused))
  }
}

/// Writes every register of Hyp mode, all of them undefined at PL1. Left out are c9, c10, c11 and c15, which have
/// implementation-defined registers (DDI 0406C, B3.17), and c3, where a machine may answer every encoding as one.
func sweepHigherWrites(_ tally: inout Tally) {
  var answered: UInt64 = 0
  var refused: UInt64 = 0
  ([4, 6] as [2 of UInt32]).forEach { opc1 in
    for low in 0..<2048 as Range<UInt32> {
      let crn = low >> 7
      guard crn != 3, !(9...11).contains(crn), crn != 15 else { continue }
      let register = RegisterEncoding(15, opc1, crn, low >> 3 & 15, low & 7)
      if register.write(~0).isUndefined { refused &+= 1 } else { answered &+= 1 }
    }
  }
  tally.judge("write every register of Hyp mode", answered == 0, .sweep(answered: answered, refused: refused))
}

/// Instructions that are undefined at PL1, or have an exception of their own.
func attackInstructions(_ tally: inout Tally) {
  expect(&tally, "UDF", 0xe7f0_00f0, exceptionClass: 0)
  expect(&tally, "TLBIALLH", 0xee88_0f17, exceptionClass: 0)
  expect(&tally, "ATS12NSOPR", 0xee07_0f98, exceptionClass: 0)
  // A prefetch abort, with the status of a debug event.
  expect(&tally, "BKPT", 0xe120_0070, exceptionClass: 0x21)
  // An undefined instruction whose condition (never equal, here) fails is no instruction at all, or undefined all the same.
  let skipped = probe { _ = hostile_execute(0x0e81_0f11, 0) }
  tally.judge("HCR under a condition", skipped == nil || skipped?.isUndefined == true, Answer(skipped))

  // FP that the guest itself has switched off is the guest's own trap, however lazily a hypervisor switches FP.
  let access = guest_read_cpacr()
  guest_write_cpacr(0)
  expect(&tally, "FP while CPACR forbids it", 0xee00_0a10, exceptionClass: 0)
  guest_write_cpacr(access)
}

private func expect(_ tally: inout Tally, _ what: StaticString, _ instruction: UInt32, exceptionClass: UInt64) {
  let fault = probe { _ = hostile_execute(instruction, 0) }
  tally.judge(what, fault?.exceptionClass == exceptionClass, Answer(fault))
}

/// This instruction set zeroes no cache line by one instruction; eight words by one are nearest.
func attackZeroing(_ tally: inout Tally, at address: UInt64) {
  let fault = probe { hostile_zero_words(address) }
  tally.judge("STM of eight words", at: address, fault?.isExternalDataAbort ?? false, Answer(fault))
}
