internal import GuestEntry
internal import GuestSupport

/// Interrupts as the bench takes them: its own vectors note the arrival and leave everything else to these functions, which
/// run with interrupts masked.
struct InterruptLatency {
  private static let ownInterrupt: UInt32 = 1
  private let controller = InterruptController.current

  /// Switches to the bench's vectors and enables the two interrupts.
  init() {
    guest_mask_interrupts()
    guest_write_vbar(bench_vector_base())
    controller.enable(VirtMachine.virtualTimerInterrupt)
    controller.enable(Self.ownInterrupt)
  }

  /// From the compare value to the vector's first instruction, while the CPU spins.
  func timerToSpinning() -> UInt64 { timer(bench_spin) }

  /// From the compare value to the vector's first instruction, while the CPU sleeps in WFI.
  func timerToSleeping() -> UInt64 { timer(bench_sleep) }

  @inline(__always) private func timer(_ wait: () -> UInt64) -> UInt64 {
    // 50 µs ahead: long enough to be asleep by then, under a hypervisor too.
    let deadline = Counter.now &+ Counter.frequency / 20_000
    Timer.virtual.arm(at: deadline)
    let arrival = wait()
    let acknowledged = controller.acknowledge()
    Timer.virtual.stop()
    controller.end(acknowledged)
    return arrival &- deadline
  }

  /// From before the store that sends an SGI to the CPU itself to the vector's first instruction.
  func ownInterruptToSpinning() -> UInt64 {
    let elapsed = bench_send(controller.selfGenerated(Self.ownInterrupt), controller.generator)
    controller.end(controller.acknowledge())
    return elapsed
  }

  /// The load that acknowledges an interrupt, an SGI, where that is a load: on a GICv2.
  func acknowledge() -> UInt64 {
    _ = bench_send(controller.selfGenerated(Self.ownInterrupt), controller.generator)
    let elapsed = bench_load32(VirtMachine.cpuInterface &+ 0xc)
    controller.end(Self.ownInterrupt)
    return elapsed
  }

  /// The store that ends an interrupt, an SGI: priority drop and deactivation.
  func end() -> UInt64 {
    _ = bench_send(controller.selfGenerated(Self.ownInterrupt), controller.generator)
    let acknowledged = UInt64(controller.acknowledge())
    return controller.isVersion3
      ? bench_write_icc_eoir1(acknowledged) : bench_store32(VirtMachine.cpuInterface &+ 0x10, acknowledged)
  }
}

extension InterruptController {
  /// Where SGIs are sent by a store: GICD_SGIR in version 2; zero for version 3, which has a system register.
  var generator: UInt64 { isVersion3 ? 0 : VirtMachine.distributor &+ Register.generate }
}
