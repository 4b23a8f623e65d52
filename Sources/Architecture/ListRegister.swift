/// One list register of the virtual CPU interface, in the terms that GICv2 (IHI 0048, GICH_LRn) and GICv3 (IHI 0069,
/// ICH_LR<n>_EL2) share.
///
/// The fields lie as in ICH_LR<n>_EL2, so that a GICv3 takes the value as it is.
public struct ListRegister: Equatable, Sendable {
  /// State 63:62, HW 61, Group 60, what GICv2 calls CPUID 58:56 (zero in GICv3), Priority 55:48, pINTID 44:32 where HW is
  /// one and else EOI 41, vINTID 15:0.
  public var rawValue: UInt64

  /// The State field.
  public enum State: UInt8, Sendable {
    case inactive = 0
    case pending = 1
    case active = 2
    case pendingAndActive = 3
  }

  /// Names the register's bits.
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// A list register with every field given.
  @inlinable public init(
    virtualID: UInt16, physicalID: UInt16? = nil, priority: UInt8, state: State, isGroup1: Bool = true,
    signalsEndOfInterrupt: Bool = false, source: UInt8 = 0
  ) {
    rawValue = UInt64(virtualID) | UInt64(priority) &<< 48 | UInt64(state.rawValue) &<< 62
    if isGroup1 { rawValue |= 1 &<< 60 }
    if let physicalID {
      self.physicalID = physicalID
    } else {
      rawValue |= UInt64(source & 7) &<< 56
      if signalsEndOfInterrupt { rawValue |= 1 &<< 41 }
    }
  }

  /// An empty list register.
  @inlinable public static var empty: ListRegister { ListRegister(rawValue: 0) }

  /// The INTID that the guest sees.
  @inlinable public var virtualID: UInt16 { UInt16(truncatingIfNeeded: rawValue) }

  /// The physical INTID, of 13 bits, that the guest's deactivation deactivates (the HW bit), or nil for a purely virtual
  /// interrupt. What is set takes the place of the source and of the signal at the end.
  @inlinable public var physicalID: UInt16? {
    get { isLinked ? UInt16(truncatingIfNeeded: rawValue &>> 32) & 0x1fff : nil }
    set {
      rawValue &= ~(0x1fff &<< 32 | 1 &<< 61 | 7 &<< 56)
      if let newValue { rawValue |= 1 &<< 61 | UInt64(newValue & 0x1fff) &<< 32 }
    }
  }

  /// True where the guest's deactivation deactivates a physical interrupt.
  @inlinable public var isLinked: Bool { rawValue &>> 61 & 1 != 0 }

  /// The priority, of which hardware keeps the upper five bits.
  @inlinable public var priority: UInt8 {
    get { UInt8(truncatingIfNeeded: rawValue &>> 48) }
    set { rawValue = rawValue & ~(0xff &<< 48) | UInt64(newValue) &<< 48 }
  }

  /// Where the interrupt stands.
  @inlinable public var state: State {
    get {
      switch rawValue &>> 62 {
      case 0: .inactive
      case 1: .pending
      case 2: .active
      default: .pendingAndActive
      }
    }
    set { rawValue = rawValue & ~(3 &<< 62) | UInt64(newValue.rawValue) &<< 62 }
  }

  /// True in the states pending and pending-and-active. Clearing it leaves the rest of the state.
  @inlinable public var isPending: Bool {
    get { rawValue &>> 62 & 1 != 0 }
    set { rawValue = newValue ? rawValue | 1 &<< 62 : rawValue & ~(1 &<< 62) }
  }

  /// True in the states active and pending-and-active. Clearing it leaves the rest of the state.
  @inlinable public var isActive: Bool {
    get { rawValue &>> 63 != 0 }
    set { rawValue = newValue ? rawValue | 1 &<< 63 : rawValue & ~(1 &<< 63) }
  }

  /// True for group 1 (IRQ).
  @inlinable public var isGroup1: Bool {
    get { rawValue &>> 60 & 1 != 0 }
    set { rawValue = newValue ? rawValue | 1 &<< 60 : rawValue & ~(1 &<< 60) }
  }

  /// Asks for a maintenance interrupt when the guest deactivates the interrupt. Only without a physical INTID: with one it
  /// is false and stays so.
  @inlinable public var signalsEndOfInterrupt: Bool {
    get { rawValue & (1 &<< 61 | 1 &<< 41) == 1 &<< 41 }
    set { if !isLinked { rawValue = newValue ? rawValue | 1 &<< 41 : rawValue & ~(1 &<< 41) } }
  }

  /// GICv2 only, and only without a physical INTID: the CPU that sent an SGI, 0 to 7.
  @inlinable public var source: UInt8 {
    get { UInt8(truncatingIfNeeded: rawValue &>> 56) & 7 }
    set { if !isLinked { rawValue = rawValue & ~(7 &<< 56) | UInt64(newValue & 7) &<< 56 } }
  }
}

/// The list registers of the CPU that asks: hardware on the target, a small interpreter of the specification in tests.
///
/// Touched only by the CPU that they belong to.
public protocol ListRegisters: ~Copyable {
  /// How many list registers the hardware has, 1 to 16.
  var count: Int { get }

  /// The list register at `index`, below `count`.
  subscript(index: Int) -> ListRegister { get set }

  /// One bit for each list register that is empty: inactive, and no end of interrupt waits to be seen
  /// (GICH_ELRSR, ICH_ELRSR_EL2).
  var emptyMask: UInt32 { get }

  /// One bit for each list register whose end of interrupt waits to be seen (GICH_EISR, ICH_EISR_EL2).
  var endOfInterruptMask: UInt32 { get }

  /// Makes the two masks show what was written to list registers since the guest ran, or since the last call. Until then they
  /// may show what was there before.
  mutating func synchronizeMasks()

  /// The guest-visible state of the CPU interface beyond the list registers: GICH_VMCR or ICH_VMCR_EL2, as hardware
  /// lays it out.
  var machineControl: UInt32 { get set }

  /// Active-priority register `group`·4 + n: v2 has only index 0 (GICH_APR); v3 has AP0R<n> at 0 to 3 and AP1R<n> at
  /// 4 to 7. Registers that the hardware does not have read as zero and ignore writes.
  subscript(activePriorities index: Int) -> UInt32 { get set }

  /// How many active-priority registers each group has, 1 to 4.
  var activePriorityCount: Int { get }

  /// How many bits of a priority decide about preemption: 5 to 7. Each value of them has its bit in the active-priority
  /// registers.
  var preemptionBitCount: Int { get }

  /// Whether the interface is on, what asks for maintenance, and how many ends of interrupts no list register had
  /// (GICH_HCR, ICH_HCR_EL2). A write sets all of it, the count too.
  var control: InterfaceControl { get set }

  /// Puts a vCPU's part of the interface into the hardware: its active priorities, numbered as above, and its machine control.
  /// Turns the interface on, by `control`, if no list register holds anything; else the caller does, who puts them right first.
  ///
  /// Changes nothing of the array, which is `inout` because it would be copied to be read. The masks are synchronized.
  mutating func begin(
    _ activePriorities: inout [8 of UInt32], machineControl: UInt32, control: InterfaceControl
  ) -> ListRegisterMasks

  /// Takes a vCPU's part of the interface out of the hardware and turns the interface off. Returns the machine control.
  mutating func end(_ activePriorities: inout [8 of UInt32]) -> UInt32

  /// Whether a guest's deactivations by themselves (GICC_DIR, ICC_DIR_EL1) can be had to trap: see
  /// `InterfaceControl.deactivationTrap`.
  var trapsDeactivations: Bool { get }

  /// The level of the line of an interrupt that is active for a list register with the HW bit, or for one without where links
  /// do not work: an SPI, or a private one of this CPU, and level-sensitive. Nil where nobody knows.
  func isLineHigh(ofPhysical id: UInt16) -> Bool?
}

/// What a CPU has in list registers, one bit for each.
public struct ListRegisterMasks: Sendable {
  /// Those that there are.
  public let all: UInt32
  /// Those that are not empty.
  public let occupied: UInt32

  /// Of `count` list registers those that are not in `empty` are occupied.
  @inlinable public init(count: Int, empty: UInt32) {
    all = (1 &<< UInt32(truncatingIfNeeded: count)) &- 1
    occupied = all & ~empty
  }
}

extension ListRegisters where Self: ~Copyable {
  /// The same by one register after the other.
  public mutating func begin(
    _ activePriorities: inout [8 of UInt32], machineControl: UInt32, control: InterfaceControl
  ) -> ListRegisterMasks {
    for index in 0..<activePriorityCount {
      self[activePriorities: index] = activePriorities[index]
      self[activePriorities: index &+ 4] = activePriorities[index &+ 4]
    }
    self.machineControl = machineControl
    let masks = ListRegisterMasks(count: count, empty: emptyMask)
    if masks.occupied == 0 { self.control = control }
    return masks
  }

  /// The same by one register after the other.
  public mutating func end(_ activePriorities: inout [8 of UInt32]) -> UInt32 {
    for index in 0..<activePriorityCount {
      activePriorities[index] = self[activePriorities: index]
      activePriorities[index &+ 4] = self[activePriorities: index &+ 4]
    }
    control = []
    return machineControl
  }

  /// GICv2's page for it is nobody's, and software sees all.
  @inlinable public var trapsDeactivations: Bool { true }

  /// Nobody looks.
  @inlinable public func isLineHigh(ofPhysical id: UInt16) -> Bool? { nil }

  /// Device memory is accessed in order (GICv2), and so is what is no hardware.
  @inlinable public mutating func synchronizeMasks() {}

  /// What every GICv2 has, and every GICv3 with one active-priority register for each group.
  @inlinable public var preemptionBitCount: Int { 5 }

  /// Turns the virtual CPU interface on or off for the vCPU that is loaded, and leaves the rest of its control alone.
  @inlinable public var isEnabled: Bool {
    get { control.contains(.enabled) }
    set { control = newValue ? control.union(.enabled) : control.subtracting(.enabled) }
  }

  /// Whether a maintenance interrupt is asked for when no list register is pending.
  @inlinable public var signalsNoPending: Bool {
    get { control.contains(.noPending) }
    set { control = newValue ? control.union(.noPending) : control.subtracting(.noPending) }
  }
}

/// The hypervisor's control of a virtual CPU interface, as GICH_HCR (IHI 0048B §5.3.1) and ICH_HCR_EL2 (IHI 0069 §12.4)
/// both lay it out. Of GICv3's traps of the guest's own registers, which lie above, all others stay off.
public struct InterfaceControl: OptionSet, Equatable, Sendable {
  /// The bits, EOIcount included.
  public let rawValue: UInt32

  /// The register's bits.
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// En: the interface signals interrupts to the guest, and maintenance.
  @inlinable public static var enabled: Self { Self(rawValue: 1 << 0) }
  /// UIE: maintenance while none or one of the list registers holds an interrupt.
  @inlinable public static var underflow: Self { Self(rawValue: 1 << 1) }
  /// LRENPIE: maintenance while `missedEndCount` is not zero.
  @inlinable public static var missedEnd: Self { Self(rawValue: 1 << 2) }
  /// NPIE: maintenance while no list register is pending.
  @inlinable public static var noPending: Self { Self(rawValue: 1 << 3) }
  /// VGrp0EIE: maintenance while the guest's interface has group 0 on.
  @inlinable public static var group0Enabled: Self { Self(rawValue: 1 << 4) }
  /// VGrp0DIE: maintenance while the guest's interface has group 0 off.
  @inlinable public static var group0Disabled: Self { Self(rawValue: 1 << 5) }
  /// VGrp1EIE: maintenance while the guest's interface has group 1 on.
  @inlinable public static var group1Enabled: Self { Self(rawValue: 1 << 6) }
  /// VGrp1DIE: maintenance while the guest's interface has group 1 off.
  @inlinable public static var group1Disabled: Self { Self(rawValue: 1 << 7) }

  /// TDIR: the guest's writes to ICC_DIR_EL1 trap, where ICH_VTR_EL2.TDS says that there is such a trap. GICv3 only.
  @inlinable public static var deactivationTrap: Self { Self(rawValue: 1 << 14) }

  /// EOIcount: how many deactivations of the guest found no list register, modulo 32.
  @inlinable public var missedEndCount: UInt32 { rawValue &>> 27 }
}
