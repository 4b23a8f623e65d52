public import Architecture

// The guest's registers of a software CPU interface, which are those of a GICv2 as Secure software sees them
// (IHI 0048B §4.4 and §5.5).

extension SoftwareCPUInterface {
  /// The registers at their offsets in the interface. Others are reserved: RAZ/WI.
  private enum Register: UInt32 {
    case control = 0x00
    case priorityMask = 0x04
    case binaryPoint = 0x08
    case acknowledge = 0x0c
    case endOfInterrupt = 0x10
    case runningPriority = 0x14
    case highestPending = 0x18
    case aliasedBinaryPoint = 0x1c
    case aliasedAcknowledge = 0x20
    case aliasedEndOfInterrupt = 0x24
    case aliasedHighestPending = 0x28
    case activePriorities = 0xd0
    case identification = 0xfc
    case deactivate = 0x1000
  }

  private static var controlMask: UInt32 { 0x21f }
  private static var nothing: UInt32 { 1023 }
  /// There is something, but of group 1, and the guest has not asked for that here (AckCtl).
  private static var otherGroup: UInt32 { 1022 }
  /// The identification of a GICv2 of Arm's, product "T" (IHI 0048B §4.4.15).
  private static var implementer: UInt32 { 0x5402_043b }

  /// Answers a load of the guest at byte `offset` of its CPU interface. Only words are there.
  public mutating func readGuestRegister(offset: UInt32, width: AccessWidth) -> UInt32 {
    guard width == .word, let register = Register(rawValue: offset) else { return 0 }
    switch register {
    case .acknowledge: return acknowledge(isAlias: false)
    case .aliasedAcknowledge: return acknowledge(isAlias: true)
    case .control: return machine & Self.controlMask
    case .priorityMask: return machine &>> 24
    case .binaryPoint: return machine &>> 21 & 7
    case .aliasedBinaryPoint: return machine &>> 18 & 7
    case .runningPriority: return runningPriority
    case .highestPending: return name(mostUrgent, isAlias: false)
    case .aliasedHighestPending: return name(mostUrgent, isAlias: true)
    case .activePriorities: return active
    case .identification: return Self.implementer
    case .endOfInterrupt, .aliasedEndOfInterrupt, .deactivate: return 0
    }
  }

  /// Answers a store of the guest at byte `offset` of its CPU interface. Only words are there.
  public mutating func writeGuestRegister(_ value: UInt32, offset: UInt32, width: AccessWidth) {
    guard width == .word, let register = Register(rawValue: offset) else { return }
    let id = UInt16(truncatingIfNeeded: value & 0x3ff)
    let source = UInt8(truncatingIfNeeded: value &>> 10 & 7)
    switch register {
    case .endOfInterrupt, .aliasedEndOfInterrupt: if id < 1020 { end(id, source: source) }
    case .deactivate: if id < 1020 { deactivateSeparately(id, source: source) }
    case .control: setMachineControl(Self.controlMask, value)
    case .priorityMask: setMachineControl(0xff << 24, value &<< 24)
    case .binaryPoint: setMachineControl(7 << 21, value &<< 21)
    case .aliasedBinaryPoint: setMachineControl(7 << 18, value &<< 18)
    case .activePriorities: self[activePriorities: 0] = value
    case .acknowledge, .aliasedAcknowledge, .runningPriority, .highestPending, .aliasedHighestPending, .identification:
      return
    }
  }

  private mutating func acknowledge(isAlias: Bool) -> UInt32 {
    let name = name(signalled, isAlias: isAlias)
    if name & 0x3ff < 1020 { activateSignalled() }
    return name
  }

  /// How the interrupt in a list register reads: INTID in bits 9:0, an SGI's source in 12:10.
  private func name(_ index: Int, isAlias: Bool) -> UInt32 {
    guard index >= 0 else { return Self.nothing }
    let value = self[index]
    if isAlias && !value.isGroup1 { return Self.nothing }
    if !isAlias && value.isGroup1 && machine & 1 << 2 == 0 { return Self.otherGroup }
    let id = UInt32(value.virtualID) & 0x3ff
    return id < 16 ? id | UInt32(value.source) &<< 10 : id
  }
}
