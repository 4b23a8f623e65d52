/// Values of ESR_ELx, put together from the manual's fields (DDI 0487, ESR_EL2) and from nothing of the code under test.
enum ESR {
  /// EC 31:26, IL 25, ISS 24:0.
  static func value(_ exceptionClass: UInt64, iss: UInt64 = 0, il: UInt64 = 1) -> UInt64 {
    exceptionClass << 26 | il << 25 | iss
  }

  /// ISS of a data abort: ISV 24, SAS 23:22, SSE 21, SRT 20:16, SF 15, EA 9, CM 8, S1PTW 7, WnR 6, DFSC 5:0.
  static func dataAbort(
    isv: UInt64 = 1, sas: UInt64 = 2, sse: UInt64 = 0, srt: UInt64 = 0, sf: UInt64 = 0, ea: UInt64 = 0, cm: UInt64 = 0,
    s1ptw: UInt64 = 0, wnr: UInt64 = 0, dfsc: UInt64 = 0b000111
  ) -> UInt64 {
    let description = isv << 24 | sas << 22 | sse << 21 | srt << 16 | sf << 15
    return value(0x24, iss: description | ea << 9 | cm << 8 | s1ptw << 7 | wnr << 6 | dfsc)
  }

  /// ISS of MSR, MRS and the like: Op0 21:20, Op2 19:17, Op1 16:14, CRn 13:10, Rt 9:5, CRm 4:1, Direction 0 (1: read).
  static func systemRegister(
    op0: UInt64, op1: UInt64, crn: UInt64, crm: UInt64, op2: UInt64, rt: UInt64, isRead: Bool
  ) -> UInt64 {
    let name = op0 << 20 | op2 << 17 | op1 << 14 | crn << 10 | crm << 1
    return value(0x18, iss: name | rt << 5 | (isRead ? 1 : 0))
  }
}
