public import Architecture

/// A register of the distributor with no field per interrupt.
private enum DistributorRegister {
  case control
  case type
  case implementer
  case softwareInterrupt
  /// PIDR4 to PIDR7, PIDR0 to PIDR3 and CIDR0 to CIDR3, at 0 to 11.
  case identification(Int)
  /// GICD_IROUTER of an SPI: all of it, or one half.
  case route(id: Int, part: RegisterPart)

  /// The register at `offset`, or nil where there is none or the access is of a kind that it does not permit.
  init?(offset: UInt32, width: AccessWidth, version: GICVersion) {
    if version == .v3, offset >= 0x6100, offset < 0x7fe0 {
      guard let part = RegisterPart(offset: offset, width: width) else { return nil }
      self = .route(id: Int((offset &- 0x6000) &>> 3), part: part)
      return
    }
    guard width == .word else { return nil }
    switch (offset, version) {
    case (0x000, _): self = .control
    case (0x004, _): self = .type
    case (0x008, _): self = .implementer
    case (0xf00, .v2): self = .softwareInterrupt
    default:
      let base: UInt32 = version == .v2 ? 0xfd0 : 0xffd0
      guard let index = VirtualGIC.identificationIndex(offset: offset, base: base) else { return nil }
      self = .identification(index)
    }
  }
}

extension VirtualGIC {
  /// True where the list registers of the vCPU that is loaded should be read back (`synchronize`) before this read of the
  /// distributor, or of a redistributor where the offset is within its SGI frame. Writes never need it: what they leave to
  /// be done meets the list registers' true state in the next flush.
  @inline(__always)
  public func needsSynchronization(offset: UInt32, width: AccessWidth, isWrite: Bool) -> Bool {
    !isWrite && InterruptRegister.readsListRegisters(offset: offset)
  }

  /// What `vcpu` reads `offset` bytes into the distributor's frame (IHI 0048B §4.3, IHI 0069 §12.9). Registers that there
  /// are not, and accesses of a kind that a register does not permit, read as zero.
  public func readDistributor(offset: UInt32, width: AccessWidth, vcpu: Int) -> UInt64 {
    if offset >= 0x080, let register = interruptRegister(offset, width) { return read(register, vcpu: vcpu) }
    switch DistributorRegister(offset: offset, width: width, version: version) {
    case .control: return distributorControl
    case .type: return distributorType
    case .implementer: return UInt64(Self.implementer)
    case .identification(let index): return identification(index)
    case .route(let id, let part): return part.extract(from: route(id))
    case .softwareInterrupt, nil: return 0
    }
  }

  /// Does what `vcpu` writes `offset` bytes into the distributor's frame. What there is not is ignored.
  public mutating func writeDistributor(offset: UInt32, width: AccessWidth, value: UInt64, vcpu: Int) {
    finish(beginDistributorWrite(offset: offset, width: width, value: value, vcpu: vcpu))
  }

  /// Does as much of it as is done at once, and says what is left.
  @inline(__always)
  public mutating func beginDistributorWrite(
    offset: UInt32, width: AccessWidth, value: UInt64, vcpu: Int
  ) -> UnfinishedWrite {
    // GICD_ISENABLER, what guests write while they work: found at once.
    if offset &- 0x100 < 0x080 && width == .word && offset & 3 == 0 {
      let firstID = Int(offset &- 0x100) &* 8
      guard version == .v2 || firstID >= 32 else { return .none }
      let rest = enable(firstID, UInt32(truncatingIfNeeded: value), vcpu: vcpu)
      guard rest != 0 else { return .none }
      return UnfinishedWrite(
        InterruptRegister(field: .setEnable, firstID: firstID), fields: rest, value: rest, vcpu: vcpu)
    }
    return beginOtherWrite(offset: offset, width: width, value: value, vcpu: vcpu)
  }

  /// The same of every other register.
  @inline(never)
  private mutating func beginOtherWrite(
    offset: UInt32, width: AccessWidth, value: UInt64, vcpu: Int
  ) -> UnfinishedWrite {
    if offset >= 0x080, let register = interruptRegister(offset, width) {
      return write(register, value: value, vcpu: vcpu)
    }
    switch DistributorRegister(offset: offset, width: width, version: version) {
    case .control: return setEnabledGroups(UInt32(truncatingIfNeeded: value) & 3)
    case .softwareInterrupt: return beginSGI(register: UInt32(truncatingIfNeeded: value), vcpu: vcpu)
    case .route(let id, let part): setRoute(id, to: part.insert(value, into: route(id)))
    case .type, .implementer, .identification, nil: break
    }
    return .none
  }

  /// The implementer and revision that GICD_IIDR and GICR_IIDR read: product "T", JEP106 code of Arm.
  static var implementer: UInt32 { 0x5400_043b }

  /// Which of the twelve identification registers from `base` on is at `offset`, or nil where none is.
  static func identificationIndex(offset: UInt32, base: UInt32) -> Int? {
    let distance = offset &- base
    return distance < 0x30 && distance & 3 == 0 ? Int(distance &>> 2) : nil
  }

  /// One byte of the identification registers, which both frames of a GICv3 have (IHI 0048B §4.1.5, IHI 0069 §12.1.13):
  /// the part number and designer of `implementer`, in PIDR2 the architecture's version, and the class of a component
  /// that is no PrimeCell's but has its preamble.
  func identification(_ index: Int) -> UInt64 {
    switch index {
    case 0: 0x04
    case 4: 0x54
    case 5: 0xb0
    case 6: version == .v2 ? 0x2b : 0x3b
    case 8: 0x0d
    case 9: 0xf0
    case 10: 0x05
    case 11: 0xb1
    default: 0
    }
  }

  /// The array of fields at `offset` of the distributor. A GICv3 has SGIs and PPIs in the redistributors instead, and
  /// their fields here are RAZ/WI (affinity routing is always on).
  private func interruptRegister(_ offset: UInt32, _ width: AccessWidth) -> InterruptRegister? {
    guard let register = InterruptRegister(offset: offset, width: width, version: version) else { return nil }
    return version == .v3 && register.firstID < 32 ? nil : register
  }

  /// GICD_CTLR: the group enables; in a GICv3 also ARE and DS, which are fixed to one.
  private var distributorControl: UInt64 { UInt64(enabledGroups) | (version == .v3 ? 1 << 6 | 1 << 4 : 0) }

  /// GICD_TYPER: the number of lines in units of 32 less one; GICv2: CPUs less one; GICv3: ten bits of INTID, Aff3 is
  /// there, and no 1 of N.
  var distributorType: UInt64 {
    let lines = UInt64(truncatingIfNeeded: (interruptCount &+ 31) &>> 5 &- 1)
    return version == .v2
      ? lines | UInt64(vcpuCount &- 1) << 5
      : lines | 9 << 19 | 1 << 24 | 1 << 25
  }
}

// GICD_IROUTER (IHI 0069 §12.9): Aff3 in bits 39 to 32, Aff2 to Aff0 in bits 23 to 0, and the routing mode RES0.

extension VirtualGIC {
  private func route(_ id: Int) -> UInt64 {
    guard let slot = slot(of: id, vcpu: 0) else { return 0 }
    let route = UInt64(states[slot].route)
    return (route & 0xff00_0000) << 8 | route & 0x00ff_ffff
  }

  private mutating func setRoute(_ id: Int, to value: UInt64) {
    guard let slot = slot(of: id, vcpu: 0) else { return }
    let route = UInt32(truncatingIfNeeded: value >> 8 & 0xff00_0000 | value & 0x00ff_ffff)
    states[slot].route = route
    let target = vcpu(withAffinity: route)
    retarget(slot, to: target.map { UInt8(truncatingIfNeeded: $0) } ?? InterruptState.noTarget)
  }

  /// The vCPU whose MPIDR has these affinities: up to 16 vCPUs in each Aff1, so that an SGI's target list reaches all.
  func vcpu(withAffinity affinity: UInt32) -> Int? {
    let vcpu = Int(affinity >> 8 & 0xff) &* 16 &+ Int(affinity & 15)
    return affinity & 0xffff_00f0 == 0 && vcpu < vcpuCount ? vcpu : nil
  }
}
