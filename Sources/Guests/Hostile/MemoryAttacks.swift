internal import GuestEntry
internal import GuestSupport

/// Loads, stores and fetches where the guest has neither memory nor a device: each is a synchronous external abort at that
/// instruction (Arm DDI 0487: EC 0x25 or 0x21, status 0x10), with its address and direction.
func attackMemory(_ tally: inout Tally, _ tree: borrowing MachineTree) {
  let end = tree.memoryEnd
  attack(&tally, at: end)
  attack(&tally, at: end &+ 0x0123_4568)
  attack(&tally, at: 0x1000_0000)
  attack(&tally, at: 0x3fff_fff8)
  attackThroughLastGigabyte(&tally, 0x41_2345_6780)
  // The end of a 40-bit space.
  attackThroughLastGigabyte(&tally, 0xff_ffff_fff8)

  attackEdge(&tally, end)
  attackFetch(&tally, at: end)
  attackFetch(&tally, at: 0x41_2345_6780)
  attackWalk(&tally, end)
}

private let gigabyte: UInt64 = 0x4000_0000

/// Lets the last GiB of addresses show the GiB of a physical address, which may be beyond what addresses reach.
private func attackThroughLastGigabyte(_ tally: inout Tally, _ physical: UInt64) {
  guest_map_gigabyte(guest_last_gigabyte, physical / gigabyte &* gigabyte, guest_device_memory)
  attack(&tally, at: guest_last_gigabyte &* gigabyte &+ physical % gigabyte)
  guest_map_gigabyte(guest_last_gigabyte, guest_last_gigabyte &* gigabyte, guest_device_memory)
}

private func attack(_ tally: inout Tally, at address: UInt64) {
  attack(&tally, "byte load", at: address, writes: false) { _ = guest_load8(address) }
  attack(&tally, "word load", at: address, writes: false) { _ = guest_load32(address) }
  attack(&tally, "doubleword load", at: address, writes: false) { _ = guest_load64(address) }
  attack(&tally, "pair load", at: address, writes: false) { _ = hostile_load_pair(address) }
  attack(&tally, "exclusive load", at: address, writes: false) { _ = hostile_load_exclusive(address) }
  attack(&tally, "byte store", at: address, writes: true) { guest_store8(address, 0xa5) }
  attack(&tally, "word store", at: address, writes: true) { guest_store32(address, 0xa5a5_a5a5) }
  attack(&tally, "pair store", at: address, writes: true) { hostile_store_pair(address, 1, 2) }
}

private func attack(
  _ tally: inout Tally, _ what: StaticString, at address: UInt64, writes: Bool, _ access: () -> Void
) {
  let fault = probe(access)
  let isRight =
    if let fault {
      fault.isExternalDataAbort && (!fault.hasAddress || fault.address == address)
        && (fault.syndrome & 0x40 != 0) == writes
    } else { false }
  tally.judge(what, at: address, isRight, Answer(fault))
}

/// A load and a store of which only the first half lies in memory: they abort in the second.
private func attackEdge(_ tally: inout Tally, _ end: UInt64) {
  // Both sides have to be normal memory, or the access is misaligned before it is anything else.
  guard end % gigabyte != 0 else { return }
  let access = (end &- 4)..<(end &+ 4)
  let load = probe { _ = guest_load64(access.lowerBound) }
  tally.judge("load across memory's end", at: access.lowerBound, isRefused(load, access), Answer(load))
  let store = probe { guest_store64(access.lowerBound, 0) }
  tally.judge("store across memory's end", at: access.lowerBound, isRefused(store, access), Answer(store))
}

private func isRefused(_ fault: Fault?, _ access: Range<UInt64>) -> Bool {
  guard let fault, fault.isExternalDataAbort else { return false }
  return !fault.hasAddress || access.contains(fault.address)
}

/// A fetch through an executable mapping of the GiB of a physical address.
private func attackFetch(_ tally: inout Tally, at physical: UInt64) {
  let number = guest_gigabyte(physical)
  let address = number &* gigabyte &+ physical % gigabyte
  guest_map_gigabyte(number, physical / gigabyte &* gigabyte, guest_executable_memory)
  let fault = probe { hostile_fetch(address) }
  if number != 1 { guest_map_gigabyte(number, number &* gigabyte, guest_device_memory) }
  let isRight =
    if let fault {
      fault.exceptionClass == 0x21 && fault.status == 0x10 && (!fault.hasAddress || fault.address == address)
    } else { false }
  tally.judge("fetch", at: address, isRight, Answer(fault))
}

/// Translation tables where no RAM is: the walk aborts, and the access says so (status 0x14 to 0x17, or plainly 0x10).
private func attackWalk(_ tally: inout Tally, _ end: UInt64) {
  hostile_use_upper_table(end)
  let outside = probe { _ = guest_load32(hostile_upper_address) }
  // A device's registers are no table either; what a real device answers to a walk may read as an invalid entry.
  hostile_use_upper_table(VirtMachine.distributor)
  let device = probe { _ = guest_load32(hostile_upper_address) }
  hostile_drop_upper_table()
  tally.judge("table walk at", at: end, isWalkRefused(outside, orInvalid: false), Answer(outside))
  tally.judge("table walk at", at: VirtMachine.distributor, isWalkRefused(device, orInvalid: true), Answer(device))
}

private func isWalkRefused(_ fault: Fault?, orInvalid allowsInvalid: Bool) -> Bool {
  guard let fault, fault.exceptionClass == 0x25 else { return false }
  switch fault.status {
  case 0x10, 0x14...0x17: return true
  case 0x00...0x0f: return allowsInvalid
  default: return false
  }
}
