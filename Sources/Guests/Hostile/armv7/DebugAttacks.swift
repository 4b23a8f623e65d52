internal import GuestEntry
internal import GuestSupport

/// A breakpoint of the guest's own comes as DBGDIDR promises (DDI 0406C, C3): as a prefetch abort whose status is a debug
/// event, by which the call of what it is on comes back at once.
func attackDebugExceptions(_ tally: inout Tally) {
  let lock = RegisterEncoding(14, 0, 1, 0, 4)
  let control = RegisterEncoding(14, 0, 0, 2, 2)
  let breakpoint = RegisterEncoding(14, 0, 0, 0, 5)
  _ = lock.write(0)
  _ = RegisterEncoding(14, 0, 0, 0, 4).write(hostile_vectors_address())
  // BAS: all four bytes; PMC: PL1; E. Then MDBGen.
  _ = breakpoint.write(0xf << 5 | 1 << 1 | 1)
  _ = control.write(1 << 15)
  let fault = probe { hostile_fetch(hostile_vectors_address()) }
  // By the short descriptors' status and by the long ones'.
  tally.judge(
    "breakpoint", fault?.exceptionClass == 0x21 && (fault?.status == 0x02 || fault?.status == 0x22), Answer(fault))
  // The handler finds out by DBGDSCRint.MOE, bits 5:2, that it was a breakpoint.
  let status = RegisterEncoding(14, 0, 0, 1, 0).read()
  let method: UInt64 = if case .value(let value) = status { value >> 2 & 15 } else { 0 }
  tally.judge("method of debug entry", method == 1, status)
  _ = breakpoint.write(0)
  _ = control.write(0)
}
