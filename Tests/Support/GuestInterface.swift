internal import Architecture

// The guest's side of the virtual CPU interface: GICV_IAR, EOIR and DIR, or ICV_IAR<n>_EL1 and their like.

extension ListRegisterInterpreter {
  /// What an acknowledgement returned.
  public struct Acknowledgement: Equatable, Sendable {
    /// The INTID.
    public var id: UInt16
    /// Which CPU sent it, for GICv2's SGIs.
    public var source: UInt8

    /// An acknowledgement of `id` from `source`.
    public init(id: UInt16, source: UInt8 = 0) {
      self.id = id
      self.source = source
    }
  }

  /// Whether the guest separates priority drop and deactivation (VEM, VEOIM).
  public var separatesDeactivation: Bool {
    get { control >> 9 & 1 != 0 }
    set { control = control & ~(1 << 9) | (newValue ? 1 << 9 : 0) }
  }

  /// The guest's priority mask (VMPriMask, VPMR).
  public var priorityMask: UInt8 {
    get { UInt8(control >> 24) }
    set { control = control & 0x00ff_ffff | UInt32(newValue & 0xf8) << 24 }
  }

  /// Turns the guest's group 0 and group 1 on or off (VMGrp0En and VMGrp1En, VENG0 and VENG1).
  public mutating func enableGroups(_ group0: Bool, _ group1: Bool) {
    control = control & ~3 | (group0 ? 1 : 0) | (group1 ? 2 : 0)
  }

  /// True while the guest's IRQ or FIQ is asserted.
  public var isInterruptSignalled: Bool { signalledIndex != nil }

  /// The running priority: of the most urgent active group priority, or 0xff where there is none.
  public var runningPriority: UInt8 {
    let active = version == .v2 ? activePriorities[0] : activePriorities[0] | activePriorities[4]
    return active == 0 ? 0xff : UInt8(active.trailingZeroBitCount) << 3
  }

  /// Acknowledges the interrupt that is signalled, whichever its group; nil is a spurious interrupt.
  public mutating func acknowledge() -> Acknowledgement? {
    guard let index = signalledIndex else { return nil }
    registers[index].state = .active
    let level = groupPriority(of: registers[index]) >> 3
    activePriorities[version == .v3 && registers[index].isGroup1 ? 4 : 0] |= 1 << UInt32(level)
    return Acknowledgement(id: registers[index].virtualID, source: registers[index].source)
  }

  /// Ends an interrupt: drops the running priority and, unless the guest separates the two, deactivates.
  public mutating func end(_ interrupt: Acknowledgement) {
    dropPriority()
    if !separatesDeactivation { deactivate(interrupt) }
  }

  /// Deactivates an interrupt (DIR, or the second half of EOIR).
  public mutating func deactivate(_ interrupt: Acknowledgement) {
    let found = registers.firstIndex {
      ($0.state == .active || $0.state == .pendingAndActive) && $0.virtualID == interrupt.id
        && (version == .v3 || interrupt.id >= 16 || $0.source == interrupt.source)
    }
    guard let found else {
      unmatchedCount += 1
      return
    }
    if let physicalID = registers[found].physicalID { deactivatedPhysicalIDs.append(physicalID) }
    registers[found].state = registers[found].state == .active ? .inactive : .pending
  }

  private mutating func dropPriority() {
    let group0 = activePriorities[0].trailingZeroBitCount
    let group1 = version == .v3 ? activePriorities[4].trailingZeroBitCount : 32
    if group0 <= group1 {
      activePriorities[0] &= activePriorities[0] &- 1
    } else {
      activePriorities[4] &= activePriorities[4] &- 1
    }
  }

  /// The list register that is signalled: the most urgent pending one of an enabled group, if the mask lets it through
  /// and it preempts what is active. Which of equals is the implementation's choice: the last one here.
  private var signalledIndex: Int? {
    guard isEnabled else { return nil }
    var best: Int?
    for index in registers.indices where registers[index].state == .pending {
      guard control & (registers[index].isGroup1 ? 2 : 1) != 0 else { continue }
      if best == nil || registers[index].priority <= registers[best!].priority { best = index }
    }
    guard let best, registers[best].priority < priorityMask else { return nil }
    return groupPriority(of: registers[best]) < runningPriority ? best : nil
  }

  /// The part of a priority that counts for preemption, as the group's binary point divides it.
  private func groupPriority(of register: ListRegister) -> UInt8 {
    let isCommon = control >> 4 & 1 != 0
    let droppedBitCount =
      register.isGroup1 && !isCommon ? control >> 18 & 7 : (control >> 21 & 7) + 1
    return register.priority & UInt8(truncatingIfNeeded: 0xff << droppedBitCount)
  }
}
