internal import GuestEntry
internal import GuestSupport

/// The other vCPU, as each of the two watches it: who stands still for long is helped, and then the machine restarts.
struct Partner {
  private let processor: UInt64
  private var beat: UInt64 = ~0
  private var since: UInt64 = 0
  private var isHelped = false

  init(of processor: UInt64) { self.processor = processor ^ 1 }

  /// Turns the second vCPU on, if it is not.
  func start() {
    guard processor == 1 else { return }
    PSCI.call(PSCI.cpuOn, 1, fuzz_second_address(), 0)
  }

  /// Looks at whether it goes on. Where there is no second vCPU nothing is to be watched.
  mutating func watch() {
    let affinity = PSCI.call(PSCI.affinityInfo, processor) & 0xffff_ffff
    let now = Counter.now
    guard affinity == 0, fuzz_beat(processor) == beat else {
      beat = fuzz_beat(processor)
      since = now
      isHelped = false
      if affinity == 1 { start() }
      return
    }
    let stood = now &- since
    if stood > Counter.frequency / 5 {
      console.start()
      console.write("\nfuzz: vCPU ")
      console.write(decimal: processor)
      console.write(" lost itself: restart\n")
      PSCI.reset()
    } else if stood > Counter.frequency / 20 && !isHelped {
      isHelped = true
      help()
    }
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
