internal import GuestEntry
internal import GuestSupport

/// The third vCPU: it attacks nobody, sleeps on no interrupt, and looks after the two that do attack. Who is off is turned on;
/// who stands still for long is helped, and then the machine restarts. They could not look after each other: what stops one of
/// them comes often enough that both stand still some day.
struct Guard {
  /// Which vCPU this is.
  static let processor: UInt64 = 2

  private var attackers = (Watch(of: 0), Watch(of: 1))

  /// How long who stands still may do so, in ticks. Where time goes by the host's clock, an emulated CPU may be away for long
  /// because the host has other things to do.
  static var patience: UInt64 { Places.isGroundKept ? Counter.frequency / 10 : Counter.frequency }

  /// Turns it on.
  static func start() { PSCI.call(PSCI.cpuOn, processor, fuzz_second_address(), 0) }

  /// What it does.
  static func watchForEver() -> Never {
    var guardian = Guard()
    while true {
      guardian.attackers.0.look()
      guardian.attackers.1.look()
      fuzz_wait_for_event()
    }
  }
}

/// How one vCPU was seen last.
private struct Watch {
  private let processor: UInt64
  private var beat: UInt64 = ~0
  private var since: UInt64 = 0
  private var isHelped = false

  init(of processor: UInt64) { self.processor = processor }

  mutating func look() {
    let now = Counter.now
    guard fuzz_beat(processor) == beat else { return begin(now) }
    let stood = now &- since
    let patience = Guard.patience
    if stood > patience {
      console.start()
      console.write("\nfuzz: vCPU ")
      console.write(decimal: processor)
      console.write(" lost itself: restart\n")
      PSCI.reset()
    } else if stood > patience / 4 && !isHelped {
      isHelped = true
      help()
    } else if stood > Counter.frequency / 1000, PSCI.call(PSCI.affinityInfo, processor) & 0xffff_ffff == 1 {
      PSCI.call(PSCI.cpuOn, processor, fuzz_second_address(), 0)
      begin(now)
    }
  }

  private mutating func begin(_ now: UInt64) {
    beat = fuzz_beat(processor)
    since = now
    isHelped = false
  }

  /// Gives it an interrupt that ends any sleep, if what it sleeps with lets one through.
  private func help() {
    typealias Register = InterruptController.Register
    let controller = InterruptController.current
    guard controller.isVersion3 else {
      controller.distributor[Register.control] = 3
      controller.distributor[Register.generate] = UInt32(1) << (16 &+ UInt32(processor))
      return
    }
    let frame = RegisterBlock(VirtMachine.redistributor &+ processor &* 0x2_0000)
    frame[0x14] = 0
    let own = RegisterBlock(frame.base &+ 0x1_0000)
    own[Register.group] = ~0
    own[Register.clearActive] = ~0
    own[Register.priority] = 0
    own[Register.setEnable] = ~0
    controller.distributor[Register.control] = 0x12
    guest_write_icc_sgi1r(1 << 40)
  }
}
