internal import ArmRegisters

/// Finds out whether a guest's end of an interrupt, through a list register with the HW bit, lets the physical interrupt
/// come again when its line is still up (IHI 0048B §5.2.2).
///
/// There are GICs, emulated ones among them, that deactivate the interrupt and forget to look at the line: the next
/// timer tick would never come. The probe plays it through with the hypervisor's own timer before any guest runs.
public struct GICv2LinkProbe {
  private let interface: UInt
  private let hypervisorInterface: UInt
  private let virtualInterface: UInt

  /// A probe through the mapped GICC, GICH and GICV registers of the CPU that runs this.
  public init(interface: UInt, hypervisorInterface: UInt, virtualInterface: UInt) {
    self.interface = interface
    self.hypervisorInterface = hypervisorInterface
    self.virtualInterface = virtualInterface
  }

  /// True where the link works. `timerInterrupt` is the INTID of the EL2 physical timer, enabled and not used yet.
  public func run(timerInterrupt id: UInt32) -> Bool {
    // The line goes up and stays up.
    write_cnthp_cval(0)
    write_cnthp_ctl(1)
    barrier_instruction()
    defer { cleanUp(id) }
    // Take the interrupt and hand it to the list register.
    guard waitForPending(id) else { return false }
    device_store32(interface + Register.endOfInterrupt, device_load32(interface + Register.acknowledge))
    device_store32(hypervisorInterface + Register.virtualControl, 0x1f << 27 | 1)
    device_store32(hypervisorInterface + Register.listRegister, 1 << 31 | 1 << 28 | id << 10 | id)
    device_store32(hypervisorInterface + Register.hypervisorControl, 1)
    // What a guest's handler does.
    let taken = device_load32(virtualInterface + Register.acknowledge)
    device_store32(virtualInterface + Register.endOfInterrupt, taken)
    return taken & 0x3ff == id && waitForPending(id)
  }

  /// The distributor may take a moment, but not long: a bound stands in for a clock.
  private func waitForPending(_ id: UInt32) -> Bool {
    for _ in 0..<1000 {
      if device_load32(interface + Register.highestPending) & 0x3ff == id { return true }
      spin_hint()
    }
    return false
  }

  private func cleanUp(_ id: UInt32) {
    write_cnthp_ctl(0)
    barrier_instruction()
    device_store32(interface + Register.deactivate, id)
    device_store32(hypervisorInterface + Register.hypervisorControl, 0)
    device_store32(hypervisorInterface + Register.listRegister, 0)
    device_store32(hypervisorInterface + Register.activePriorities, 0)
    device_store32(hypervisorInterface + Register.virtualControl, 0)
  }

  private enum Register {
    static let acknowledge: UInt = 0x00c
    static let endOfInterrupt: UInt = 0x010
    static let highestPending: UInt = 0x018
    static let deactivate: UInt = 0x1000
    static let hypervisorControl: UInt = 0x000
    static let virtualControl: UInt = 0x008
    static let activePriorities: UInt = 0x0f0
    static let listRegister: UInt = 0x100
  }
}
