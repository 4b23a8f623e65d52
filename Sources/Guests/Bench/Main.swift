internal import GuestEntry
internal import GuestSupport

/// Measures what a guest pays for each kind of exit and for each way to take an interrupt, one line each, and switches off.
/// Exact and repeatable in QEMU with `-icount shift=0,sleep=off` and a 1 GHz counter: then a tick is an instruction, the
/// hypervisor's included. Elsewhere the figures are ticks and mean what the machine makes of them.
///
/// Its arguments: `idle` and `busy` make it a bystander (`Bystander`), `switch` measures only what it takes to change to a
/// busy machine (`TurnTaking`), `preempt` only how long its timer takes to take the CPU from a busy machine, `same-cpu` says
/// that its second vCPU shares the first one's CPU, and `interrupts=N` enables N shared interrupts before anything is
/// measured.
@c(Bench_main)
func main(treeAddress: UInt64) {
  let start = EntryTime()
  let tree = MachineTree(at: treeAddress)
  if tree.has("idle") { Bystander.idle() }
  if tree.has("busy") { Bystander.busy() }
  console.start()
  InterruptController.start()
  let yardstick = Yardstick()
  yardstick.write()
  start.write(with: yardstick)
  if let count = tree.number("interrupts") { enableInterrupts(count) }
  if tree.has("switch") {
    var turns = TurnTaking()
    yardstick.sample("vcpu-switch") { turns.sample() }
  } else if tree.has("preempt") {
    let interrupts = InterruptLatency()
    yardstick.sample("timer-to-preempting-handler") { interrupts.timerToSleeping() }
  } else {
    timeExits(with: yardstick)
    timeInterrupts(with: yardstick)
    timeMemory(with: yardstick, tree)
    timeOtherProcessor(with: yardstick, sharesProcessor: tree.has("same-cpu"))
  }
  console.write("bench: done\n")
  PSCI.powerOff()
}

/// Enables the first `count` shared interrupts, or as many as there are, none of which ever comes.
private func enableInterrupts(_ count: UInt64) {
  let controller = InterruptController.current
  let end = min(32 &+ UInt32(truncatingIfNeeded: min(count, 1020)), controller.interruptCount)
  for number in 32..<max(end, 32) { controller.enable(number) }
  console.write("bench: interrupts=")
  console.write(decimal: UInt64(max(end, 32) &- 32))
  console.write("\n")
}

private func timeInterrupts(with yardstick: Yardstick) {
  let interrupts = InterruptLatency()
  yardstick.sample("timer-to-spinning-handler") { interrupts.timerToSpinning() }
  yardstick.sample("timer-to-sleeping-handler") { interrupts.timerToSleeping() }
  yardstick.sample("sgi-to-own-handler") { interrupts.ownInterruptToSpinning() }
  if !InterruptController.current.isVersion3 {
    yardstick.sample("acknowledge", less: yardstick.overhead) { interrupts.acknowledge() }
  }
  yardstick.sample("end-of-interrupt", less: yardstick.overhead) { interrupts.end() }
}

/// Never called: the bench's vectors take its interrupts.
@c(guest_interrupt)
func handleInterrupt(number: UInt32) {}
