public import GuestEntry

/// The GIC of a guest with one CPU, version 2 (IHI 0048) or 3 (IHI 0069), told apart when it starts.
public struct InterruptController: Sendable {
  /// True for version 3, whose CPU interface is system registers.
  public let isVersion3: Bool

  /// The offsets that both versions share.
  public enum Register {
    /// GICD_CTLR.
    public static let control: UInt64 = 0x000
    /// GICD_TYPER.
    public static let type: UInt64 = 0x004
    /// GICD_IGROUPR0.
    public static let group: UInt64 = 0x080
    /// GICD_ISENABLER0.
    public static let setEnable: UInt64 = 0x100
    /// GICD_ICENABLER0.
    public static let clearEnable: UInt64 = 0x180
    /// GICD_ISPENDR0.
    public static let setPending: UInt64 = 0x200
    /// GICD_ICPENDR0.
    public static let clearPending: UInt64 = 0x280
    /// GICD_ICACTIVER0.
    public static let clearActive: UInt64 = 0x380
    /// GICD_IPRIORITYR0.
    public static let priority: UInt64 = 0x400
    /// GICD_ITARGETSR0, version 2.
    public static let targets: UInt64 = 0x800
    /// GICD_SGIR, version 2.
    public static let generate: UInt64 = 0xf00
    /// GICD_CPENDSGIR0, version 2.
    public static let clearGenerated: UInt64 = 0xf10
    /// GICD_IROUTER0, version 3.
    public static let route: UInt64 = 0x6000
  }

  nonisolated(unsafe) private static var started = InterruptController(isVersion3: false)

  /// The controller that `start` found.
  public static var current: InterruptController { unsafe started }

  private init(isVersion3: Bool) { self.isVersion3 = isVersion3 }

  /// Finds out the version, resets the controller to nothing enabled, and lets all priorities through.
  public static func start() {
    let controller = InterruptController(isVersion3: guest_has_gic_registers())
    unsafe started = controller
    if controller.isVersion3 { controller.wakeRedistributor() }
    controller.resetDistributor()
    if controller.isVersion3 { controller.startSystemRegisters() } else { controller.startCPUInterface() }
  }

  /// The distributor's registers.
  public var distributor: RegisterBlock { RegisterBlock(VirtMachine.distributor) }

  /// The registers of the private interrupts: the redistributor's SGI frame, or the distributor's first ones.
  public var privateRegisters: RegisterBlock {
    RegisterBlock(isVersion3 ? VirtMachine.redistributor &+ 0x1_0000 : VirtMachine.distributor)
  }

  /// How many interrupt numbers the distributor has, private ones included.
  public var interruptCount: UInt32 { min(1020, ((distributor[Register.type] & 31) &+ 1) &* 32) }

  private func resetDistributor() {
    distributor[Register.control] = 0
    waitForDistributor()
    var first: UInt32 = 0
    while first < interruptCount {
      resetGroup(first, in: first == 0 ? privateRegisters : distributor)
      first &+= 32
    }
    // Version 3: affinity routing (ARE_NS) and group 1; version 2: the one group that a guest sees.
    distributor[Register.control] = isVersion3 ? 0x12 : 1
    waitForDistributor()
  }

  private func resetGroup(_ first: UInt32, in registers: RegisterBlock) {
    let offset = UInt64(first) / 8
    registers[Register.clearEnable &+ offset] = ~0
    registers[Register.clearPending &+ offset] = ~0
    registers[Register.clearActive &+ offset] = ~0
    if isVersion3 { registers[Register.group &+ offset] = ~0 }
    // Version 2 has its own registers for which SGIs are pending from whom.
    if first == 0 && !isVersion3 {
      for word in 0..<4 as Range<UInt64> { registers[Register.clearGenerated &+ word &* 4] = ~0 }
    }
    for word in 0..<8 as Range<UInt64> {
      registers[Register.priority &+ UInt64(first) &+ word &* 4] = 0xa0a0_a0a0
      if first > 0 && !isVersion3 { registers[Register.targets &+ UInt64(first) &+ word &* 4] = 0x0101_0101 }
    }
    guard first > 0, isVersion3 else { return }
    let affinity = guest_read_mpidr() & 0xff_00ff_ffff
    for number in UInt64(first)..<UInt64(min(first &+ 32, 1020)) {
      guest_store_long_register(VirtMachine.distributor &+ Register.route &+ number &* 8, affinity)
    }
  }

  private func waitForDistributor() {
    guard isVersion3 else { return }
    while distributor[Register.control] >> 31 != 0 { guest_relax() }
  }

  private func wakeRedistributor() {
    let frame = RegisterBlock(VirtMachine.redistributor)
    frame[0x14] = frame[0x14] & ~2
    while frame[0x14] & 4 != 0 { guest_relax() }
  }

  /// The active priorities too: an interrupt that was acknowledged and never ended would hold back all others.
  private func startCPUInterface() {
    let cpu = RegisterBlock(VirtMachine.cpuInterface)
    cpu[0x00] = 0
    cpu[0xd0] = 0
    cpu[0x04] = 0xf0
    cpu[0x08] = 0
    cpu[0x00] = 1
  }

  private func startSystemRegisters() {
    guest_write_icc_sre(guest_read_icc_sre() | 1)
    guest_write_icc_ap1r0(0)
    guest_write_icc_pmr(0xf0)
    guest_write_icc_bpr1(0)
    guest_write_icc_ctlr(0)
    guest_write_icc_igrpen1(1)
  }
}
