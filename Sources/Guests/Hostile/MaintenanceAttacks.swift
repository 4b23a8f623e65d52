internal import GuestEntry
internal import GuestSupport

/// Cache and TLB maintenance of addresses that the guest does not have, and by set and way. By address it may abort, at
/// whichever stage; the rest has no address that could fault.
func attackMaintenance(_ tally: inout Tally, _ tree: borrowing MachineTree) {
  let end = tree.memoryEnd
  ([end, 0x1000_0000, VirtMachine.distributor, 0x41_2345_6780, 0x0080_0000_0000_0000] as [5 of UInt64]).forEach {
    address in
    byAddress(&tally, "DC CVAC", address) { hostile_dc_cvac(address) }
    byAddress(&tally, "DC CIVAC", address) { hostile_dc_civac(address) }
    byAddress(&tally, "DC IVAC", address) { hostile_dc_ivac(address) }
    byAddress(&tally, "IC IVAU", address) { hostile_ic_ivau(address) }
  }
  attackZeroing(&tally, at: end)

  ([0, ~0, 0x5555_5555_5555_5555] as [3 of UInt64]).forEach { value in
    withoutFault(&tally, "DC ISW") { hostile_dc_isw(value & 0xffff_fffe) }
    withoutFault(&tally, "DC CSW") { hostile_dc_csw(value & 0xffff_fffe) }
    withoutFault(&tally, "DC CISW") { hostile_dc_cisw(value & 0xffff_fffe) }
    withoutFault(&tally, "TLBI VAE1") { hostile_tlbi_vae1(value) }
    withoutFault(&tally, "TLBI VAAE1IS") { hostile_tlbi_vaae1is(value) }
    withoutFault(&tally, "TLBI ASIDE1IS") { hostile_tlbi_aside1is(value) }
  }
}

private func byAddress(_ tally: inout Tally, _ what: StaticString, _ address: UInt64, _ operation: () -> Void) {
  let fault = probe(operation)
  tally.judge(what, at: address, fault == nil || fault?.exceptionClass == 0x25, Answer(fault))
}

private func withoutFault(_ tally: inout Tally, _ what: StaticString, _ operation: () -> Void) {
  let fault = probe(operation)
  tally.judge(what, fault == nil, Answer(fault))
}
