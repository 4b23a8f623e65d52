internal import GuestEntry
internal import GuestSupport

/// Both timers with values that no driver sets (Arm DDI 0487, the generic timer: the condition is an unsigned comparison of
/// the counter with CVAL, and TVAL a signed 32-bit distance).
func attackTimers(_ tally: inout Tally) {
  guest_mask_interrupts()
  attack(&tally, .virtual, "virtual timer")
  attack(&tally, .physical, "physical timer")
  attackFallenLine(&tally, .virtual, "virtual timer that is low again")
  attackFallenLine(&tally, .physical, "physical timer that is low again")
  attackSleep(&tally)
}

private func attack(_ tally: inout Tally, _ timer: Timer, _ name: StaticString) {
  let controller = InterruptController.current
  controller.enable(timer.interrupt)
  judge(&tally, timer, name, isDue: false) { timer.compareValue = ~0 }
  judge(&tally, timer, name, isDue: false) { timer.compareValue = 1 << 63 }
  judge(&tally, timer, name, isDue: true) { timer.compareValue = 0 }
  judge(&tally, timer, name, isDue: true) { timer.timerValue = 0xffff_ffff }
  // Before the counter has come that far it wraps to a time that never comes.
  judge(&tally, timer, name, isDue: timer.now >= 0x8000_0000) { timer.timerValue = 0x8000_0000 }
  judge(&tally, timer, name, isDue: false) { timer.timerValue = 0x7fff_ffff }
  judge(&tally, timer, name, isDue: true) { timer.timerValue = 0 }
  // Due while nothing else happens: the wait makes no exit, so that nobody is reminded of the deadline.
  judge(&tally, timer, name, isDue: true) { timer.timerValue = Counter.frequency / 1000 }

  // Disabled or masked it says nothing; CTL keeps no more than its two bits.
  timer.compareValue = 0
  timer.control = ~0
  let control = timer.control
  Counter.spin(Counter.frequency / 2000)
  let isQuiet = controller.drain(limit: 8) == 0
  timer.stop()
  tally.judge("timer that masks itself", isQuiet && control == 7, .value(control))
  _ = controller.drain(limit: 8)
  controller.disable(timer.interrupt)
}

/// A line that was high while its interrupt was disabled, and is low when that is enabled: nothing is pending. While its
/// interrupt is active, it is pending as long as the line is high.
private func attackFallenLine(_ tally: inout Tally, _ timer: Timer, _ name: StaticString) {
  let controller = InterruptController.current
  controller.disable(timer.interrupt)
  timer.compareValue = 0
  timer.control = 1
  Counter.spin(Counter.frequency / 2000)
  timer.stop()
  controller.enable(timer.interrupt)
  let taken = controller.acknowledge(within: Counter.frequency / 2000)
  if controller.number(taken) < 1020 { controller.end(taken) }
  tally.judge(name, controller.number(taken) >= 1020, .value(UInt64(taken)))

  timer.control = 1
  let second = controller.acknowledge(within: Counter.frequency / 20)
  let whileHigh = controller.isPending(timer.interrupt)
  timer.stop()
  let whileLow = controller.isPending(timer.interrupt)
  controller.end(second)
  tally.judge(name, whileHigh && !whileLow, .value(whileHigh ? 1 : 0))
  controller.disable(timer.interrupt)
}

/// Sets the timer by `set`, and judges its status and its interrupt.
private func judge(_ tally: inout Tally, _ timer: Timer, _ name: StaticString, isDue: Bool, _ set: () -> Void) {
  let controller = InterruptController.current
  timer.stop()
  _ = controller.drain(limit: 8)
  set()
  let compareValue = timer.compareValue
  timer.control = 1
  let taken = controller.acknowledge(within: Counter.frequency / (isDue ? 20 : 2000))
  let status = timer.isDue
  timer.stop()
  if controller.number(taken) < 1020 { controller.end(taken) }
  let isTaken = controller.number(taken) == timer.interrupt
  tally.judge(name, at: compareValue, status == isDue && isTaken == isDue, .value(UInt64(controller.number(taken))))
}

/// WFI wakes for an interrupt that PSTATE masks, whether it comes before or after the WFI.
private func attackSleep(_ tally: inout Tally) {
  InterruptController.current.enable(VirtMachine.virtualTimerInterrupt)
  ([0, Counter.frequency / 500] as [2 of UInt64]).forEach { delay in
    Timer.virtual.arm(at: Counter.now &+ delay)
    while !Timer.virtual.isDue { guest_wait_for_interrupt() }
    guest_wait_for_interrupt()
    let isPending = InterruptController.current.isPending(VirtMachine.virtualTimerInterrupt)
    Timer.virtual.stop()
    tally.judge("WFI with interrupts masked wakes", isPending, .nothing)
    _ = InterruptController.current.drain(limit: 8)
  }
  InterruptController.current.disable(VirtMachine.virtualTimerInterrupt)
}

/// Leaves the virtual timer's interrupt in the worst state that there is for whoever comes after us on this CPU: taken from
/// the hardware, made pending once more by software, and ended once, so that a physical interrupt may stay active with
/// nobody left who would end it. The others' clocks must go on ticking.
func leaveTimerActive() {
  guest_mask_interrupts()
  let controller = InterruptController.current
  let timer = Timer.virtual
  controller.enable(timer.interrupt)
  timer.compareValue = 0
  timer.control = 1
  let start = Counter.now
  var taken: UInt32 = 1023
  while controller.number(taken) != timer.interrupt, Counter.now &- start < Counter.frequency / 20 {
    guest_relax()
    taken = controller.acknowledge()
  }
  timer.stop()
  controller.setPending(timer.interrupt)
  controller.end(taken)
}
