internal import GuestEntry
internal import GuestSupport

/// Accesses to devices that a driver would not make: by unimplemented offsets, misaligned, and by instructions that the
/// syndrome of an abort does not describe (ISV = 0: pairs, write-back, SIMD, exclusives). Such an access aborts and changes
/// nothing, or it is done right, or
/// ignored as a whole (RAZ/WI, as a GIC answers a width that a register does not have); never half done or done wrong.
func attackDevices(_ tally: inout Tally) {
  sweepDevices(&tally)
  attackMisaligned(&tally)
  attackSigned(&tally)
  attackUndescribedLoads(&tally)
  attackUndescribedStores(&tally)
}

private let typeRegister = VirtMachine.distributor &+ InterruptController.Register.type
/// The priorities of the first eight SPIs, none of them enabled here.
private let priorities = VirtMachine.distributor &+ InterruptController.Register.priority &+ 32

private func attackMisaligned(_ tally: inout Tally) {
  let bytes = guest_load32(typeRegister) | guest_load32(typeRegister &+ 4) << 32
  for offset in 1...3 as ClosedRange<UInt64> {
    let inBytes = bytes >> (offset &* 8) & 0xffff_ffff
    var value: UInt64 = 0
    let load = probe { value = guest_load32(typeRegister &+ offset) }
    tally.judge(
      "misaligned load", at: typeRegister &+ offset, isAlignmentAnswer(load, value, inBytes), Answer(load, else: value))
    let store = probe { guest_store32(typeRegister &+ offset, 0) }
    tally.judge("misaligned store", at: typeRegister &+ offset, isAlignmentAnswer(store, 0, 0), Answer(store))
  }
}

/// Device memory makes it an alignment fault (0x21) before anyone else is asked; an abort from further on will do, and so
/// will zero, or the very bytes, where a machine does not check.
private func isAlignmentAnswer(_ fault: Fault?, _ value: UInt64, _ inBytes: UInt64) -> Bool {
  guard let fault else { return value == 0 || value == inBytes }
  return fault.exceptionClass == 0x25 && (fault.status == 0x21 || fault.status == 0x10)
}

private func attackSigned(_ tally: inout Tally) {
  guest_store32(priorities, 0xa0a0_a0a0)
  judge(&tally, "signed byte load, 32 bits", 0xffff_ffa0) { hostile_load_signed_byte(priorities) }
  judge(&tally, "signed byte load, 64 bits", 0xffff_ffff_ffff_ffa0) { hostile_load_signed_byte_long(priorities) }
  judge(&tally, "signed word load, 64 bits", 0xffff_ffff_a0a0_a0a0) { hostile_load_signed_word_long(priorities) }
  judge(&tally, "byte load", 0xa0) { guest_load8(priorities &+ 1) }
  let nowhere = probe { hostile_load_nowhere(typeRegister) }
  tally.judge("load into a special register", nowhere == nil, Answer(nowhere))
  let zero = probe { hostile_store_zero_register(priorities) }
  let value = guest_load32(priorities)
  tally.judge("store of zero", zero == nil && value == 0, Answer(zero, else: value))
}

private func judge(_ tally: inout Tally, _ what: StaticString, _ expected: UInt64, _ load: () -> UInt64) {
  var value: UInt64 = 0
  let fault = probe { value = load() }
  tally.judge(what, fault == nil && value == expected, Answer(fault, else: value))
}

private func attackUndescribedLoads(_ tally: inout Tally) {
  let type = guest_load32(typeRegister)
  let following = guest_load32(typeRegister &+ 4)

  var pair = hostile_pair()
  var fault = probe { pair = hostile_load_pair(typeRegister) }
  judgeLoad(
    &tally, "pair load of a device", fault,
    isDone: pair.first == type && pair.second == following || pair.first == 0 && pair.second == 0, pair.first)

  fault = probe { pair = hostile_load_after(typeRegister) }
  // Skipped by the handler, it leaves the address as it was; done, it has moved on.
  let isMoved = pair.second == typeRegister &+ 4
  let isKept = pair.second == typeRegister
  tally.judge(
    "post-indexed load of a device",
    fault.map { $0.isExternalDataAbort && isKept } ?? (pair.first == type && isMoved), Answer(fault, else: pair.first))

  var value: UInt64 = 0
  let low = guest_load32(VirtMachine.distributor) | type << 32
  fault = probe { value = hostile_load_vector(VirtMachine.distributor, guest_untouched) }
  judgeLoad(&tally, "SIMD load of a device", fault, isDone: value == low || value == 0, value)

  fault = probe { value = hostile_load_exclusive(typeRegister) }
  // Device memory may refuse exclusives with a status of its own (0x35).
  let isUnsupported = fault?.exceptionClass == 0x25 && fault?.status == 0x35
  tally.judge(
    "exclusive load of a device", isUnsupported || fault?.isExternalDataAbort ?? (value == type),
    Answer(fault, else: value))
}

private func judgeLoad(_ tally: inout Tally, _ what: StaticString, _ fault: Fault?, isDone: Bool, _ value: UInt64) {
  tally.judge(what, fault?.isExternalDataAbort ?? isDone, Answer(fault, else: value))
}

private func attackUndescribedStores(_ tally: inout Tally) {
  judgeStore(&tally, "pair store to a device", 0x5050_5050_b0b0_b0b0) {
    hostile_store_pair(priorities, 0xb0b0_b0b0, 0x5050_5050)
  }
  judgeStore(&tally, "SIMD store to a device", 0) { hostile_store_vector(priorities) }
  judgeStore(&tally, "pre-indexed store to a device", 0xa0a0_a0a0_5050_5050) {
    _ = hostile_store_before(priorities &- 4, 0x5050_5050)
  }
}

/// After the store two words hold `expected`, or it aborted or was ignored and they hold what they did.
private func judgeStore(_ tally: inout Tally, _ what: StaticString, _ expected: UInt64, _ store: () -> Void) {
  guest_store32(priorities, 0xa0a0_a0a0)
  guest_store32(priorities &+ 4, 0xa0a0_a0a0)
  let fault = probe(store)
  let value = guest_load32(priorities) | guest_load32(priorities &+ 4) << 32
  let isUnchanged = value == 0xa0a0_a0a0_a0a0_a0a0
  let isRight = fault.map { $0.isExternalDataAbort && isUnchanged } ?? (value == expected || isUnchanged)
  tally.judge(what, isRight, Answer(fault, else: value))
}
