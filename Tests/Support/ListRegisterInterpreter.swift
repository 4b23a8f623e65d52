public import Architecture

/// The virtual CPU interface of one CPU, as the architecture manuals describe it and with no idea of the model under
/// test: list registers on the hypervisor's side (IHI 0048B §5.3, IHI 0069 §6.3 and §12.4), and the guest's acknowledge,
/// priority drop and deactivation on the other (`GuestInterface.swift`).
///
/// It is adversarial where the manuals leave room: list registers start with another guest's leftovers, lower priority
/// bits are lost, fields that share bits overwrite each other, what GICv3's masks show of a write waits for the guest or for
/// `synchronizeMasks`, and whatever software must not do is noted in `violations`.
public struct ListRegisterInterpreter: ListRegisters {
  /// Which architecture's CPU interface this is.
  public let version: GICVersion
  /// How many list registers there are.
  public let count: Int
  /// How many bits of a priority decide about preemption, of the eight that the active priorities have room for: 5 to 7.
  public let preemptionBitCount: Int
  /// HCR, EOIcount included.
  public var control: InterfaceControl = [] {
    didSet { if control.contains(.enabled) { checkForDuplicates() } }
  }
  /// What software did that the manuals forbid or leave unpredictable.
  public internal(set) var violations: [String] = []
  /// Physical INTIDs that the guest's deactivations have deactivated, in order.
  public internal(set) var deactivatedPhysicalIDs: [UInt16] = []
  /// Deactivations that found no list register, ever.
  public internal(set) var unmatchedCount = 0
  /// Whether deactivations can be had to trap.
  public var trapsDeactivations = true
  /// The physical interrupts that have a level, and whether it is high.
  public var lines: [UInt16: Bool] = [:]
  /// What `machineControl` was last given, reserved bits and all.
  public private(set) var writtenMachineControl: UInt32 = 0
  /// How many bits a priority mask has, of which GICv2's has five.
  public var priorityBitCount = 5
  /// How many list registers have been read.
  public var readCount: Int { reads.count }
  /// How many list registers have been written.
  public internal(set) var writeCount = 0

  var registers: [ListRegister]
  /// What the masks are made of.
  private var shown: [ListRegister] = []
  private let reads = Counter()
  var machine: UInt32 = 0xffff_ffff
  var activePriorities = [UInt32](repeating: 0xdead_beef, count: 8)

  /// An interface with `count` list registers, which hold leftovers. GICv2 has five bits of preemption.
  public init(version: GICVersion, count: Int, preemptionBitCount: Int = 5) {
    precondition((1...16).contains(count))
    precondition((5...7).contains(preemptionBitCount) && (version == .v3 || preemptionBitCount == 5))
    self.version = version
    self.count = count
    self.preemptionBitCount = preemptionBitCount
    registers = (0..<count).map {
      ListRegister(virtualID: 900 + UInt16($0), priority: 0, state: $0 % 2 == 0 ? .pending : .active, isGroup1: true)
    }
    shown = registers
  }

  /// Synchronizes, as an exception's entry and return do, too.
  public mutating func synchronizeMasks() { shown = registers }

  /// One list register. Reads and writes are counted; a value read back shows what hardware has room for.
  public subscript(index: Int) -> ListRegister {
    get {
      reads.count += 1
      return registers[index]
    }
    set {
      writeCount += 1
      check(newValue)
      registers[index] = stored(newValue)
      if control.contains(.enabled) { checkForDuplicates() }
    }
  }

  /// ELRSR: inactive, and no end of interrupt to be seen.
  public var emptyMask: UInt32 {
    mask { $0.state == .inactive && ($0.physicalID != nil || !$0.signalsEndOfInterrupt) }
  }

  /// EISR: inactive, without the HW bit, with the EOI bit.
  public var endOfInterruptMask: UInt32 { mask(Self.isEnded) }

  private static func isEnded(_ register: ListRegister) -> Bool {
    register.state == .inactive && register.physicalID == nil && register.signalsEndOfInterrupt
  }

  /// The bits of VPMR below the five that each interface has: ICH_VTR_EL2.PRIbits may say more.
  private var lowMaskBits: UInt32 { (0xff00_0000 as UInt32) << UInt32(8 - priorityBitCount) & 0x0700_0000 }

  /// GICH_VMCR or ICH_VMCR_EL2 with reserved bits zero and the binary points no less than five bits of priority allow.
  public var machineControl: UInt32 {
    get { machine }
    set {
      writtenMachineControl = newValue
      var value = newValue & 0xf8fc_021f
      if value >> 21 & 7 < 2 { value = value & ~(7 << 21) | 2 << 21 }
      if value >> 18 & 7 < 3 { value = value & ~(7 << 18) | 3 << 18 }
      if version == .v3 { value |= 1 << 3 | newValue & lowMaskBits }
      machine = value
    }
  }

  /// For each group as many as there are levels in units of 32.
  public var activePriorityCount: Int { 1 << (preemptionBitCount - 5) }

  /// The active priorities: GICv2's APR at 0, GICv3's AP0R<n> from 0 and AP1R<n> from 4 on.
  public subscript(activePriorities index: Int) -> UInt32 {
    get { hasActivePriorities(index) ? activePriorities[index] : 0 }
    set { if hasActivePriorities(index) { activePriorities[index] = newValue } }
  }

  /// True while the maintenance interrupt is asserted: one of the reasons of MISR holds and is asked for
  /// (IHI 0048B §5.3.4, IHI 0069 §12.4 ICH_MISR_EL2).
  public var isMaintenanceAsserted: Bool {
    guard control.contains(.enabled) else { return false }
    let held = registers.count { $0.state != .inactive }
    let reasons: [(InterfaceControl, Bool)] = [
      (.underflow, held <= 1),
      (.missedEnd, control.missedEndCount != 0),
      (.noPending, !registers.contains { $0.state == .pending }),
      (.group0Enabled, machine & 1 != 0), (.group0Disabled, machine & 1 == 0),
      (.group1Enabled, machine & 2 != 0), (.group1Disabled, machine & 2 == 0),
    ]
    return registers.contains(where: Self.isEnded) || reasons.contains { control.contains($0) && $1 }
  }

  /// What the host's interrupt controller says of a line.
  public func isLineHigh(ofPhysical id: UInt16) -> Bool? { lines[id] }

  /// True where the guest's deactivations come to the hypervisor: GICv2's always, GICv3's by TDIR.
  public var isDeactivationTrapped: Bool {
    trapsDeactivations && (version == .v2 || control.contains(.deactivationTrap))
  }

  /// The list registers that are not inactive, without counting as reads.
  public var contents: [ListRegister] { registers.filter { $0.state != .inactive } }

  private func hasActivePriorities(_ index: Int) -> Bool {
    index % 4 < activePriorityCount && (version == .v3 || index < 4)
  }

  private func mask(_ isMember: (ListRegister) -> Bool) -> UInt32 {
    let registers = version == .v3 ? shown : registers
    return registers.indices.reduce(0) { $0 | (isMember(registers[$1]) ? 1 << UInt32($1) : 0) }
  }

  /// Five bits of priority; GICv2's physical INTID shares its bits with the source and the EOI bit, as GICv3's does with
  /// the EOI bit.
  private func stored(_ value: ListRegister) -> ListRegister {
    var stored = value
    stored.priority &= 0xf8
    if value.physicalID != nil {
      stored.signalsEndOfInterrupt = false
      stored.source = 0
    }
    if version == .v3 { stored.source = 0 }
    return stored
  }

  private mutating func check(_ value: ListRegister) {
    guard value.state != .inactive else { return }
    let id = value.virtualID
    if value.physicalID != nil && value.state == .pendingAndActive {
      violations.append("\(id) pending and active with HW")
    }
    if let physicalID = value.physicalID, physicalID < 16 { violations.append("\(id) linked to SGI \(physicalID)") }
  }

  /// An interrupt in two list registers is a mistake once the interface is on; while it is off they may be filled in any
  /// order. GICv2's SGIs from different CPUs are different interrupts.
  private mutating func checkForDuplicates() {
    var seen: Set<UInt32> = []
    for register in registers where register.state != .inactive {
      let source = version == .v2 && register.virtualID < 16 ? register.source : 0
      let isNew = seen.insert(UInt32(source) << 16 | UInt32(register.virtualID)).inserted
      if !isNew { violations.append("\(register.virtualID) in two list registers") }
    }
  }
}

/// A number that a read, which changes nothing else, can count up.
private final class Counter {
  var count = 0
}
