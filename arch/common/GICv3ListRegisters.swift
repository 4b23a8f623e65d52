public import Architecture
internal import ArmRegisters

/// The list registers of a GICv3 CPU interface, through the ICH system registers (IHI 0069H §12.4).
public struct GICv3ListRegisters: ListRegisters, Sendable {
  /// How many list registers there are, 1 to 16.
  public let count: Int
  /// How many active-priority registers each group has: 1, 2 or 4, by the number of preemption bits.
  public let activePriorityCount: Int
  /// ICH_VTR_EL2.PREbits plus one.
  public let preemptionBitCount: Int

  /// The interface of the CPU that runs this.
  public init() {
    let type = read_ich_vtr()
    count = Int(type & 0xf) + 1
    preemptionBitCount = Int(type >> 26 & 7) + 1
    activePriorityCount = 1 << max(preemptionBitCount - 5, 0)
  }

  /// ICH_LR<index>_EL2.
  public subscript(index: Int) -> ListRegister {
    get { Self.decode(Self.read(index)) }
    nonmutating set { Self.write(index, Self.encode(newValue)) }
  }

  /// ICH_ELRSR_EL2.
  public var emptyMask: UInt32 { UInt32(truncatingIfNeeded: read_ich_elrsr()) }
  /// ICH_EISR_EL2.
  public var endOfInterruptMask: UInt32 { UInt32(truncatingIfNeeded: read_ich_eisr()) }

  /// Both are registers of their own, which a write of ICH_LR<n>_EL2 changes indirectly: no read sees that for certain before
  /// a context synchronization event (DDI 0487, D19.1.2).
  @inline(__always)
  public func synchronizeMasks() { barrier_instruction() }

  /// ICH_VMCR_EL2.
  public var machineControl: UInt32 {
    get { UInt32(truncatingIfNeeded: read_ich_vmcr()) }
    nonmutating set { write_ich_vmcr(UInt64(newValue)) }
  }

  /// ICH_VTR_EL2.TDS, bit 19. Without, only TC would do, which traps the priority mask as well.
  public var trapsDeactivations: Bool { read_ich_vtr() >> 19 & 1 != 0 }

  /// ICH_HCR_EL2. TC and its like, bits 10 to 13, are not used: the guest's accesses to ICC registers that have no trap
  /// of their own go to hardware.
  public var control: InterfaceControl {
    get { InterfaceControl(rawValue: UInt32(truncatingIfNeeded: read_ich_hcr())) }
    nonmutating set { write_ich_hcr(UInt64(newValue.rawValue)) }
  }

  /// ICH_AP0R<n>_EL2 at 0 to 3, ICH_AP1R<n>_EL2 at 4 to 7, as far as this CPU has them.
  public subscript(activePriorities index: Int) -> UInt32 {
    get {
      guard index & 3 < activePriorityCount else { return 0 }
      switch index {
      case 0: return UInt32(truncatingIfNeeded: read_ich_ap0r0())
      case 1: return UInt32(truncatingIfNeeded: read_ich_ap0r1())
      case 2: return UInt32(truncatingIfNeeded: read_ich_ap0r2())
      case 3: return UInt32(truncatingIfNeeded: read_ich_ap0r3())
      case 4: return UInt32(truncatingIfNeeded: read_ich_ap1r0())
      case 5: return UInt32(truncatingIfNeeded: read_ich_ap1r1())
      case 6: return UInt32(truncatingIfNeeded: read_ich_ap1r2())
      default: return UInt32(truncatingIfNeeded: read_ich_ap1r3())
      }
    }
    nonmutating set {
      guard index & 3 < activePriorityCount else { return }
      switch index {
      case 0: write_ich_ap0r0(UInt64(newValue))
      case 1: write_ich_ap0r1(UInt64(newValue))
      case 2: write_ich_ap0r2(UInt64(newValue))
      case 3: write_ich_ap0r3(UInt64(newValue))
      case 4: write_ich_ap1r0(UInt64(newValue))
      case 5: write_ich_ap1r1(UInt64(newValue))
      case 6: write_ich_ap1r2(UInt64(newValue))
      default: write_ich_ap1r3(UInt64(newValue))
      }
    }
  }

  /// Most CPUs have one register of active priorities for each group.
  @inline(__always)
  public func begin(
    _ activePriorities: inout [8 of UInt32], machineControl: UInt32, control: InterfaceControl
  ) -> ListRegisterMasks {
    write_ich_ap0r0(UInt64(activePriorities[0]))
    write_ich_ap1r0(UInt64(activePriorities[4]))
    if activePriorityCount > 1 { beginOthers(&activePriorities) }
    write_ich_vmcr(UInt64(machineControl))
    let masks = ListRegisterMasks(count: count, empty: emptyMask)
    if masks.occupied == 0 { write_ich_hcr(UInt64(control.rawValue)) }
    return masks
  }

  @inline(never)
  private func beginOthers(_ activePriorities: inout [8 of UInt32]) {
    for index in 1..<activePriorityCount {
      self[activePriorities: index] = activePriorities[index]
      self[activePriorities: index &+ 4] = activePriorities[index &+ 4]
    }
  }

  /// The other way round.
  @inline(__always)
  public func end(_ activePriorities: inout [8 of UInt32]) -> UInt32 {
    activePriorities[0] = UInt32(truncatingIfNeeded: read_ich_ap0r0())
    activePriorities[4] = UInt32(truncatingIfNeeded: read_ich_ap1r0())
    if activePriorityCount > 1 { endOthers(&activePriorities) }
    write_ich_hcr(0)
    return machineControl
  }

  @inline(never)
  private func endOthers(_ activePriorities: inout [8 of UInt32]) {
    for index in 1..<activePriorityCount {
      activePriorities[index] = self[activePriorities: index]
      activePriorities[index &+ 4] = self[activePriorities: index &+ 4]
    }
  }

  /// ICH_LR<n>_EL2 has no bits 58:56: nobody is told who sent an SGI.
  static func encode(_ register: ListRegister) -> UInt64 { register.rawValue & ~(0xf &<< 56) }

  /// The other way round; reserved bits and the upper half of vINTID, which nothing here fills, are left out.
  static func decode(_ raw: UInt64) -> ListRegister {
    let isLinked = raw &>> 61 & 1 != 0
    return ListRegister(rawValue: raw & (0xf0ff_0000_0000_ffff | (isLinked ? 0x1fff &<< 32 : 1 &<< 41)))
  }
}
