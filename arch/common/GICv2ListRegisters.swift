public import Architecture
internal import ArmRegisters

/// The list registers of a GICv2 with Virtualization Extensions, through GICH (IHI 0048B §5.3).
public struct GICv2ListRegisters: ListRegisters, Sendable {
  private let base: UInt
  /// How many list registers there are, 1 to 16 here (GICH_VTR counts up to 64).
  public let count: Int

  /// The interface whose GICH registers are mapped at `base`.
  public init(control base: UInt) {
    self.base = base
    count = min(Int(device_load32(base &+ Register.vtr.rawValue) & 0x3f) + 1, 16)
  }

  private enum Register: UInt {
    case hcr = 0x000
    case vtr = 0x004
    case vmcr = 0x008
    case eisr = 0x020
    case elrsr = 0x030
    case apr = 0x0f0
    case lr = 0x100
  }

  /// GICH_LR<index>.
  public subscript(index: Int) -> ListRegister {
    get {
      precondition(index < count)
      return Self.decode(device_load32(base &+ Register.lr.rawValue &+ UInt(bitPattern: index) &* 4))
    }
    nonmutating set {
      precondition(index < count)
      device_store32(base &+ Register.lr.rawValue &+ UInt(bitPattern: index) &* 4, Self.encode(newValue))
    }
  }

  /// The first 32 bits of GICH_ELRSR.
  public var emptyMask: UInt32 { device_load32(base &+ Register.elrsr.rawValue) }
  /// The first 32 bits of GICH_EISR.
  public var endOfInterruptMask: UInt32 { device_load32(base &+ Register.eisr.rawValue) }

  /// GICH_VMCR.
  public var machineControl: UInt32 {
    get { device_load32(base &+ Register.vmcr.rawValue) }
    nonmutating set { device_store32(base &+ Register.vmcr.rawValue, newValue) }
  }

  /// One register for both groups.
  public var activePriorityCount: Int { 1 }

  /// GICH_APR at index 0; nothing at others.
  public subscript(activePriorities index: Int) -> UInt32 {
    get { index == 0 ? device_load32(base &+ Register.apr.rawValue) : 0 }
    nonmutating set { if index == 0 { device_store32(base &+ Register.apr.rawValue, newValue) } }
  }

  /// GICH_HCR.
  public var control: InterfaceControl {
    get { InterfaceControl(rawValue: device_load32(base &+ Register.hcr.rawValue)) }
    nonmutating set { device_store32(base &+ Register.hcr.rawValue, newValue.rawValue) }
  }

  /// There is one register of active priorities.
  @inline(__always)
  public func begin(
    _ activePriorities: inout [8 of UInt32], machineControl: UInt32, control: InterfaceControl
  ) -> ListRegisterMasks {
    device_store32(base &+ Register.apr.rawValue, activePriorities[0])
    device_store32(base &+ Register.vmcr.rawValue, machineControl)
    let masks = ListRegisterMasks(count: count, empty: device_load32(base &+ Register.elrsr.rawValue))
    if masks.occupied == 0 { device_store32(base &+ Register.hcr.rawValue, control.rawValue) }
    return masks
  }

  /// The other way round.
  @inline(__always)
  public func end(_ activePriorities: inout [8 of UInt32]) -> UInt32 {
    activePriorities[0] = device_load32(base &+ Register.apr.rawValue)
    device_store32(base &+ Register.hcr.rawValue, 0)
    return device_load32(base &+ Register.vmcr.rawValue)
  }

  /// GICH_LRn: HW 31, Grp1 30, State 29:28, Priority 27:23, EOI 19 or PhysicalID 19:10, CPUID 12:10, VirtualID 9:0.
  static func encode(_ register: ListRegister) -> UInt32 {
    let upper = UInt32(truncatingIfNeeded: register.rawValue &>> 32)
    let lower = UInt32(truncatingIfNeeded: register.rawValue)
    // State 31:30, HW 29, Group 28 and Priority 23:16 of the upper half.
    var raw = lower & 0x3ff | (upper & 0xf8_0000) &<< 4
    raw |= (upper &>> 30) &<< 28 | (upper & 1 &<< 28) &<< 2
    if upper & 1 &<< 29 != 0 { return raw | 1 &<< 31 | (upper & 0x3ff) &<< 10 }
    return raw | (upper &>> 24 & 7) &<< 10 | (upper & 1 &<< 9) &<< 10
  }

  /// The other way round.
  static func decode(_ raw: UInt32) -> ListRegister {
    var upper = (raw &>> 28 & 3) &<< 30 | (raw & 1 &<< 30) &>> 2 | (raw &>> 4) & 0xf8_0000
    if raw &>> 31 != 0 {
      upper |= 1 &<< 29 | raw &>> 10 & 0x3ff
    } else {
      upper |= (raw &>> 10 & 7) &<< 24 | (raw &>> 10) & 1 &<< 9
    }
    return ListRegister(rawValue: UInt64(upper) &<< 32 | UInt64(raw & 0x3ff))
  }
}
