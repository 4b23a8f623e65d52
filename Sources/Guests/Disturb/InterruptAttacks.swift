internal import GuestEntry
internal import GuestSupport

/// SGIs to all others, one after the other.
func broadcast(as vcpu: VCPU) -> Never {
  while true { vcpu.sendToOthers(1) }
}

/// SGIs of every number to all others, sixteen vCPUs at a time.
func sendByLists(as vcpu: VCPU) -> Never {
  var number: UInt64 = 0
  while true {
    for first in stride(from: 0, to: vcpu.count, by: 16) {
      vcpu.send(number, to: first == 0 ? 0xfffe : 0xffff, from: first)
    }
    number = (number &+ 1) & 15
  }
}

/// Sleeps, and takes what it is sent.
func listen(as vcpu: VCPU) -> Never {
  enableAll(vcpu)
  while true { vcpu.sleep() }
}

/// Is busy, and takes what it is sent now and then.
func acceptBusily(as vcpu: VCPU) -> Never {
  enableAll(vcpu)
  while true {
    for _ in 0..<50 { guest_relax() }
    _ = InterruptController.current.drain(limit: 4)
  }
}

/// Sends to all others, and takes what they send.
func sendAndAccept(as vcpu: VCPU) -> Never {
  enableAll(vcpu)
  while true {
    vcpu.sendToOthers(vcpu.number & 15)
    _ = InterruptController.current.drain(limit: 4)
  }
}

private func enableAll(_ vcpu: VCPU) { vcpu.privateRegisters[InterruptController.Register.setEnable] = 0xffff }

/// Fields of thirty-two interrupts at a time, each of which changes with each store.
func writeFields(as vcpu: VCPU) -> Never {
  typealias Register = InterruptController.Register
  let distributor = InterruptController.current.distributor
  let own = vcpu.privateRegisters
  let groupCount = max(UInt64(InterruptController.current.interruptCount) / 32, 2) &- 1
  var round = vcpu.number
  while true {
    let offset = (1 &+ round % groupCount) &* 4
    distributor[Register.setPending &+ offset] = ~0
    distributor[Register.setEnable &+ offset] = ~0
    distributor[0x300 &+ offset] = ~0
    distributor[Register.clearEnable &+ offset] = ~0
    distributor[Register.clearActive &+ offset] = ~0
    distributor[Register.clearPending &+ offset] = ~0
    for word in 0..<8 as Range<UInt64> { distributor[Register.priority &+ offset &* 8 &+ word &* 4] = UInt32(round & 15) &* 0x1010_1010 }
    own[Register.setEnable] = ~0
    own[Register.clearEnable] = ~0
    round &+= 1
  }
}

/// Sleeps with an interrupt pending that nobody takes: none lasts.
func sleepForEver(as vcpu: VCPU) -> Never {
  vcpu.enable(1)
  InterruptController.current.isVersion3
    ? vcpu.send(1, to: 1 &<< (vcpu.number & 15), from: vcpu.number & ~15)
    : vcpu.send(1, to: 1 &<< (vcpu.number & 7))
  while true { guest_wait_for_interrupt() }
}
