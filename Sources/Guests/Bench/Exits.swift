internal import GuestEntry
internal import GuestSupport

/// A function of the vendor's hypervisor range that nobody has.
private let unknownFunction: UInt64 = 0xc600_ff42

/// Every kind of exit that a single instruction can cause and that comes straight back.
func timeExits(with yardstick: Yardstick) {
  yardstick.time("null-hypercall-hvc") { bench_hvc(PSCI.version) }
  yardstick.time("null-hypercall-smc") { bench_smc(PSCI.version) }
  yardstick.time("unknown-hypercall-hvc") { bench_hvc(unknownFunction) }
  timeDistributor(with: yardstick)
  if InterruptController.current.isVersion3 { timeRedistributor(with: yardstick) }
  yardstick.time("uart-flags-read") { bench_load32(VirtMachine.uart &+ 0x18) }
  yardstick.time("id-register-read") { bench_read_identification() }
}

private func timeDistributor(with yardstick: Yardstick) {
  let enables = VirtMachine.distributor &+ InterruptController.Register.setEnable
  yardstick.time("gicd-typer-read") { bench_load32(VirtMachine.distributor &+ InterruptController.Register.type) }
  yardstick.time("gicd-isenabler-read") { bench_load32(enables &+ 4) }
  // Zero enables nothing, by the same path as anything else would.
  yardstick.time("gicd-isenabler-write") { bench_store32(enables &+ 4, 0) }
  // INTID 63, which nobody raises. Only the first of the stores changes something.
  yardstick.time("gicd-isenabler-write-bit") { bench_store32(enables &+ 4, 1 << 31) }
}

/// GICR_TYPER, and GICR_ISENABLER0 with nothing to enable.
private func timeRedistributor(with yardstick: Yardstick) {
  let frame = VirtMachine.redistributor
  yardstick.time("gicr-typer-read") { bench_load32(frame &+ 0x8) }
  yardstick.time("gicr-isenabler-write") {
    bench_store32(frame &+ 0x1_0000 &+ InterruptController.Register.setEnable, 0)
  }
}
