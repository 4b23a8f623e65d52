public import Architecture

/// A GICv2's virtual CPU interface in memory, for CPUs whose machine has none: list registers on the hypervisor's side
/// (GICH, IHI 0048B §5.3), and in `SoftwareCPUInterface+Guest.swift` the registers that the guest takes for its CPU interface
/// (GICV, §5.5). It belongs to one physical CPU, as hardware's does.
///
/// The hardware's part that remains is to tell the guest: `line` says which of its virtual interrupts is up. There is no
/// physical interrupt behind a list register: whoever fills them uses no HW bit (see `VirtualGIC.usesHardwareLinks`).
public struct SoftwareCPUInterface: ListRegisters, Sendable {
  /// How many list registers there are: as many as the architecture has room for, since each that is missing costs exits.
  public let count: Int
  /// What the guest's interface says to the guest's CPU.
  public private(set) var line = Line.low

  /// Which virtual interrupt of the guest's CPU is up (HCR_EL2.VI, HCR_EL2.VF).
  public enum Line: UInt8, Sendable {
    case low
    case interrupt
    case fastInterrupt
  }

  private var registers: [16 of ListRegister] = .init(repeating: .empty)
  /// One bit for each list register in the state pending.
  private var pending: UInt32 = 0
  /// One bit for each list register that is not inactive.
  private var held: UInt32 = 0
  /// One bit for each list register whose end of interrupt waits to be seen.
  private var ended: UInt32 = 0
  /// GICH_VMCR.
  private(set) var machine: UInt32 = 2 << 21 | 3 << 18
  /// GICH_APR.
  private(set) var active: UInt32 = 0
  private var hypervisorControl: InterfaceControl = []
  /// The list register that is signalled, or -1.
  private(set) var signalled = -1
  /// The INTID that is signalled, or nil.
  public var signalledInterrupt: UInt16? { signalled >= 0 ? registers[signalled].virtualID : nil }

  /// An interface with `count` list registers, 1 to 16, all empty, and turned off.
  public init(count: Int = 16) {
    precondition(1...16 ~= count)
    self.count = count
  }

  /// One list register.
  public subscript(index: Int) -> ListRegister {
    get { registers[index] }
    set {
      precondition(index < count)
      put(newValue, at: index)
      update()
    }
  }

  /// What GICH_ELRSR would read.
  @inline(__always)
  public var emptyMask: UInt32 { ~(held | ended) & ((1 &<< UInt32(count)) &- 1) }

  /// What GICH_EISR would read.
  public var endOfInterruptMask: UInt32 { ended }

  /// GICH_VMCR: VMPriMask 31:27, VMBP 23:21 and VMABP 20:18, no less than five bits of priority allow, VEM 9, VMCBPR 4,
  /// VMFIQEn 3, VMAckCtl 2, VMGrp1En 1, VMGrp0En 0.
  public var machineControl: UInt32 {
    get { machine }
    set {
      machine =
        newValue & 0xf800_021f | max(newValue &>> 21 & 7, 2) &<< 21 | max(newValue &>> 18 & 7, 3) &<< 18
      update()
    }
  }

  /// One register for both groups.
  public var activePriorityCount: Int { 1 }

  /// GICH_APR at index 0; nothing at others.
  public subscript(activePriorities index: Int) -> UInt32 {
    get { index == 0 ? active : 0 }
    set {
      guard index == 0 else { return }
      active = newValue
      update()
    }
  }

  /// What GICH_HCR is.
  public var control: InterfaceControl {
    get { hypervisorControl }
    set {
      hypervisorControl = newValue
      update()
    }
  }

  /// True while hardware would hold the maintenance interrupt up: a reason of GICH_MISR that GICH_HCR asks for
  /// (IHI 0048B §5.3.4). It is looked at after each access of the guest's, in place: a call would copy all of this.
  public var needsMaintenance: Bool {
    @inline(__always) get {
      guard hypervisorControl.contains(.enabled) else { return false }
      return ended != 0 || hypervisorControl.rawValue & 0xfe != 0 && isAskedForMaintenance
    }
  }

  private var isAskedForMaintenance: Bool {
    isAsked(.underflow, held & (held &- 1) == 0)
      || isAsked(.missedEnd, hypervisorControl.missedEndCount != 0)
      || isAsked(.noPending, pending == 0)
      || isAsked(machine & 1 != 0 ? .group0Enabled : .group0Disabled, true)
      || isAsked(machine & 2 != 0 ? .group1Enabled : .group1Disabled, true)
  }

  private func isAsked(_ reason: InterfaceControl, _ holds: Bool) -> Bool {
    holds && hypervisorControl.contains(reason)
  }

  /// Keeps what hardware has room for: five bits of priority.
  private mutating func put(_ value: ListRegister, at index: Int) {
    let bit: UInt32 = 1 &<< UInt32(truncatingIfNeeded: index)
    let value = ListRegister(rawValue: value.rawValue & ~(7 &<< 48))
    registers[index] = value
    let state = value.rawValue &>> 62
    pending = state == 1 ? pending | bit : pending & ~bit
    held = state != 0 ? held | bit : held & ~bit
    ended = state == 0 && value.signalsEndOfInterrupt ? ended | bit : ended & ~bit
  }
}

// What the guest's accesses do to the list registers.

extension SoftwareCPUInterface {
  /// The most urgent pending interrupt of a group that the guest has enabled, masked or not: its list register, or -1. Which
  /// of equals is nobody's business: the last one here.
  var mostUrgent: Int {
    var found = -1
    var priority: UInt8 = 0xff
    var mask = pending
    while mask != 0 {
      let index = mask.trailingZeroBitCount
      mask &= mask &- 1
      let value = registers[index]
      guard machine & (value.isGroup1 ? 2 : 1) != 0, value.priority <= priority else { continue }
      priority = value.priority
      found = index
    }
    return found
  }

  /// The most urgent group priority that is active, or 0xff for none (GICV_RPR).
  var runningPriority: UInt32 { active == 0 ? 0xff : UInt32(active.trailingZeroBitCount) &<< 3 }

  /// Finds out what is signalled now: the most urgent pending interrupt, if the mask lets it through and it preempts what is
  /// active (IHI 0048B §3.3).
  private mutating func update() {
    signalled = -1
    line = .low
    guard pending != 0, hypervisorControl.contains(.enabled) else { return }
    let index = mostUrgent
    guard index >= 0 else { return }
    let value = registers[index]
    guard UInt32(value.priority) < machine &>> 24, groupPriority(of: value) < runningPriority else { return }
    signalled = index
    line = !value.isGroup1 && machine & 1 << 3 != 0 ? .fastInterrupt : .interrupt
  }

  /// The part of a priority that decides about preemption, as the group's binary point divides it.
  private func groupPriority(of value: ListRegister) -> UInt32 {
    let isCommon = machine & 1 << 4 != 0
    let droppedBitCount = value.isGroup1 && !isCommon ? machine &>> 18 & 7 : (machine &>> 21 & 7) &+ 1
    return (UInt32(value.priority) &>> droppedBitCount) &<< droppedBitCount
  }

  /// Makes the signalled interrupt active.
  mutating func activateSignalled() {
    var value = registers[signalled]
    active |= 1 &<< (groupPriority(of: value) &>> 3)
    value.state = .active
    put(value, at: signalled)
    update()
  }

  /// Drops the running priority, and deactivates unless the guest separates the two (VEM).
  mutating func end(_ id: UInt16, source: UInt8) {
    active &= active &- 1
    if machine & 1 << 9 == 0 { deactivate(id, source: source) }
    update()
  }

  /// Deactivates where the guest separates that from the drop of the running priority; else the architecture leaves the
  /// access unpredictable, and it does nothing.
  mutating func deactivateSeparately(_ id: UInt16, source: UInt8) {
    guard machine & 1 << 9 != 0 else { return }
    deactivate(id, source: source)
    update()
  }

  /// Ends the active interrupt, or counts an end that no list register has (EOICount, of five bits). GICv2's SGIs of
  /// different CPUs are different interrupts.
  private mutating func deactivate(_ id: UInt16, source: UInt8) {
    var mask = held & ~pending
    while mask != 0 {
      let index = mask.trailingZeroBitCount
      mask &= mask &- 1
      var value = registers[index]
      guard value.virtualID == id, id >= 16 || value.source == source else { continue }
      value.isActive = false
      return put(value, at: index)
    }
    hypervisorControl = InterfaceControl(rawValue: hypervisorControl.rawValue &+ 1 &<< 27)
  }

  /// What the guest changed in GICH_VMCR.
  mutating func setMachineControl(_ mask: UInt32, _ value: UInt32) {
    machineControl = machine & ~mask | value & mask
  }
}
