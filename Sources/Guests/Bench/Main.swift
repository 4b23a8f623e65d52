internal import GuestEntry
internal import GuestSupport

/// A function of the vendor's hypervisor range that nobody has.
private let unknownFunction: UInt64 = 0xc600_ff42

/// Measures what a guest pays for each kind of exit and for each way to take an interrupt, one line each, and switches off.
/// Exact and repeatable in QEMU with `-icount shift=0,sleep=off` and a 1 GHz counter: then a tick is an instruction, the
/// hypervisor's included. Elsewhere the figures are ticks and mean what the machine makes of them.
@c(Bench_main)
func main(treeAddress: UInt64) {
  console.start()
  InterruptController.start()
  let yardstick = Yardstick()
  yardstick.write()
  timeExits(with: yardstick)
  timeInterrupts(with: yardstick)
  console.write("bench: done\n")
  PSCI.powerOff()
}

private func timeExits(with yardstick: Yardstick) {
  let distributor = VirtMachine.distributor
  yardstick.time("null-hypercall-hvc") { bench_hvc(PSCI.version) }
  yardstick.time("null-hypercall-smc") { bench_smc(PSCI.version) }
  yardstick.time("unknown-hypercall-hvc") { bench_hvc(unknownFunction) }
  yardstick.time("gicd-typer-read") { bench_load32(distributor &+ InterruptController.Register.type) }
  // Zero enables nothing, by the same path as anything else would.
  yardstick.time("gicd-isenabler-write") {
    bench_store32(distributor &+ InterruptController.Register.setEnable &+ 4, 0)
  }
  yardstick.time("uart-flags-read") { bench_load32(VirtMachine.uart &+ 0x18) }
  yardstick.time("id-register-read") { bench_read_identification() }
}

private func timeInterrupts(with yardstick: Yardstick) {
  let interrupts = InterruptLatency()
  let unit = yardstick.unit
  Samples(less: 0) { interrupts.timerToSpinning() }.write("timer-to-spinning-handler", in: unit)
  Samples(less: 0) { interrupts.timerToSleeping() }.write("timer-to-sleeping-handler", in: unit)
  Samples(less: 0) { interrupts.ownInterruptToSpinning() }.write("sgi-to-own-handler", in: unit)
  Samples(less: yardstick.overhead) { interrupts.end() }.write("end-of-interrupt", in: unit)
}

/// Never called: the bench's vectors take its interrupts.
@c(guest_interrupt)
func handleInterrupt(number: UInt32) {}
