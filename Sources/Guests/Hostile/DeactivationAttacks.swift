internal import GuestEntry
internal import GuestSupport

/// INTIDs of SPIs that no device has here.
private let first: UInt32 = 96
private let count: UInt32 = 20

/// Priority drop and deactivation apart (EOImode 1), more at a time than any list registers hold: none keeps the next one away,
/// and each is deactivated alone, the odd ones before the even ones.
func attackDeactivations(_ tally: inout Tally) {
  guest_mask_interrupts()
  let controller = InterruptController.current
  setSeparate(true)
  var taken: UInt32 = 0
  for number in first..<(first &+ count) {
    controller.enable(number)
    controller.setPending(number)
    if controller.number(acknowledge()) == number { taken &+= 1 }
  }
  tally.judge("active, priority dropped", taken == count, .value(UInt64(taken)))
  controller.enable(1)
  controller.sendToSelf(1)
  let own = acknowledge()
  tally.judge("SGI beside many that are active", controller.number(own) == 1, .value(UInt64(own)))
  deactivate(own)
  var isRight = true
  for parity in (0..<2 as Range<UInt32>).reversed() {
    for number in first..<(first &+ count) where number & 1 == parity {
      isRight = isRight && isActive(number)
      deactivate(number)
      isRight = isRight && !isActive(number)
    }
  }
  tally.judge("deactivated out of order", isRight, .nothing)
  for number in first..<(first &+ count) { controller.disable(number) }
  setSeparate(false)
}

/// Acknowledges what comes within 10 ms and drops its priority.
private func acknowledge() -> UInt32 {
  let controller = InterruptController.current
  let taken = controller.acknowledge(within: Counter.frequency / 100)
  if controller.number(taken) < 1020 { controller.end(taken) }
  return taken
}

private func isActive(_ number: UInt32) -> Bool {
  let offset = 0x300 &+ UInt64(number / 32) &* 4
  return InterruptController.current.distributor[offset] >> (number % 32) & 1 != 0
}

private func setSeparate(_ isSeparate: Bool) {
  if InterruptController.current.isVersion3 {
    guest_write_icc_ctlr(isSeparate ? 2 : 0)
  } else {
    RegisterBlock(VirtMachine.cpuInterface)[0x00] = isSeparate ? 1 | 1 << 9 : 1
  }
}

private func deactivate(_ number: UInt32) {
  if InterruptController.current.isVersion3 {
    guest_write_icc_dir(UInt64(number))
  } else {
    RegisterBlock(VirtMachine.cpuInterface)[0x1000] = number
  }
}
