public import Architecture

/// Who knows the lines of the interrupts of the CPU that asks.
public protocol PhysicalLines {
  /// The same as `ListRegisters.isLineHigh(ofPhysical:)`.
  static func isLineHigh(ofPhysical id: UInt16) -> Bool?
}

/// The list registers that this host has, whichever its device tree named: decided once at boot, an easily predicted
/// branch after that. `Software` refers to those of a CPU that has none in hardware, and knows the lines of all hosts.
public enum HostListRegisters<Software: ListRegisters & PhysicalLines & Sendable>: ListRegisters, Sendable {
  case v2(GICv2ListRegisters)
  case v3(GICv3ListRegisters)
  case software(Software)

  /// How many list registers the host has.
  public var count: Int {
    switch self {
    case .v2(let gic): gic.count
    case .v3(let gic): gic.count
    case .software(let registers): registers.count
    }
  }

  /// One list register of the host.
  public subscript(index: Int) -> ListRegister {
    @inline(__always) get {
      switch self {
      case .v2(let gic): gic[index]
      case .v3(let gic): gic[index]
      case .software(let registers): registers[index]
      }
    }
    @inline(__always) nonmutating set {
      switch self {
      case .v2(let gic): gic[index] = newValue
      case .v3(let gic): gic[index] = newValue
      case .software(var registers): registers[index] = newValue
      }
    }
  }

  /// GICH_ELRSR or ICH_ELRSR_EL2.
  @inline(__always)
  public var emptyMask: UInt32 {
    switch self {
    case .v2(let gic): gic.emptyMask
    case .v3(let gic): gic.emptyMask
    case .software(let registers): registers.emptyMask
    }
  }

  /// GICH_EISR or ICH_EISR_EL2.
  public var endOfInterruptMask: UInt32 {
    switch self {
    case .v2(let gic): gic.endOfInterruptMask
    case .v3(let gic): gic.endOfInterruptMask
    case .software(let registers): registers.endOfInterruptMask
    }
  }

  /// The others have nothing to wait for.
  @inline(__always)
  public func synchronizeMasks() {
    if case .v3(let gic) = self { gic.synchronizeMasks() }
  }

  /// GICH_VMCR or ICH_VMCR_EL2.
  public var machineControl: UInt32 {
    get {
      switch self {
      case .v2(let gic): gic.machineControl
      case .v3(let gic): gic.machineControl
      case .software(let registers): registers.machineControl
      }
    }
    nonmutating set {
      switch self {
      case .v2(let gic): gic.machineControl = newValue
      case .v3(let gic): gic.machineControl = newValue
      case .software(var registers): registers.machineControl = newValue
      }
    }
  }

  /// How many active-priority registers each group has.
  public var activePriorityCount: Int {
    switch self {
    case .v2(let gic): gic.activePriorityCount
    case .v3(let gic): gic.activePriorityCount
    case .software(let registers): registers.activePriorityCount
    }
  }

  /// GICH_APR, or ICH_AP0R<n>_EL2 and ICH_AP1R<n>_EL2.
  public subscript(activePriorities index: Int) -> UInt32 {
    get {
      switch self {
      case .v2(let gic): gic[activePriorities: index]
      case .v3(let gic): gic[activePriorities: index]
      case .software(let registers): registers[activePriorities: index]
      }
    }
    nonmutating set {
      switch self {
      case .v2(let gic): gic[activePriorities: index] = newValue
      case .v3(let gic): gic[activePriorities: index] = newValue
      case .software(var registers): registers[activePriorities: index] = newValue
      }
    }
  }

  /// 5 for a GICv2.
  public var preemptionBitCount: Int {
    switch self {
    case .v2(let gic): gic.preemptionBitCount
    case .v3(let gic): gic.preemptionBitCount
    case .software(let registers): registers.preemptionBitCount
    }
  }

  /// Loads the interface by its own shortest way.
  @inline(__always)
  public func begin(
    _ activePriorities: inout [8 of UInt32], machineControl: UInt32, control: InterfaceControl
  ) -> ListRegisterMasks {
    switch self {
    case .v2(let gic): gic.begin(&activePriorities, machineControl: machineControl, control: control)
    case .v3(let gic): gic.begin(&activePriorities, machineControl: machineControl, control: control)
    case .software(var registers):
      registers.begin(&activePriorities, machineControl: machineControl, control: control)
    }
  }

  /// Saves the interface by its own shortest way.
  @inline(__always)
  public func end(_ activePriorities: inout [8 of UInt32]) -> UInt32 {
    switch self {
    case .v2(let gic): gic.end(&activePriorities)
    case .v3(let gic): gic.end(&activePriorities)
    case .software(var registers): registers.end(&activePriorities)
    }
  }

  /// ICH_VTR_EL2.TDS of a GICv3. The others' page for it is not mapped.
  public var trapsDeactivations: Bool {
    switch self {
    case .v3(let gic): gic.trapsDeactivations
    case .v2, .software: true
    }
  }

  /// What the host's interrupt controller says, or its timer.
  public func isLineHigh(ofPhysical id: UInt16) -> Bool? { Software.isLineHigh(ofPhysical: id) }

  /// GICH_HCR or ICH_HCR_EL2.
  public var control: InterfaceControl {
    get {
      switch self {
      case .v2(let gic): gic.control
      case .v3(let gic): gic.control
      case .software(let registers): registers.control
      }
    }
    nonmutating set {
      switch self {
      case .v2(let gic): gic.control = newValue
      case .v3(let gic): gic.control = newValue
      case .software(var registers): registers.control = newValue
      }
    }
  }
}
