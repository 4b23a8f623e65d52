internal import GuestEntry
internal import GuestSupport

private typealias Register = InterruptController.Register

/// SGIs to all others, one after the other.
func broadcast(as vcpu: VCPU) -> Never {
  while true {
    vcpu.sendToOthers(1)
    guest_relax()
  }
}

/// SGIs of every number to all others, sixteen vCPUs at a time.
func sendByLists(as vcpu: VCPU) -> Never {
  var number: UInt64 = 0
  while true {
    for first in stride(from: 0, to: vcpu.count, by: 16) {
      vcpu.send(number, to: first == 0 ? 0xfffe : 0xffff, from: first)
      guest_relax()
    }
    number = (number &+ 1) & 15
  }
}

/// SGIs of every number to each of the others, each by a store of its own.
func sendSingly(as vcpu: VCPU) -> Never {
  let isVersion3 = InterruptController.current.isVersion3
  while true {
    for target in 1..<max(vcpu.count, 2) {
      let first = isVersion3 ? target & ~15 : 0
      for number in 0..<16 as Range<UInt64> { vcpu.send(number, to: 1 &<< (target &- first), from: first) }
      guest_relax()
    }
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
    disturb_spin(50)
    guest_relax()
    _ = InterruptController.current.drain(limit: 4)
  }
}

/// Sends to all others, and takes what they send.
func sendAndAccept(as vcpu: VCPU) -> Never {
  enableAll(vcpu)
  while true {
    vcpu.sendToOthers(vcpu.number & 15)
    guest_relax()
    _ = InterruptController.current.drain(limit: 4)
  }
}

private func enableAll(_ vcpu: VCPU) { vcpu.privateRegisters[Register.setEnable] = 0xffff }

/// Fields of thirty-two interrupts at a time, each of which changes with each store.
func writeFields(as vcpu: VCPU) -> Never {
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
    for word in 0..<8 as Range<UInt64> {
      distributor[Register.priority &+ offset &* 8 &+ word &* 4] = UInt32(round & 15) &* 0x1010_1010
    }
    own[Register.setEnable] = ~0
    own[Register.clearEnable] = ~0
    round &+= 1
    guest_relax()
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

/// Sends the shared interrupts to all vCPUs in turn, the first of them to vCPU `first`, and lets them through.
private func spread(from first: UInt64, to count: UInt64) {
  let controller = InterruptController.current
  for number in 32..<UInt64(controller.interruptCount) {
    let target = (number &+ first) % count
    if controller.isVersion3 {
      guest_store_long_register(
        VirtMachine.distributor &+ Register.route &+ number &* 8, VCPU.affinity(of: target))
    } else {
      guest_store8(VirtMachine.distributor &+ Register.targets &+ number, 1 << (target & 7))
    }
  }
}

private func forEachGroup(_ body: (_ offset: UInt64) -> Void) {
  for group in 1..<UInt64(InterruptController.current.interruptCount) / 32 { body(group &* 4) }
}

/// Thirty-two interrupts at a time come to as many vCPUs, and go.
func makePending(as vcpu: VCPU) -> Never {
  let distributor = InterruptController.current.distributor
  spread(from: 0, to: vcpu.count)
  forEachGroup { distributor[Register.setEnable &+ $0] = ~0 }
  while true {
    forEachGroup { distributor[Register.setPending &+ $0] = ~0 }
    guest_relax()
    forEachGroup { distributor[Register.clearPending &+ $0] = ~0 }
    guest_relax()
  }
}

/// All shared interrupts are pending, and go from vCPU to vCPU.
func moveInterrupts(as vcpu: VCPU) -> Never {
  let distributor = InterruptController.current.distributor
  forEachGroup { distributor[Register.setEnable &+ $0] = ~0 }
  var first: UInt64 = 0
  while true {
    forEachGroup { distributor[Register.setPending &+ $0] = ~0 }
    spread(from: first, to: vcpu.count)
    first &+= 1
    guest_relax()
  }
}

/// All shared interrupts are pending, spread over the vCPUs, and all come and go at once.
func toggleDistributor(as vcpu: VCPU) -> Never {
  let distributor = InterruptController.current.distributor
  spread(from: 0, to: vcpu.count)
  forEachGroup { distributor[Register.setEnable &+ $0] = ~0 }
  let on = distributor[Register.control]
  while true {
    distributor[Register.control] = on & ~3
    forEachGroup { distributor[Register.setPending &+ $0] = ~0 }
    distributor[Register.control] = on
    guest_relax()
  }
}

/// Is busy with all of its SGIs pending and none taken: they stay in its list registers while others have their turns.
func fill(as vcpu: VCPU) -> Never {
  enableAll(vcpu)
  let base = InterruptController.current.isVersion3 ? vcpu.number & ~15 : 0
  while true {
    for number in 0..<16 as Range<UInt64> { vcpu.send(number, to: 1 &<< (vcpu.number &- base), from: base) }
    disturb_spin(1000)
    guest_relax()
  }
}

/// Turns the distributor off, which concerns everybody's list registers, a moment before each of the loop's instants at which it
/// has its turn; and on again, for them to fill anew.
func toggleAtInstants(as vcpu: VCPU, _ settings: Settings) -> Never {
  let distributor = InterruptController.current.distributor
  let on = distributor[Register.control]
  while true {
    let instant = settings.time.next(period: settings.period, margin: 4000)
    while Counter.now &+ 2000 < instant { guest_relax() }
    // Its turn may have ended meanwhile.
    guard Counter.now < instant else { continue }
    distributor[Register.control] = on & ~3
    distributor[Register.control] = on
  }
}

/// Begins its timer's interrupt, and ends it by the distributor: the physical one behind it has to be ended as well.
func takeBack(as vcpu: VCPU) -> Never {
  let timer = Timer.virtual
  vcpu.enable(timer.interrupt)
  let own = vcpu.privateRegisters
  while true {
    timer.arm(at: 0)
    let taken = InterruptController.current.acknowledge(within: Counter.frequency / 10_000)
    timer.stop()
    own[Register.clearActive] = 1 &<< timer.interrupt
    own[Register.clearPending] = 1 &<< timer.interrupt
    if InterruptController.current.number(taken) < 1020 { InterruptController.current.end(taken) }
  }
}

/// Is busy with all of its SGIs pending, both timers running, and a pattern in every register that there is.
func carryMuch(as vcpu: VCPU) -> Never {
  hostile_allow_vectors()
  for number in 0..<UInt32(witness_register_count) where unsafe presentRegisters >> UInt64(number) & 1 == 1 {
    witness_write(number, 0x5a5a_1234_a5a5_4321)
  }
  hostile_fill_vectors(vcpu.number)
  vcpu.privateRegisters[Register.setEnable] = ~0
  let base = InterruptController.current.isVersion3 ? vcpu.number & ~15 : 0
  for number in 0..<16 as Range<UInt64> { vcpu.send(number, to: 1 &<< (vcpu.number &- base), from: base) }
  for word in 0..<4 as Range<UInt64> { vcpu.privateRegisters[Register.priority &+ word &* 4] = 0x8090_a0b0 }
  while true {
    Timer.virtual.arm(at: Timer.virtual.now &+ Counter.frequency)
    Timer.physical.arm(at: Timer.physical.now &+ Counter.frequency / 5000)
    // One of them stays active.
    let taken = InterruptController.current.acknowledge()
    for _ in 0..<10 {
      disturb_spin(100)
      guest_relax()
    }
    if InterruptController.current.number(taken) < 1020 { InterruptController.current.end(taken) }
    vcpu.send(vcpu.number & 15, to: 1 &<< (vcpu.number &- base), from: base)
  }
}

/// Those of the registers of `witness_read` that this machine has. Written before there is a second vCPU.
nonisolated(unsafe) private var presentRegisters: UInt64 = 0

/// Finds out which registers there are.
func findRegisters() {
  hostile_allow_vectors()
  for number in 0..<UInt32(witness_register_count) {
    let fault = probe {
      witness_write(number, 0)
      _ = witness_read(number)
    }
    if fault == nil { unsafe presentRegisters |= 1 << UInt64(number) }
  }
}
