internal import ArmRegisters

/// A physical GICv2: distributor and CPU interface, as the hypervisor uses them (IHI 0048B §4.3, §4.4).
///
/// Priority drop and deactivation are split (EOImode 1): the hypervisor drops the priority as soon as it has handed an
/// interrupt to a guest, and the guest's own end of interrupt deactivates it through the list register.
public struct GICv2Controller: Sendable {
  private let distributor: UInt
  private let interface: UInt

  /// The controller whose GICD and GICC registers are mapped at these addresses.
  public init(distributor: UInt, interface: UInt) {
    self.distributor = distributor
    self.interface = interface
  }

  private enum Distributor {
    static let control: UInt = 0x000
    static let type: UInt = 0x004
    static let group: UInt = 0x080
    static let setEnable: UInt = 0x100
    static let clearEnable: UInt = 0x180
    static let setPending: UInt = 0x200
    static let clearPending: UInt = 0x280
    static let setActive: UInt = 0x300
    static let clearActive: UInt = 0x380
    static let priority: UInt = 0x400
    static let targets: UInt = 0x800
    static let configuration: UInt = 0xc00
    static let softwareInterrupt: UInt = 0xf00
  }

  private enum Interface {
    static let control: UInt = 0x0000
    static let priorityMask: UInt = 0x0004
    static let binaryPoint: UInt = 0x0008
    static let acknowledge: UInt = 0x000c
    static let endOfInterrupt: UInt = 0x0010
    static let activePriorities: UInt = 0x00d0
    static let identification: UInt = 0x00fc
    static let deactivate: UInt = 0x1000
  }

  /// How far into a mapped region of `size` bytes the CPU interface's two pages begin. Where a chip gives each of them
  /// 64 KiB, its address lines make that 16 copies of each page, and the last of the first borders on the first of the
  /// second.
  public static func interfaceLead(at base: UInt, size: UInt64) -> UInt64 {
    let lead: UInt = 0xf000
    guard size >= 0x2_0000 else { return 0 }
    let identification = device_load32(base + Interface.identification)
    return device_load32(base + lead + Interface.identification) == identification ? UInt64(lead) : 0
  }

  /// How many interrupt IDs the distributor has, 32 to 1020.
  public var interruptCount: Int {
    min(Int(device_load32(distributor + Distributor.type) & 0x1f) &* 32 &+ 32, 1020)
  }

  /// Brings the distributor up with every shared interrupt off, once, from one CPU.
  public func initializeDistributor() {
    device_store32(distributor + Distributor.control, 0)
    let own = UInt32(device_load8(distributor + Distributor.targets))
    let target = own == 0 ? 1 : own
    for word in 1..<UInt((interruptCount + 31) / 32) {
      device_store32(distributor + Distributor.clearEnable + word * 4, ~0)
      device_store32(distributor + Distributor.clearPending + word * 4, ~0)
      device_store32(distributor + Distributor.clearActive + word * 4, ~0)
      device_store32(distributor + Distributor.group + word * 4, 0)
      for quarter in 0..<8 as Range<UInt> {
        device_store32(distributor + Distributor.priority + word * 32 + quarter * 4, 0xa0a0_a0a0)
        device_store32(distributor + Distributor.targets + word * 32 + quarter * 4, target &* 0x0101_0101)
      }
    }
    device_store32(distributor + Distributor.control, 1)
  }

  /// Brings this CPU's private interrupts (off) and its interface up.
  public func initializeCPU() {
    device_store32(distributor + Distributor.clearEnable, 0xffff_0000)
    device_store32(distributor + Distributor.clearPending, 0xffff_0000)
    device_store32(distributor + Distributor.clearActive, ~0)
    device_store32(distributor + Distributor.group, 0)
    for quarter in 0..<8 as Range<UInt> {
      // SGIs, by which other CPUs ask for something, come after this CPU's own timers.
      device_store32(distributor + Distributor.priority + quarter * 4, quarter < 4 ? 0xb0b0_b0b0 : 0xa0a0_a0a0)
    }
    // Whoever was here before may have taken interrupts without ending them: their priorities would keep ours away for ever. All of a
    // priority counts for preemption, as far as it is there.
    device_store32(interface &+ Interface.control, 0)
    for word in 0..<4 as Range<UInt> { device_store32(interface &+ Interface.activePriorities &+ word * 4, 0) }
    device_store32(interface &+ Interface.binaryPoint, 0)
    device_store32(interface &+ Interface.priorityMask, 0xf0)
    // Enable, and EOImode (bit 9 without the Security Extensions and in the Non-secure view alike).
    device_store32(interface &+ Interface.control, 1 << 0 | 1 << 9)
  }

  /// Takes the highest pending interrupt: GICC_IAR's value, whose low ten bits are the INTID; 1020 and above are none.
  /// What is read after it was written before the interrupt was sent: a load may pass a load, and a message that came with the
  /// interrupt would be missed for good.
  public func acknowledge() -> UInt32 {
    let acknowledged = device_load32(interface &+ Interface.acknowledge)
    barrier_complete()
    return acknowledged
  }

  /// Lets interrupts of the same priority come again; the acknowledged one stays active.
  public func dropPriority(_ acknowledged: UInt32) {
    device_store32(interface &+ Interface.endOfInterrupt, acknowledged)
  }

  /// Ends an interrupt that the hypervisor served itself, after its priority was dropped.
  public func deactivate(_ acknowledged: UInt32) { device_store32(interface &+ Interface.deactivate, acknowledged) }

  /// What sends the software-generated interrupt `id` to the CPU that runs this: GICD_SGIR with its bit in the distributor's
  /// lists of targets (IHI 0048B §4.3.12: its own private interrupts' say it).
  public func softwareInterruptToSelf(_ id: UInt16) -> UInt64 {
    let own = UInt64(device_load8(distributor + Distributor.targets))
    return (own == 0 ? 1 : own) << 16 | UInt64(id & 15)
  }

  /// Sends a software-generated interrupt.
  @inline(__always)
  public func send(_ softwareInterrupt: UInt64) {
    device_store32(distributor &+ Distributor.softwareInterrupt, UInt32(truncatingIfNeeded: softwareInterrupt))
  }

  /// Lets an interrupt come.
  public func enable(_ id: UInt16) { setBit(id, at: Distributor.setEnable) }
  /// Lets a private interrupt come only where no other of them waits.
  public func putLast(_ id: UInt16) { setPriority(of: id, to: 0xb0) }
  /// Has a private interrupt come before all others that wait.
  public func putFirst(_ id: UInt16) { setPriority(of: id, to: 0x90) }

  private func setPriority(of id: UInt16, to priority: UInt32) {
    let register = distributor + Distributor.priority + UInt(id & ~3)
    let shift = UInt32(id & 3) * 8
    device_store32(register, device_load32(register) & ~(0xff << shift) | priority << shift)
  }
  /// Keeps an interrupt off.
  public func disable(_ id: UInt16) { setBit(id, at: Distributor.clearEnable) }
  /// Makes an interrupt not pending; a level that is high goes on asking.
  public func clearPending(_ id: UInt16) { setBit(id, at: Distributor.clearPending) }
  /// Has a shared interrupt go to the CPU that runs this.
  public func route(_ id: UInt16) {
    let own = device_load8(distributor + Distributor.targets)
    device_store8(distributor + Distributor.targets + UInt(id), own == 0 ? 1 : own)
  }
  /// Says whether a shared interrupt, which is off, is edge-triggered. One CPU at a time: sixteen interrupts share a register.
  public func setTrigger(_ id: UInt16, isEdge: Bool) {
    let register = distributor + Distributor.configuration + UInt(id / 16) * 4
    let bit: UInt32 = 2 << (UInt32(id % 16) * 2)
    let value = device_load32(register)
    device_store32(register, isEdge ? value | bit : value & ~bit)
  }
  /// Makes an interrupt active, or not, without its being taken: what a vCPU that comes and goes needs for a private
  /// interrupt that its list register holds.
  public func setActive(_ id: UInt16, _ isActive: Bool) {
    setBit(id, at: isActive ? Distributor.setActive : Distributor.clearActive)
  }

  /// The level of the line of an active interrupt, which is level-sensitive, as its pending bit shows it.
  public func isLineHigh(_ id: UInt16) -> Bool {
    return device_load32(distributor + Distributor.setPending + UInt(id / 32) * 4) >> UInt32(id % 32) & 1 != 0
  }

  private func setBit(_ id: UInt16, at register: UInt) {
    device_store32(distributor + register + UInt(id / 32) * 4, 1 << UInt32(id % 32))
  }
}
