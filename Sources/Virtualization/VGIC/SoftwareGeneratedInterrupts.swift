internal import Architecture

/// The system registers by which a GICv3 guest generates SGIs.
public enum SGIRegister: UInt8, Sendable {
  /// ICC_SGI0R_EL1: group 0.
  case group0
  /// ICC_SGI1R_EL1: group 1 of the current Security state; with a single one, an SGI of either group.
  case group1
  /// ICC_ASGI1R_EL1: group 1 of the other Security state. With a single one that leaves group 0.
  case otherGroup1
}

extension VirtualGIC {
  /// Does what `vcpu` writes to one of GICv3's SGI registers (IHI 0069 §12.2: ICC_SGI0R_EL1 and its like, which share
  /// their layout). Targets that there are not, and SGIs of a group that the register cannot generate, are ignored.
  public mutating func generateSGI(register value: UInt64, _ register: SGIRegister, vcpu: Int) {
    finish(beginSGI(register: value, register, vcpu: vcpu))
  }

  /// Does as much of it as is done at once, and says what is left.
  public mutating func beginSGI(register value: UInt64, _ register: SGIRegister, vcpu: Int) -> UnfinishedWrite {
    guard version == .v3 else { return .none }
    return requestSome(
      Int(truncatingIfNeeded: value >> 24 & 15), register, of: targets(ofRegister: value, vcpu: vcpu), source: vcpu)
  }

  /// The vCPUs that a write of `vcpu` to a GICv3's SGI register names.
  private func targets(ofRegister value: UInt64, vcpu: Int) -> UInt64 {
    if value >> 40 & 1 != 0 { return ~0 >> UInt64(64 &- vcpuCount) & ~(1 &<< UInt64(vcpu)) }
    // Aff3.Aff2.Aff1, and in the range selector and the target list the upper and the lower nibble of Aff0.
    let cluster = UInt32(
      truncatingIfNeeded: (value >> 48 & 0xff) << 24 | (value >> 32 & 0xff) << 16 | (value >> 16 & 0xff) << 8)
    let range = UInt32(truncatingIfNeeded: value >> 44 & 15) << 4
    var list = UInt32(truncatingIfNeeded: value & 0xffff)
    var targets: UInt64 = 0
    while list != 0 {
      let member = UInt32(list.trailingZeroBitCount)
      list &= list &- 1
      if let target = self.vcpu(withAffinity: cluster | range | member) { targets |= 1 &<< UInt64(target) }
    }
    return targets
  }

  mutating func request(_ id: Int, _ register: SGIRegister, of vcpu: Int) {
    let slot = vcpu &* 32 &+ id
    if register == .group1 || !states[slot].flags.contains(.group1) { latch(slot) }
  }

  /// Does what `vcpu` writes to GICv2's GICD_SGIR (IHI 0048B §4.3.15), as much as is done at once; says what is left.
  mutating func beginSGI(register value: UInt32, vcpu: Int) -> UnfinishedWrite {
    let all: UInt32 = (1 &<< UInt32(vcpuCount)) &- 1
    let own: UInt32 = 1 &<< UInt32(vcpu)
    let targets: UInt32
    switch value >> 24 & 3 {
    case 0: targets = value >> 16 & all
    case 1: targets = all & ~own
    case 2: targets = own
    default: return .none
    }
    return requestSome(Int(value & 15), .group1, of: UInt64(targets), source: vcpu)
  }
}
