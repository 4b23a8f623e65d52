/// Values of HSR, put together from the manual's fields (DDI 0406C, B3.13.6) and from nothing of the code under test.
enum HSR {
  /// EC 31:26, IL 25, ISS 24:0.
  static func value(_ exceptionClass: UInt32, iss: UInt32 = 0, il: UInt32 = 1) -> UInt32 {
    exceptionClass << 26 | il << 25 | iss
  }

  /// CV 24 and COND 23:20 of a conditional instruction's ISS.
  static func condition(_ condition: UInt32) -> UInt32 { 1 << 24 | condition << 20 }
  /// CV 24 = 1 and COND = AL.
  static let always: UInt32 = 0x1e << 20

  /// ISS of a data abort: ISV 24, SAS 23:22, SSE 21, SRT 19:16, EA 9, CM 8, S1PTW 7, WnR 6, DFSC 5:0.
  static func dataAbort(
    isv: UInt32 = 1, sas: UInt32 = 2, sse: UInt32 = 0, srt: UInt32 = 0, ea: UInt32 = 0, cm: UInt32 = 0,
    s1ptw: UInt32 = 0, wnr: UInt32 = 0, dfsc: UInt32 = 0b000111
  ) -> UInt32 {
    let description = isv << 24 | sas << 22 | sse << 21 | srt << 16
    return value(0x24, iss: description | ea << 9 | cm << 8 | s1ptw << 7 | wnr << 6 | dfsc)
  }

  /// ISS of MRC and MCR: Opc2 19:17, Opc1 16:14, CRn 13:10, Rt 8:5, CRm 4:1, direction 0 (1 is MRC).
  static func transfer(
    _ exceptionClass: UInt32, opc1: UInt32, crn: UInt32, crm: UInt32, opc2: UInt32, rt: UInt32, isRead: Bool,
    condition: UInt32 = always
  ) -> UInt32 {
    let name = opc2 << 17 | opc1 << 14 | crn << 10 | crm << 1
    return value(exceptionClass, iss: condition | name | rt << 5 | (isRead ? 1 : 0))
  }

  /// ISS of MRRC and MCRR: Opc1 19:16, Rt2 13:10, Rt 8:5, CRm 4:1, direction 0 (1 is MRRC).
  static func pairTransfer(
    _ exceptionClass: UInt32, opc1: UInt32, crm: UInt32, rt: UInt32, rt2: UInt32, isRead: Bool
  ) -> UInt32 {
    value(exceptionClass, iss: always | opc1 << 16 | rt2 << 10 | rt << 5 | crm << 1 | (isRead ? 1 : 0))
  }
}
