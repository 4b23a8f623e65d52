internal import GuestEntry
internal import GuestSupport

/// An SGI from this vCPU to another one, one way: from before the store that sends it to the first instruction of the
/// other's vector. Both read the same virtual counter. Says nothing where there is no second vCPU.
///
/// Where the two share a physical CPU, the other one sleeps while this one runs: then the figure holds the change of vCPU
/// as well, and has a name of its own.
func timeOtherProcessor(with yardstick: Yardstick, sharesProcessor: Bool) {
  guard OtherProcessor.start() else { return }
  var other = OtherProcessor()
  if sharesProcessor {
    other.sleeps = true
    yardstick.sample("sgi-to-sleeping-vcpu-same-cpu") { other.sample() }
  } else {
    yardstick.sample("sgi-to-spinning-vcpu") { other.sample() }
    other.sleeps = true
    yardstick.sample("sgi-to-sleeping-vcpu") { other.sample() }
  }
}

/// The second vCPU as the first one uses it: they talk by words of memory, each written by one of them only.
private struct OtherProcessor {
  private static let interrupt: UInt32 = 2
  /// How the other one waits: from the next but one sample on, which is in the warm-up.
  var sleeps = false {
    didSet { guest_store64(bench_mail_address() &+ Word.sleeps, sleeps ? 1 : 0) }
  }

  /// Byte offsets in `bench_mail`.
  private enum Word {
    /// Nonzero where the second vCPU shall sleep while it waits.
    static let sleeps: UInt64 = 0
    /// The round for which the second vCPU waits.
    static let ready: UInt64 = 8
    /// The counter at the first instruction of its vector.
    static let arrival: UInt64 = 16
    /// The round in which that was.
    static let taken: UInt64 = 24
  }

  /// Turns the second vCPU on, which then runs `serveAsSecond`; false where there is none.
  static func start() -> Bool {
    bench_prepare_second()
    return PSCI.call(PSCI.cpuOn, 1, bench_second_entry(), 0) == 0
  }

  func sample() -> UInt64 {
    let mail = bench_mail_address()
    let round = guest_load64(mail &+ Word.taken) &+ 1
    while guest_load64(mail &+ Word.ready) != round { guest_relax() }
    // 50 µs in which it gets from there into its loop, or to sleep.
    Counter.spin(Counter.frequency / 20_000)
    let controller = InterruptController.current
    // By its affinity, or as a target list: the second CPU interface in both.
    let value = UInt64(Self.interrupt) << (controller.isVersion3 ? 24 : 0) | (controller.isVersion3 ? 2 : 2 << 16)
    let sent = bench_post(value, controller.generator)
    while guest_load64(mail &+ Word.taken) != round { guest_relax() }
    guest_data_barrier()
    return guest_load64(mail &+ Word.arrival) &- sent
  }

  static func serve() -> Never {
    let controller = InterruptController.current
    controller.startSecond(enabling: interrupt)
    let mail = bench_mail_address()
    var round: UInt64 = 0
    while true {
      round &+= 1
      let sleeps = guest_load64(mail &+ Word.sleeps) != 0
      guest_store64(mail &+ Word.ready, round)
      let arrival = sleeps ? bench_sleep() : bench_spin()
      controller.end(controller.acknowledge())
      guest_store64(mail &+ Word.arrival, arrival)
      guest_data_barrier()
      guest_store64(mail &+ Word.taken, round)
    }
  }
}

/// The second vCPU's life, with the first one's translation and the bench's vectors.
@c(bench_second)
func serveAsSecond() { OtherProcessor.serve() }

extension InterruptController {
  /// What the second CPU has to do for itself: its redistributor or its banked registers, and its CPU interface.
  func startSecond(enabling number: UInt32) {
    guard isVersion3 else {
      RegisterBlock(VirtMachine.distributor)[Register.setEnable] = 1 &<< number
      let cpu = RegisterBlock(VirtMachine.cpuInterface)
      cpu[0x04] = 0xf0
      cpu[0x00] = 1
      return
    }
    let frame = RegisterBlock(VirtMachine.redistributor &+ 0x2_0000)
    frame[0x14] = frame[0x14] & ~2
    while frame[0x14] & 4 != 0 { guest_relax() }
    let own = RegisterBlock(frame.base &+ 0x1_0000)
    own[Register.group] = ~0
    own[Register.setEnable] = 1 &<< number
    guest_write_icc_sre(guest_read_icc_sre() | 1)
    guest_write_icc_pmr(0xf0)
    guest_write_icc_ctlr(0)
    guest_write_icc_igrpen1(1)
  }
}
