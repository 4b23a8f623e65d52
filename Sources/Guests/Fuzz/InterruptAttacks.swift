internal import GuestEntry
internal import GuestSupport

extension Attacker {
  private typealias Register = InterruptController.Register

  /// This vCPU's registers for its private interrupts.
  private var privateRegisters: RegisterBlock {
    guard InterruptController.current.isVersion3 else { return RegisterBlock(VirtMachine.distributor) }
    return RegisterBlock(VirtMachine.redistributor &+ processor &* 0x2_0000 &+ 0x1_0000)
  }

  /// An interrupt came: ends it as one should, or not at all, or another one, or twice.
  mutating func answerInterrupt() {
    let controller = InterruptController.current
    if random.oneIn(8) { return }
    let taken = controller.acknowledge()
    if random.oneIn(8) { return }
    if random.oneIn(8) { controller.end(random.word() & 0x3ff) }
    controller.end(taken)
    if random.oneIn(8) { controller.end(taken) }
  }

  /// A state in which the virtual timer wakes this vCPU, whatever attacks have left: soon, by the most urgent interrupt.
  func armWake(after ticks: UInt64) {
    let controller = InterruptController.current
    let registers = privateRegisters
    if controller.isVersion3 {
      let frame = RegisterBlock(registers.base &- 0x1_0000)
      frame[0x14] = 0
      registers[Register.group] = ~0
      controller.distributor[Register.control] = 0x12
      guest_write_icc_sre(7)
      guest_write_icc_ctlr(0)
      guest_write_icc_ap1r0(0)
      guest_write_icc_ap0r0(0)
      guest_write_icc_pmr(0xff)
      guest_write_icc_igrpen1(1)
    } else {
      registers[Register.group] = 0
      controller.distributor[Register.control] = 1
      let cpu = RegisterBlock(VirtMachine.cpuInterface)
      cpu[0x00] = 0
      cpu[0xd0] = 0
      cpu[0x04] = 0xff
      cpu[0x00] = 1
    }
    registers[Register.clearActive] = ~0
    registers[Register.priority &+ 24] = 0
    registers[Register.setEnable] = 1 << VirtMachine.virtualTimerInterrupt
    Timer.virtual.arm(at: Counter.now &+ ticks)
  }

  /// Sleeps in one of the ways that there are, with or without something else on the way.
  mutating func attackSleep() {
    begin()
    armWake(after: UInt64(random.below(40_000)))
    if random.oneIn(3) { sendEverywhere() }
    switch random.below(4) {
    case 0: add(Code.waitForEvent)
    case 1:
      // CPU_SUSPEND: a wake-up, or an entry that only a real power-down would use.
      set(0, random.oneIn(2) ? 0x8400_0001 : 0xc400_0001)
      set(1, random.oneIn(2) ? 0 : random.next())
      set(2, fuzz_second_address())
      add(random.oneIn(2) ? Code.hypervisorCall(0) : Code.monitorCall(0))
    default: add(Code.waitForInterrupt)
    }
    if random.oneIn(4) { add(Code.waitForInterrupt) } else { add(Code.waitForEvent) }
    // The second sleep needs its own wake-up, unless the first one's is not taken: it is masked, and so it stays.
    fire()
  }

  /// Takes what comes, for a while.
  mutating func attackUnmasked() {
    begin()
    if random.oneIn(2) { armWake(after: UInt64(random.below(2000))) }
    if random.oneIn(2) { sendEverywhere() }
    add(Code.unmask)
    for _ in 0..<random.below(24) { add(Code.pause) }
    fire()
  }

  /// SGIs of every number to everyone.
  private mutating func sendEverywhere() {
    let controller = InterruptController.current
    for _ in 0..<random.below(16) {
      if controller.isVersion3 {
        guest_write_icc_sgi1r(random.oneIn(2) ? 1 << 40 | UInt64(random.below(16)) << 24 : sgiValue())
      } else {
        controller.distributor[Register.generate] =
          random.oneIn(2) ? 0xff_0000 | random.below(16) : random.word() & 0x03ff_800f
      }
    }
  }

  private mutating func sgiValue() -> UInt64 {
    random.oneIn(4) ? random.next() : UInt64(random.below(16)) << 24 | UInt64(random.below(16))
  }

  /// Registers of the distributor, the redistributors and the CPU interface by name, with values that mean something:
  /// enables, pends, activates, moves, groups and priorities of real numbers, all at once or one by one.
  mutating func attackController() {
    let controller = InterruptController.current
    for _ in 0..<(1 &+ random.below(6)) {
      begin()
      if random.oneIn(3) && controller.isVersion3 {
        set(0, interruptValue())
        add(Code.interruptRegister(&random))
      } else if random.oneIn(3) && !controller.isVersion3 {
        // Acknowledges, ends, deactivates, and what is around them.
        set(1, VirtMachine.cpuInterface &+ (random.oneIn(8) ? 0x1000 : UInt64(random.below(12)) &* 4))
        set(0, interruptValue())
        add(random.oneIn(3) ? Code.load(2) : Code.store(2))
      } else {
        set(1, controllerPlace())
        set(0, interruptValue())
        add(random.oneIn(3) ? Code.load(random.below(4)) : Code.store(random.oneIn(3) ? random.below(4) : 2))
      }
      fire()
    }
  }

  private mutating func controllerPlace() -> UInt64 {
    let block =
      switch random.below(8) {
      case 0: Register.control
      case 1: Register.group
      case 2: Register.setEnable &+ UInt64(random.below(2)) &* 0x80
      case 3: Register.setPending &+ UInt64(random.below(2)) &* 0x80
      case 4: 0x300 as UInt64 &+ UInt64(random.below(2)) &* 0x80
      case 5: Register.priority
      case 6: random.oneIn(2) ? Register.targets : 0xc00
      default: random.oneIn(2) ? Register.generate : Register.route
      }
    let offset: UInt64 = random.oneIn(2) ? 0 : UInt64(random.below(64))
    let base =
      InterruptController.current.isVersion3 && random.oneIn(2)
      ? VirtMachine.redistributor &+ 0x1_0000 &+ UInt64(random.below(2)) &* 0x2_0000 : VirtMachine.distributor
    return base &+ block &+ (random.oneIn(8) ? offset : offset & ~3)
  }

  private mutating func interruptValue() -> UInt64 {
    switch random.below(6) {
    case 0: ~0
    case 1: 1 << UInt64(random.below(32))
    case 2: UInt64(random.pick(27, 30, 33, random.below(1024)))
    case 3: UInt64(random.below(16)) | UInt64(random.below(8)) << 10
    default: Places.value(&random)
    }
  }
}
