internal import ArmRegisters

/// A physical GICv3: distributor, the redistributor of the CPU that runs this, and the system-register CPU interface
/// (IHI 0069H §12.9, §12.11, §12.2). Priority drop and deactivation are split, as in `GICv2Controller`.
public struct GICv3Controller: Sendable {
  private let distributor: UInt
  private let redistributor: UInt

  /// The controller whose GICD registers are mapped at `distributor`, with this CPU's RD_base frame at `redistributor`.
  public init(distributor: UInt, redistributor: UInt) {
    self.distributor = distributor
    self.redistributor = redistributor
  }

  private enum Distributor {
    static let control: UInt = 0x0000
    static let type: UInt = 0x0004
    static let group: UInt = 0x0080
    static let setEnable: UInt = 0x0100
    static let clearEnable: UInt = 0x0180
    static let setPending: UInt = 0x0200
    static let clearPending: UInt = 0x0280
    static let setActive: UInt = 0x0300
    static let clearActive: UInt = 0x0380
    static let priority: UInt = 0x0400
    static let configuration: UInt = 0x0c00
    static let router: UInt = 0x6000
  }

  private enum Redistributor {
    static let control: UInt = 0x0000
    static let typeLow: UInt = 0x0008
    static let typeHigh: UInt = 0x000c
    static let waker: UInt = 0x0014
    /// From RD_base to the frame of SGIs and PPIs, whose registers lie as the distributor's do.
    static let privateFrame: UInt = 0x10000
  }

  /// How many interrupt IDs the distributor has, 32 to 1020.
  public var interruptCount: Int {
    min(Int(device_load32(distributor + Distributor.type) & 0x1f) &* 32 &+ 32, 1020)
  }

  /// The redistributor frame of the CPU with `affinity` (Aff3.Aff2.Aff1.Aff0 in 32 bits) among those in the
  /// mapped region at `base`, or nil where none says so. They lie `stride` bytes apart or, where that is nil, as far as
  /// each says itself: two frames of 64 KiB, or four with VLPIs (GICR_TYPER bit 1).
  public static func redistributor(for affinity: UInt32, in base: UInt, size: UInt, stride: UInt?) -> UInt? {
    var offset: UInt = 0
    while offset < size, size - offset >= 0x2_0000 {
      if device_load32(base + offset + Redistributor.typeHigh) == affinity { return base + offset }
      let type = device_load32(base + offset + Redistributor.typeLow)
      // Last, bit 4.
      if type & 1 << 4 != 0 { return nil }
      offset += stride ?? (type & 1 << 1 != 0 ? 0x4_0000 : 0x2_0000)
    }
    return nil
  }

  /// Brings the distributor up with every shared interrupt off, once, from one CPU: affinity routing, group 1.
  public func initializeDistributor(affinity: UInt64) {
    device_store32(distributor + Distributor.control, 0)
    waitForWrites(distributor + Distributor.control, bit: 31)
    for word in 1..<UInt((interruptCount + 31) / 32) {
      device_store32(distributor + Distributor.clearEnable + word * 4, ~0)
      device_store32(distributor + Distributor.clearPending + word * 4, ~0)
      device_store32(distributor + Distributor.clearActive + word * 4, ~0)
      device_store32(distributor + Distributor.group + word * 4, ~0)
      for quarter in 0..<8 as Range<UInt> {
        device_store32(distributor + Distributor.priority + word * 32 + quarter * 4, 0xa0a0_a0a0)
      }
    }
    waitForWrites(distributor + Distributor.control, bit: 31)
    // ARE_NS (or ARE) and EnableGrp1NS (or EnableGrp1).
    device_store32(distributor + Distributor.control, 1 << 4 | 1 << 1)
    waitForWrites(distributor + Distributor.control, bit: 31)
    for id in 32..<UInt(interruptCount) {
      device_store64(distributor + Distributor.router + id * 8, affinity & 0xff_00ff_ffff)
    }
  }

  /// Wakes this CPU's redistributor, turns its private interrupts off and its interface on.
  public func initializeCPU() {
    let waker = device_load32(redistributor + Redistributor.waker)
    device_store32(redistributor + Redistributor.waker, waker & ~(1 << 1))
    while device_load32(redistributor + Redistributor.waker) & 1 << 2 != 0 { spin_hint() }

    let frame = redistributor + Redistributor.privateFrame
    device_store32(frame + Distributor.clearEnable, 0xffff_0000)
    device_store32(frame + Distributor.clearPending, 0xffff_0000)
    device_store32(frame + Distributor.clearActive, ~0)
    device_store32(frame + Distributor.group, ~0)
    for quarter in 0..<8 as Range<UInt> {
      // SGIs, by which other CPUs ask for something, come after this CPU's own timers.
      device_store32(frame + Distributor.priority + quarter * 4, quarter < 4 ? 0xb0b0_b0b0 : 0xa0a0_a0a0)
    }
    waitForWrites(redistributor + Redistributor.control, bit: 3)

    // System registers for us and for guests (SRE, DFB, DIB). Without Enable, no guest turns them off for the next.
    write_icc_sre_el2(0x7)
    barrier_instruction()
    write_icc_sre_el1(0x7)
    barrier_instruction()
    clearActivePriorities()
    write_icc_pmr(0xf0)
    write_icc_bpr1(0)
    write_icc_ctlr(1 << 1)
    write_icc_igrpen1(1)
    barrier_instruction()
  }

  /// Whoever was here before may have taken interrupts without ending them: their priorities would keep ours away for ever. There is a
  /// register for five bits of priority, two for six, four for seven (IHI 0069H §12.2.6; ICC_CTLR_EL1.PRIbits).
  private func clearActivePriorities() {
    write_icc_igrpen1(0)
    barrier_instruction()
    let bits = read_icc_ctlr() >> 8 & 7 &+ 1
    write_icc_ap1r0(0)
    if bits > 5 { write_icc_ap1r1(0) }
    if bits > 6 {
      write_icc_ap1r2(0)
      write_icc_ap1r3(0)
    }
    barrier_instruction()
  }

  /// Takes the highest pending interrupt: its INTID; 1020 to 1023 are none.
  public func acknowledge() -> UInt32 {
    let id = UInt32(truncatingIfNeeded: read_icc_iar1())
    barrier_complete()
    return id
  }

  /// Lets interrupts of the same priority come again; the acknowledged one stays active.
  public func dropPriority(_ acknowledged: UInt32) { write_icc_eoir1(UInt64(acknowledged)) }

  /// Ends an interrupt that the hypervisor served itself, after its priority was dropped.
  public func deactivate(_ acknowledged: UInt32) { write_icc_dir(UInt64(acknowledged)) }

  /// What sends the software-generated interrupt `id` to the CPU with `affinity` (the fields at their places in MPIDR_EL1):
  /// ICC_SGI1R_EL1 with a target list of one (IHI 0069H §12.2.16).
  public static func softwareInterrupt(_ id: UInt16, to affinity: UInt64) -> UInt64 {
    let own = affinity & 0xff
    let upper = (affinity >> 32 & 0xff) << 48 | (affinity >> 16 & 0xff) << 32 | (affinity >> 8 & 0xff) << 16
    return upper | (own >> 4) << 44 | UInt64(id & 15) << 24 | 1 << (own & 15)
  }

  /// Sends a software-generated interrupt.
  @inline(__always)
  public func send(_ softwareInterrupt: UInt64) {
    write_icc_sgi1r(softwareInterrupt)
    barrier_instruction()
  }
  /// Lets a private interrupt come only where no other of them waits.
  public func putLast(_ id: UInt16) { setPriority(of: id, to: 0xb0) }
  /// Has a private interrupt come before all others that wait.
  public func putFirst(_ id: UInt16) { setPriority(of: id, to: 0x90) }

  private func setPriority(of id: UInt16, to priority: UInt32) {
    let register = redistributor + Redistributor.privateFrame + Distributor.priority + UInt(id & ~3)
    let shift = UInt32(id & 3) * 8
    device_store32(register, device_load32(register) & ~(0xff << shift) | priority << shift)
  }

  /// Lets an interrupt come.
  public func enable(_ id: UInt16) { setBit(id, at: Distributor.setEnable) }
  /// Keeps an interrupt off.
  public func disable(_ id: UInt16) { setBit(id, at: Distributor.clearEnable) }
  /// Makes an interrupt not pending; a level that is high goes on asking.
  public func clearPending(_ id: UInt16) { setBit(id, at: Distributor.clearPending) }
  /// Has a shared interrupt go to the CPU of that affinity, as MPIDR_EL1 has it.
  public func route(_ id: UInt16, to affinity: UInt64) {
    device_store64(distributor + Distributor.router + UInt(id) * 8, affinity & 0xff_00ff_ffff)
  }
  /// Says whether a shared interrupt, which is off, is edge-triggered. One CPU at a time: sixteen interrupts share a register.
  public func setTrigger(_ id: UInt16, isEdge: Bool) {
    let register = distributor + Distributor.configuration + UInt(id / 16) * 4
    let bit: UInt32 = 2 << (UInt32(id % 16) * 2)
    let value = device_load32(register)
    device_store32(register, isEdge ? value | bit : value & ~bit)
  }
  /// Makes an interrupt active, or not, without its being taken.
  public func setActive(_ id: UInt16, _ isActive: Bool) {
    setBit(id, at: isActive ? Distributor.setActive : Distributor.clearActive)
  }

  /// The level of the line of an active interrupt, which is level-sensitive, as its pending bit shows it.
  public func isLineHigh(_ id: UInt16) -> Bool {
    let frame = id < 32 ? redistributor + Redistributor.privateFrame : distributor
    return device_load32(frame + Distributor.setPending + UInt(id / 32) * 4) >> UInt32(id % 32) & 1 != 0
  }

  private func setBit(_ id: UInt16, at register: UInt) {
    let frame = id < 32 ? redistributor + Redistributor.privateFrame : distributor
    device_store32(frame + register + UInt(id / 32) * 4, 1 << UInt32(id % 32))
  }

  private func waitForWrites(_ register: UInt, bit: UInt32) {
    while device_load32(register) & 1 << bit != 0 { spin_hint() }
  }
}
