internal import Architecture

// The guest's side of the virtual CPU interface: GICV_IAR, EOIR and DIR, or ICV_IAR<n>_EL1 and their like.

extension ListRegisterInterpreter {
  /// What an acknowledgement returned.
  public struct Acknowledgement: Equatable, Sendable {
    /// The INTID.
    public var id: UInt16
    /// Which CPU sent it, for GICv2's SGIs.
    public var source: UInt8
    /// The priority that the list register had.
    public var priority: UInt8
    /// The group that the list register had.
    public var isGroup1: Bool

    /// An acknowledgement of `id` from `source`.
    public init(id: UInt16, source: UInt8 = 0, priority: UInt8 = 0, isGroup1: Bool = false) {
      self.id = id
      self.source = source
      self.priority = priority
      self.isGroup1 = isGroup1
    }
  }

  /// Whether the guest separates priority drop and deactivation (VEM, VEOIM).
  public var separatesDeactivation: Bool {
    get { machine >> 9 & 1 != 0 }
    set { machine = machine & ~(1 << 9) | (newValue ? 1 << 9 : 0) }
  }

  /// The guest's priority mask (VMPriMask, VPMR).
  public var priorityMask: UInt8 {
    get { UInt8(machine >> 24) }
    set { machine = machine & 0x00ff_ffff | UInt32(newValue & 0xff << UInt8(8 - priorityBitCount)) << 24 }
  }

  /// Turns the guest's group 0 and group 1 on or off (VMGrp0En and VMGrp1En, VENG0 and VENG1).
  public mutating func enableGroups(_ group0: Bool, _ group1: Bool) {
    machine = machine & ~3 | (group0 ? 1 : 0) | (group1 ? 2 : 0)
  }

  /// True while the guest's IRQ or FIQ is asserted.
  public var isInterruptSignalled: Bool { signalledIndex != nil }

  /// What the guest would acknowledge now.
  public var signalledInterrupt: UInt16? { signalledIndex.map { registers[$0].virtualID } }

  /// The running priority: of the most urgent active group priority, or 0xff where there is none.
  public var runningPriority: UInt8 {
    let level = min(activeLevel(ofGroup1: false) ?? .max, activeLevel(ofGroup1: true) ?? .max)
    return level == .max ? 0xff : UInt8(level << (8 - preemptionBitCount))
  }

  /// The most urgent level that is active in a group, of as many as there are bits of preemption for. GICv2 has one register
  /// for both.
  private func activeLevel(ofGroup1 isGroup1: Bool) -> Int? {
    if isGroup1 && version == .v2 { return nil }
    let first = isGroup1 ? 4 : 0
    let word = (0..<activePriorityCount).first { activePriorities[first + $0] != 0 }
    return word.map { $0 * 32 + activePriorities[first + $0].trailingZeroBitCount }
  }

  /// Acknowledges the interrupt that is signalled, whichever its group; nil is a spurious interrupt.
  public mutating func acknowledge() -> Acknowledgement? {
    defer { synchronizeMasks() }
    guard let index = signalledIndex else { return nil }
    registers[index].state = .active
    let level = Int(groupPriority(of: registers[index])) >> (8 - preemptionBitCount)
    activePriorities[(version == .v3 && registers[index].isGroup1 ? 4 : 0) + level / 32] |= 1 << UInt32(level % 32)
    return Acknowledgement(
      id: registers[index].virtualID, source: registers[index].source, priority: registers[index].priority,
      isGroup1: registers[index].isGroup1)
  }

  /// Ends an interrupt: drops the running priority and, unless the guest separates the two, deactivates.
  ///
  /// Adversarial: a list register whose priority is not the one that is dropped keeps its interrupt active for good, as
  /// in interfaces that compare the two.
  public mutating func end(_ interrupt: Acknowledgement) {
    let dropped = runningPriority
    dropPriority()
    guard !separatesDeactivation else { return }
    if let index = index(of: interrupt), groupPriority(of: registers[index]) != dropped {
      violations.append("\(interrupt.id) ended at \(dropped), held at \(registers[index].priority)")
      return
    }
    deactivate(interrupt)
  }

  /// Deactivates an interrupt (DIR, or the second half of EOIR).
  public mutating func deactivate(_ interrupt: Acknowledgement) {
    defer { synchronizeMasks() }
    let found = index(of: interrupt)
    guard let found else {
      unmatchedCount += 1
      // EOIcount wraps in its five bits.
      control = InterfaceControl(rawValue: control.rawValue &+ 1 << 27)
      return
    }
    if let physicalID = registers[found].physicalID { deactivatedPhysicalIDs.append(physicalID) }
    registers[found].state = registers[found].state == .active ? .inactive : .pending
  }

  /// The active list register of an interrupt.
  private func index(of interrupt: Acknowledgement) -> Int? {
    registers.firstIndex {
      ($0.state == .active || $0.state == .pendingAndActive) && $0.virtualID == interrupt.id
        && (version == .v3 || interrupt.id >= 16 || $0.source == interrupt.source)
    }
  }

  private mutating func dropPriority() {
    let (group0, group1) = (activeLevel(ofGroup1: false) ?? .max, activeLevel(ofGroup1: true) ?? .max)
    let level = min(group0, group1)
    guard level != .max else { return }
    activePriorities[(group0 <= group1 ? 0 : 4) + level / 32] &= ~(1 << UInt32(level % 32))
  }

  /// The list register that is signalled: the most urgent pending one of an enabled group, if the mask lets it through
  /// and it preempts what is active. Which of equals is the implementation's choice: the last one here.
  private var signalledIndex: Int? {
    guard control.contains(.enabled) else { return nil }
    var best: Int?
    for index in registers.indices where registers[index].state == .pending {
      guard machine & (registers[index].isGroup1 ? 2 : 1) != 0 else { continue }
      if best == nil || registers[index].priority <= registers[best!].priority { best = index }
    }
    guard let best, registers[best].priority < priorityMask else { return nil }
    return groupPriority(of: registers[best]) < runningPriority ? best : nil
  }

  /// The part of a priority that counts for preemption, as the group's binary point divides it.
  private func groupPriority(of register: ListRegister) -> UInt8 {
    let isCommon = machine >> 4 & 1 != 0
    let droppedBitCount =
      register.isGroup1 && !isCommon ? machine >> 18 & 7 : (machine >> 21 & 7) + 1
    return register.priority & UInt8(truncatingIfNeeded: 0xff << droppedBitCount)
  }
}
