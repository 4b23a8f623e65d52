public import Architecture

/// The list registers that this host has, whichever its device tree named: decided once at boot, an easily predicted
/// branch after that.
public enum HostListRegisters: ListRegisters, Sendable {
  case v2(GICv2ListRegisters)
  case v3(GICv3ListRegisters)

  public var count: Int {
    switch self {
    case .v2(let gic): gic.count
    case .v3(let gic): gic.count
    }
  }

  public subscript(index: Int) -> ListRegister {
    get {
      switch self {
      case .v2(let gic): gic[index]
      case .v3(let gic): gic[index]
      }
    }
    nonmutating set {
      switch self {
      case .v2(let gic): gic[index] = newValue
      case .v3(let gic): gic[index] = newValue
      }
    }
  }

  public var emptyMask: UInt32 {
    switch self {
    case .v2(let gic): gic.emptyMask
    case .v3(let gic): gic.emptyMask
    }
  }

  public var endOfInterruptMask: UInt32 {
    switch self {
    case .v2(let gic): gic.endOfInterruptMask
    case .v3(let gic): gic.endOfInterruptMask
    }
  }

  public var machineControl: UInt32 {
    get {
      switch self {
      case .v2(let gic): gic.machineControl
      case .v3(let gic): gic.machineControl
      }
    }
    nonmutating set {
      switch self {
      case .v2(let gic): gic.machineControl = newValue
      case .v3(let gic): gic.machineControl = newValue
      }
    }
  }

  public subscript(activePriorities index: Int) -> UInt32 {
    get {
      switch self {
      case .v2(let gic): gic[activePriorities: index]
      case .v3(let gic): gic[activePriorities: index]
      }
    }
    nonmutating set {
      switch self {
      case .v2(let gic): gic[activePriorities: index] = newValue
      case .v3(let gic): gic[activePriorities: index] = newValue
      }
    }
  }

  public var isEnabled: Bool {
    get {
      switch self {
      case .v2(let gic): gic.isEnabled
      case .v3(let gic): gic.isEnabled
      }
    }
    nonmutating set {
      switch self {
      case .v2(let gic): gic.isEnabled = newValue
      case .v3(let gic): gic.isEnabled = newValue
      }
    }
  }

  public var signalsNoPending: Bool {
    get {
      switch self {
      case .v2(let gic): gic.signalsNoPending
      case .v3(let gic): gic.signalsNoPending
      }
    }
    nonmutating set {
      switch self {
      case .v2(let gic): gic.signalsNoPending = newValue
      case .v3(let gic): gic.signalsNoPending = newValue
      }
    }
  }
}
