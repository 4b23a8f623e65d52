internal import GuestEntry
internal import GuestSupport

/// Interrupts taken with interrupts unmasked.
nonisolated(unsafe) private var takenCount: UInt64 = 0

@c(guest_interrupt)
func handleInterrupt(number: UInt32) { unsafe takenCount &+= 1 }

/// More interrupts than any controller has room for, of every number, ended out of order, and ended without having begun:
/// none is lost, none comes twice, and none is left over.
func attackInterrupts(_ tally: inout Tally) {
  guest_mask_interrupts()
  attackMaskedStorm(&tally)
  attackUnmaskedStorm(&tally)
  attackEverything(&tally)
  attackOrder(&tally)
  attackPriorityMask(&tally)
  judgeOwnInterrupt(&tally, "the GIC works after the attacks")
  InterruptController.start()
}

/// Sends an SGI to itself and takes it.
func judgeOwnInterrupt(_ tally: inout Tally, _ what: StaticString) {
  let controller = InterruptController.current
  controller.enable(1)
  controller.sendToSelf(1)
  let taken = waitForInterrupt()
  controller.end(taken)
  tally.judge(what, controller.number(taken) == 1, .value(UInt64(taken)))
}

/// What is acknowledged within 10 ms; 1023 if nothing is.
private func waitForInterrupt() -> UInt32 {
  InterruptController.current.acknowledge(within: Counter.frequency / 100)
}

/// A thousand SGIs of sixteen numbers while masked are sixteen interrupts.
private func attackMaskedStorm(_ tally: inout Tally) {
  let controller = InterruptController.current
  for number in 0..<16 as Range<UInt32> { controller.enable(number) }
  for round in 0..<1000 as Range<UInt32> { controller.sendToSelf(round & 15) }
  var seen: UInt64 = 0
  var count: UInt64 = 0
  while count < 2000 {
    let taken = waitForInterrupt()
    guard controller.number(taken) < 1020 else { break }
    seen |= 1 << UInt64(controller.number(taken) & 63)
    count &+= 1
    controller.end(taken)
  }
  tally.judge("SGI storm while masked", seen == 0xffff && count == 16, .value(count))
}

/// A thousand SGIs, each taken before the next.
private func attackUnmaskedStorm(_ tally: inout Tally) {
  unsafe takenCount = 0
  guest_unmask_interrupts()
  for round in 0..<1000 as Range<UInt32> {
    let before = unsafe takenCount
    InterruptController.current.sendToSelf(round & 15)
    let start = Counter.now
    while unsafe takenCount == before, Counter.now &- start < Counter.frequency / 100 { guest_relax() }
  }
  guest_mask_interrupts()
  let count = unsafe takenCount
  tally.judge("SGI storm", count == 1000, .value(count))
}

/// Every interrupt enabled and made pending: as many come as said that they were pending, and then none.
private func attackEverything(_ tally: inout Tally) {
  let controller = InterruptController.current
  typealias Register = InterruptController.Register
  var pendingCount = 0
  for first in stride(from: 0, to: controller.interruptCount, by: 32) {
    let registers = first == 0 ? controller.privateRegisters : controller.distributor
    let offset = UInt64(first) / 8
    registers[Register.setEnable &+ offset] = ~0
    registers[Register.setPending &+ offset] = ~0
    pendingCount &+= registers[Register.setPending &+ offset].nonzeroBitCount
  }
  let taken = controller.drain(limit: 3000)
  tally.judge(
    "every interrupt pending at once", taken == UInt32(truncatingIfNeeded: pendingCount),
    .sweep(answered: UInt64(taken), refused: UInt64(max(0, pendingCount &- Int(taken)))))

  unsafe takenCount = 0
  guest_unmask_interrupts()
  Counter.spin(Counter.frequency / 200)
  guest_mask_interrupts()
  let further = unsafe takenCount
  tally.judge("quiet with every interrupt enabled", further == 0, .value(further))
}

/// Ends of interrupts that never began, and one that is sent again while it is active.
private func attackOrder(_ tally: inout Tally) {
  let controller = InterruptController.current
  ([1023, 1022, 5, 27, 300, 0xff_ffff] as [6 of UInt32]).forEach { number in controller.end(number) }
  judgeOwnInterrupt(&tally, "ends without a beginning")

  controller.sendToSelf(2)
  let first = waitForInterrupt()
  controller.sendToSelf(2)
  let whileActive = controller.number(controller.acknowledge())
  controller.end(first)
  let second = waitForInterrupt()
  controller.end(second)
  tally.judge(
    "SGI sent again while active",
    controller.number(first) == 2 && whileActive >= 1020 && controller.number(second) == 2,
    .value(UInt64(second)))
}

/// A priority mask of zero holds everything back, and gives it out when it is raised.
private func attackPriorityMask(_ tally: inout Tally) {
  let controller = InterruptController.current
  setPriorityMask(0)
  controller.sendToSelf(3)
  Counter.spin(Counter.frequency / 2000)
  let held = controller.number(controller.acknowledge())
  setPriorityMask(0xf0)
  let taken = waitForInterrupt()
  controller.end(taken)
  tally.judge("priority mask", held >= 1020 && controller.number(taken) == 3, .value(UInt64(held)))
}

private func setPriorityMask(_ mask: UInt32) {
  if InterruptController.current.isVersion3 {
    guest_write_icc_pmr(UInt64(mask))
  } else {
    RegisterBlock(VirtMachine.cpuInterface)[0x04] = mask
  }
}
