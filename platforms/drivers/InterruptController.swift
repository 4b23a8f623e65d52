/// The host's interrupt controller, whichever the device tree named.
public enum InterruptController: Sendable {
  case v2(GICv2Controller)
  case v3(GICv3Controller)

  /// INTIDs from here on say that there is nothing to acknowledge.
  public static var firstSpecialID: UInt32 { 1020 }

  /// Takes the highest pending interrupt; the INTID is the low ten bits (of GICv3's 24, none above 1023 is used here).
  @inline(__always)
  public func acknowledge() -> UInt32 {
    switch self {
    case .v2(let gic): gic.acknowledge()
    case .v3(let gic): gic.acknowledge()
    }
  }

  /// Lets interrupts of the same priority come again; the acknowledged one stays active.
  @inline(__always)
  public func dropPriority(_ acknowledged: UInt32) {
    switch self {
    case .v2(let gic): gic.dropPriority(acknowledged)
    case .v3(let gic): gic.dropPriority(acknowledged)
    }
  }

  /// Ends an interrupt that the hypervisor served itself, after its priority was dropped.
  @inline(__always)
  public func deactivate(_ acknowledged: UInt32) {
    switch self {
    case .v2(let gic): gic.deactivate(acknowledged)
    case .v3(let gic): gic.deactivate(acknowledged)
    }
  }

  /// Lets an interrupt come.
  public func enable(_ id: UInt16) {
    switch self {
    case .v2(let gic): gic.enable(id)
    case .v3(let gic): gic.enable(id)
    }
  }

  /// Makes an interrupt active, or not, without its being taken.
  public func setActive(_ id: UInt16, _ isActive: Bool) {
    switch self {
    case .v2(let gic): gic.setActive(id, isActive)
    case .v3(let gic): gic.setActive(id, isActive)
    }
  }

  /// What other CPUs name this CPU by in `sendSoftwareInterrupt`; `affinity` is its own, as MPIDR_EL1 has it.
  public func ownTarget(affinity: UInt64) -> UInt64 {
    switch self {
    case .v2(let gic): gic.ownTarget
    case .v3: affinity
    }
  }

  /// Sends a software-generated interrupt to one CPU.
  @inline(__always)
  public func sendSoftwareInterrupt(_ id: UInt16, to target: UInt64) {
    switch self {
    case .v2(let gic): gic.sendSoftwareInterrupt(id, to: target)
    case .v3(let gic): gic.sendSoftwareInterrupt(id, to: target)
    }
  }

  /// Brings the private interrupts, all off, and the interface of the CPU that runs this up.
  public func initializeCPU() {
    switch self {
    case .v2(let gic): gic.initializeCPU()
    case .v3(let gic): gic.initializeCPU()
    }
  }

  /// How many interrupt IDs there are, 32 to 1020.
  public var interruptCount: Int {
    switch self {
    case .v2(let gic): gic.interruptCount
    case .v3(let gic): gic.interruptCount
    }
  }
}
