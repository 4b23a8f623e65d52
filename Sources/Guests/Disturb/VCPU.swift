internal import GuestEntry
internal import GuestSupport

/// One of the machine's vCPUs, and how others reach it.
struct VCPU {
  /// Its number: vCPU n has Aff0 = n mod 16 and Aff1 = n div 16.
  let number: UInt64
  /// How many there are.
  let count: UInt64

  /// MPIDR's affinity fields of vCPU `number`.
  static func affinity(of number: UInt64) -> UInt64 { number & 15 | (number &>> 4) &<< 8 }

  private typealias Register = InterruptController.Register
  private var isVersion3: Bool { InterruptController.current.isVersion3 }

  /// The registers of its private interrupts. With version 2 everybody has his own at the same place.
  var privateRegisters: RegisterBlock {
    RegisterBlock(
      isVersion3 ? VirtMachine.redistributor &+ number &* 0x2_0000 &+ 0x1_0000 : VirtMachine.distributor)
  }

  /// What a vCPU has to do for itself: its redistributor or its banked registers, and its CPU interface.
  func startController() {
    let own = privateRegisters
    if isVersion3 {
      let frame = RegisterBlock(own.base &- 0x1_0000)
      frame[0x14] = frame[0x14] & ~2
      while frame[0x14] & 4 != 0 { guest_relax() }
      own[Register.group] = ~0
      guest_write_icc_sre(guest_read_icc_sre() | 1)
      guest_write_icc_pmr(0xf0)
      guest_write_icc_ctlr(0)
      guest_write_icc_igrpen1(1)
    } else {
      let cpu = RegisterBlock(VirtMachine.cpuInterface)
      cpu[0x04] = 0xf0
      cpu[0x00] = 1
    }
    for word in 0..<8 as Range<UInt64> { own[Register.priority &+ word &* 4] = 0xa0a0_a0a0 }
  }

  /// Lets its private interrupt `number` through.
  func enable(_ number: UInt32) { privateRegisters[Register.setEnable] = 1 &<< (number & 31) }

  /// Sends SGI `number` to all other vCPUs.
  func sendToOthers(_ number: UInt64) {
    if isVersion3 {
      guest_write_icc_sgi1r(1 << 40 | (number & 15) << 24)
    } else {
      guest_store32(VirtMachine.distributor &+ Register.generate, 1 << 24 | number & 15)
    }
  }

  /// Sends SGI `number` to those of the sixteen vCPUs from `first` on that `targets` has bits for: eight with version 2.
  func send(_ number: UInt64, to targets: UInt64, from first: UInt64 = 0) {
    if isVersion3 {
      guest_write_icc_sgi1r((first >> 4) << 16 | (number & 15) << 24 | targets & 0xffff)
    } else {
      guest_store32(VirtMachine.distributor &+ Register.generate, (targets & 0xff) << 16 | number & 15)
    }
  }

  /// Sleeps until something is pending, and takes all that is.
  func sleep() {
    guest_wait_for_interrupt()
    _ = InterruptController.current.drain(limit: 32)
  }
}

/// All vCPUs together.
enum Crew {
  private static let call: UInt64 = 15

  /// Turns the others on, each of which comes as far as `report`.
  static func assemble(_ count: UInt64) {
    disturb_prepare()
    let first = VCPU(number: 0, count: count)
    first.enable(Timer.virtual.interrupt)
    for number in 1..<max(count, 1) {
      guard PSCI.call(PSCI.cpuOn, VCPU.affinity(of: number), disturb_other_entry(), number) == 0 else { continue }
      // It comes sooner where this vCPU leaves it the CPU.
      while guest_load64(disturb_word(number)) == 0 {
        Timer.virtual.arm(at: Counter.now &+ Counter.frequency / 50_000)
        guest_wait_for_interrupt()
        Timer.virtual.stop()
        _ = InterruptController.current.drain(limit: 4)
      }
    }
  }

  /// Says that a vCPU is there, and sleeps until `release`.
  static func report(_ vcpu: VCPU) {
    vcpu.enable(UInt32(call))
    guest_store64(disturb_word(vcpu.number), 1)
    while guest_load64(disturb_word(0)) == 0 { vcpu.sleep() }
  }

  /// Lets all of them go on.
  static func release() {
    guest_store64(disturb_word(0), 1)
    guest_data_barrier()
    VCPU(number: 0, count: unsafe settings.count).sendToOthers(call)
  }
}
