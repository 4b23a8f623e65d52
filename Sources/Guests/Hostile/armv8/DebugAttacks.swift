internal import GuestEntry
internal import GuestSupport

private var lock: RegisterEncoding { RegisterEncoding(2, 0, 1, 0, 4) }
private var control: RegisterEncoding { RegisterEncoding(2, 0, 0, 2, 2) }
/// MDE and KDE: breakpoints and watchpoints, at EL1 too.
private var enables: UInt64 { 1 << 15 | 1 << 13 }
/// MSR DAIFClr, #8 and MSR DAIFSet, #8: debug exceptions may come, or not.
private var allow: UInt32 { 0xd503_48ff }
private var forbid: UInt32 { 0xd503_48df }

/// Breakpoints, watchpoints and steps of the guest's own come as ID_AA64DFR0_EL1 promises, once its OS lock is open (DDI
/// 0487, D2). That none comes before is not asked here: QEMU's CPUs have no regard for the lock.
func attackDebugExceptions(_ tally: inout Tally) {
  _ = lock.write(0)
  let status = RegisterEncoding(2, 0, 1, 1, 4).read()
  tally.judge("read OSLSR_EL1 of an open lock", status.isOpenLock, status)
  _ = control.write(1 << 13 | 1)
  expect(&tally, "step", 0x33) { _ = hostile_execute(allow, 0) }
  breakpoint(&tally)
  watchpoint(&tally)
  _ = hostile_execute(forbid, 0)
}

private func expect(_ tally: inout Tally, _ what: StaticString, _ exceptionClass: UInt64, _ body: () -> Void) {
  let fault = probe(body)
  tally.judge(what, fault?.exceptionClass == exceptionClass, Answer(fault))
  _ = hostile_execute(forbid, 0)
}

/// On the way back from the instruction that allows it.
private func breakpoint(_ tally: inout Tally) {
  _ = RegisterEncoding(2, 0, 0, 0, 4).write(hostile_patch_address() &+ 4)
  // BAS: all four bytes; PMC: EL1; E.
  _ = RegisterEncoding(2, 0, 0, 0, 5).write(0xf << 5 | 1 << 1 | 1)
  _ = control.write(enables)
  expect(&tally, "breakpoint", 0x31) { _ = hostile_execute(allow, 0) }
  _ = RegisterEncoding(2, 0, 0, 0, 5).write(0)
}

/// The last watchpoint of the CPU, on a load of eight bytes.
private func watchpoint(_ tally: inout Tally) {
  let last = UInt32(truncatingIfNeeded: guest_read_id_aa64dfr0() >> 20 & 15)
  let place = hostile_patch_address() &+ 8
  _ = hostile_execute(allow, 0)
  _ = RegisterEncoding(2, 0, 0, last, 6).write(place)
  // BAS: all eight bytes; LSC: loads and stores; PAC: EL1; E.
  _ = RegisterEncoding(2, 0, 0, last, 7).write(0xff << 5 | 3 << 3 | 1 << 1 | 1)
  _ = control.write(enables)
  expect(&tally, "watchpoint", 0x35) { _ = hostile_execute(0xf940_0000, place) }
  _ = RegisterEncoding(2, 0, 0, last, 7).write(0)
  guard last < 15 else { return }
  let none = RegisterEncoding(2, 0, 0, last &+ 1, 7).write(0)
  tally.judge("write DBGWCR<n>_EL1 of one more watchpoint", none.isUndefined, none)
}

extension Answer {
  /// OSLM says that there is a lock, OSLK that it is open.
  fileprivate var isOpenLock: Bool { if case .value(let value) = self { value & 0b1011 == 0b1000 } else { false } }
}
