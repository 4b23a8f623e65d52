public import Architecture

/// A register of a redistributor's RD frame (IHI 0069 §12.11).
private enum RedistributorRegister {
  case implementer
  case type(RegisterPart)
  case wake
  /// PIDR4 to PIDR7, PIDR0 to PIDR3 and CIDR0 to CIDR3, at 0 to 11.
  case identification(Int)

  /// The register at `offset`, or nil where there is none or the access is of a kind that it does not permit. GICR_CTLR
  /// is among those that there are not: without LPIs all of it is zero.
  init?(offset: UInt32, width: AccessWidth) {
    if offset & ~7 == 0x008 {
      guard let part = RegisterPart(offset: offset, width: width) else { return nil }
      self = .type(part)
      return
    }
    guard width == .word else { return nil }
    switch offset {
    case 0x0004: self = .implementer
    case 0x0014: self = .wake
    default:
      guard let index = VirtualGIC.identificationIndex(offset: offset, base: 0xffd0) else { return nil }
      self = .identification(index)
    }
  }
}

extension VirtualGIC {
  /// Where a redistributor's SGI frame begins, behind its RD frame.
  private static var softwareFrameOffset: UInt32 { 0x1_0000 }

  /// True where `synchronize` should come before this read of a redistributor's frame pair.
  public func redistributorNeedsSynchronization(offset: UInt32, width: AccessWidth, isWrite: Bool) -> Bool {
    guard offset >= Self.softwareFrameOffset else { return false }
    return needsSynchronization(offset: offset &- Self.softwareFrameOffset, width: width, isWrite: isWrite)
  }

  /// What a vCPU reads `offset` bytes into the 128 KiB frame pair of vCPU `frame`'s redistributor. There is none in a
  /// GICv2, and none of a vCPU that there is not: both read as zero.
  public func readRedistributor(offset: UInt32, frame: Int, width: AccessWidth) -> UInt64 {
    guard version == .v3, frame >= 0, frame < vcpuCount else { return 0 }
    if let register = privateRegister(offset, width) { return read(register, vcpu: frame) }
    switch RedistributorRegister(offset: offset, width: width) {
    case .implementer: return UInt64(Self.implementer)
    case .type(let part): return part.extract(from: redistributorType(frame))
    case .wake: return interfaces[frame].isAsleep ? 0b110 : 0
    case .identification(let index): return identification(index)
    case nil: return 0
    }
  }

  /// Does what a vCPU writes `offset` bytes into the frame pair of vCPU `frame`'s redistributor.
  public mutating func writeRedistributor(offset: UInt32, frame: Int, width: AccessWidth, value: UInt64) {
    finish(beginRedistributorWrite(offset: offset, frame: frame, width: width, value: value))
  }

  /// Does as much of it as is done at once, and says what is left.
  public mutating func beginRedistributorWrite(
    offset: UInt32, frame: Int, width: AccessWidth, value: UInt64
  ) -> UnfinishedWrite {
    guard version == .v3, frame >= 0, frame < vcpuCount else { return .none }
    if let register = privateRegister(offset, width) { return write(register, value: value, vcpu: frame) }
    // GICR_WAKER: ChildrenAsleep follows ProcessorSleep at once. Interrupts arrive all the same, as to a CPU whose power
    // management needs no such handshake.
    if case .wake = RedistributorRegister(offset: offset, width: width) { interfaces[frame].isAsleep = value & 2 != 0 }
    return .none
  }

  /// From the distributor's start to the last redistributor's end.
  static var windowSize: UInt64 {
    GuestMachine.redistributors.end.rawValue &- GuestMachine.distributor.start.rawValue
  }

  /// What the register `offset` bytes after the distributor's start always reads as, nil where it is none of those: it can
  /// be read while others change the model.
  @inline(never)
  @_optimize(speed)
  func constantRegister(at offset: UInt64, width: AccessWidth) -> UInt64? {
    let place = offset &- (GuestMachine.redistributors.start.rawValue &- GuestMachine.distributor.start.rawValue)
    if place < offset {
      let frame = Int(truncatingIfNeeded: place / GuestMachine.redistributorSize)
      let register = UInt32(truncatingIfNeeded: place % GuestMachine.redistributorSize)
      guard version == .v3, frame < vcpuCount, register < Self.softwareFrameOffset else { return nil }
      switch RedistributorRegister(offset: register, width: width) {
      case .type(let part): return part.extract(from: redistributorType(frame))
      case .implementer: return UInt64(Self.implementer)
      case .identification(let index): return identification(index)
      case .wake, nil: return nil
      }
    }
    if offset == 8 && width == .word { return UInt64(Self.implementer) }
    let base: UInt64 = version == .v2 ? 0xfd0 : 0xffd0
    let distance = offset &- base
    guard distance < 0x30, distance & 3 == 0, width == .word else { return nil }
    return identification(Int(truncatingIfNeeded: distance / 4))
  }

  /// The array of SGI and PPI fields at `offset`, if it lies in the SGI frame.
  private func privateRegister(_ offset: UInt32, _ width: AccessWidth) -> InterruptRegister? {
    guard offset >= Self.softwareFrameOffset else { return nil }
    let register = InterruptRegister(offset: offset &- Self.softwareFrameOffset, width: width, version: version)
    guard let register, register.firstID < 32 else { return nil }
    return register
  }

  /// GICR_TYPER: affinity in the upper word, the processor number, and whether this is the last redistributor.
  private func redistributorType(_ vcpu: Int) -> UInt64 {
    let affinity = UInt64(vcpu >> 4) << 8 | UInt64(vcpu & 15)
    return affinity << 32 | UInt64(vcpu) << 8 | (vcpu == vcpuCount &- 1 ? 1 << 4 : 0)
  }
}
