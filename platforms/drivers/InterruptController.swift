/// The host's interrupt controller, whichever the device tree named.
public enum InterruptController: Sendable {
  case v2(GICv2Controller)
  case v3(GICv3Controller)
  /// No GIC: the Raspberry Pi 2's and 3's.
  case bcm2836(BCM2836Controller)

  /// INTIDs from here on say that there is nothing to acknowledge.
  public static var firstSpecialID: UInt32 { 1020 }

  /// Takes the highest pending interrupt; the INTID is the low ten bits (of GICv3's 24, none above 1023 is used here).
  @inline(__always)
  public func acknowledge() -> UInt32 {
    switch self {
    case .v2(let gic): gic.acknowledge()
    case .v3(let gic): gic.acknowledge()
    case .bcm2836(let controller): controller.acknowledge()
    }
  }

  /// Lets interrupts of the same priority come again; the acknowledged one stays active.
  @inline(__always)
  public func dropPriority(_ acknowledged: UInt32) {
    switch self {
    case .v2(let gic): gic.dropPriority(acknowledged)
    case .v3(let gic): gic.dropPriority(acknowledged)
    case .bcm2836(let controller): controller.dropPriority(acknowledged)
    }
  }

  /// Ends an interrupt that the hypervisor served itself, after its priority was dropped.
  @inline(__always)
  public func deactivate(_ acknowledged: UInt32) {
    switch self {
    case .v2(let gic): gic.deactivate(acknowledged)
    case .v3(let gic): gic.deactivate(acknowledged)
    case .bcm2836(let controller): controller.deactivate(acknowledged)
    }
  }

  /// Both at once: priority drop and deactivation.
  @inline(__always)
  public func end(_ acknowledged: UInt32) {
    switch self {
    case .v2(let gic):
      gic.dropPriority(acknowledged)
      gic.deactivate(acknowledged)
    case .v3(let gic):
      gic.dropPriority(acknowledged)
      gic.deactivate(acknowledged)
    case .bcm2836(let controller):
      controller.dropPriority(acknowledged)
      controller.deactivate(acknowledged)
    }
  }

  /// Lets an interrupt come.
  public func enable(_ id: UInt16) {
    switch self {
    case .v2(let gic): gic.enable(id)
    case .v3(let gic): gic.enable(id)
    case .bcm2836(let controller): controller.enable(id)
    }
  }

  /// Lets a private interrupt come only where no other of them waits.
  public func putLast(_ id: UInt16) {
    switch self {
    case .v2(let gic): gic.putLast(id)
    case .v3(let gic): gic.putLast(id)
    // Without priorities, the timers come first by the order in which it is asked.
    case .bcm2836: break
    }
  }

  /// Has a private interrupt come before all others that wait.
  public func putFirst(_ id: UInt16) {
    switch self {
    case .v2(let gic): gic.putFirst(id)
    case .v3(let gic): gic.putFirst(id)
    case .bcm2836: break
    }
  }

  /// Keeps an interrupt off.
  public func disable(_ id: UInt16) {
    switch self {
    case .v2(let gic): gic.disable(id)
    case .v3(let gic): gic.disable(id)
    case .bcm2836(let controller): controller.setActive(id, true)
    }
  }

  /// Ends an acknowledged interrupt that nobody wants, and that `disable` has turned off or is about to.
  public func abandon(_ acknowledged: UInt32) {
    switch self {
    case .v2(let gic): gic.deactivate(acknowledged)
    case .v3(let gic): gic.deactivate(acknowledged)
    // To end it there is to let it come again: it stays masked until `enable`.
    case .bcm2836: break
    }
  }

  /// Makes an interrupt not pending; a level that is high goes on asking.
  public func clearPending(_ id: UInt16) {
    switch self {
    case .v2(let gic): gic.clearPending(id)
    case .v3(let gic): gic.clearPending(id)
    // All lines are levels.
    case .bcm2836: break
    }
  }

  /// Has a shared interrupt go to the CPU that runs this; `affinity` is its own, as MPIDR_EL1 has it.
  public func route(_ id: UInt16, affinity: UInt64) {
    switch self {
    case .v2(let gic): gic.route(id)
    case .v3(let gic): gic.route(id, to: affinity)
    // All peripherals' interrupts go to one core, which was chosen at boot.
    case .bcm2836: break
    }
  }

  /// Says whether a shared interrupt, which is off, is edge-triggered. One CPU at a time.
  public func setTrigger(_ id: UInt16, isEdge: Bool) {
    switch self {
    case .v2(let gic): gic.setTrigger(id, isEdge: isEdge)
    case .v3(let gic): gic.setTrigger(id, isEdge: isEdge)
    case .bcm2836: break
    }
  }

  /// Makes an interrupt active, or not, without its being taken.
  public func setActive(_ id: UInt16, _ isActive: Bool) {
    switch self {
    case .v2(let gic): gic.setActive(id, isActive)
    case .v3(let gic): gic.setActive(id, isActive)
    case .bcm2836(let controller): controller.setActive(id, isActive)
    }
  }

  /// The level of the line of an interrupt that is active: a level-sensitive one, shared or of this CPU's.
  @inline(never)
  public func isLineHigh(_ id: UInt16) -> Bool {
    switch self {
    case .v2(let gic): gic.isLineHigh(id)
    case .v3(let gic): gic.isLineHigh(id)
    case .bcm2836(let controller): controller.isLineHigh(id)
    }
  }

  /// What other CPUs give to `send` to send the software-generated interrupt `id` to the CPU that runs this; `affinity` is its
  /// own, as MPIDR_EL1 has it.
  public func softwareInterrupt(_ id: UInt16, affinity: UInt64) -> UInt64 {
    switch self {
    case .v2(let gic): gic.softwareInterruptToSelf(id)
    case .v3: GICv3Controller.softwareInterrupt(id, to: affinity)
    case .bcm2836(let controller): controller.softwareInterruptToSelf(id)
    }
  }

  /// Sends a software-generated interrupt: one register's value, made beforehand by the CPU that gets it.
  @inline(__always)
  public func send(_ softwareInterrupt: UInt64) {
    switch self {
    case .v2(let gic): gic.send(softwareInterrupt)
    case .v3(let gic): gic.send(softwareInterrupt)
    case .bcm2836(let controller): controller.send(softwareInterrupt)
    }
  }

  /// Brings the private interrupts, all off, and the interface of the CPU that runs this up.
  public func initializeCPU() {
    switch self {
    case .v2(let gic): gic.initializeCPU()
    case .v3(let gic): gic.initializeCPU()
    case .bcm2836(let controller): controller.initializeCPU()
    }
  }

  /// How many interrupt IDs there are, 32 to 1020.
  public var interruptCount: Int {
    switch self {
    case .v2(let gic): gic.interruptCount
    case .v3(let gic): gic.interruptCount
    case .bcm2836(let controller): controller.interruptCount
    }
  }
}
