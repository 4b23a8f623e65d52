internal import Architecture

/// The system registers by which a GICv3 guest generates SGIs.
public enum SGIRegister: Sendable {
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
    guard version == .v3 else { return }
    let id = Int(truncatingIfNeeded: value >> 24 & 15)
    if value >> 40 & 1 != 0 {
      for target in 0..<vcpuCount where target != vcpu { request(id, register, of: target) }
      return
    }
    // Aff3.Aff2.Aff1, and in the range selector and the target list the upper and the lower nibble of Aff0.
    let cluster = UInt32(
      truncatingIfNeeded: (value >> 48 & 0xff) << 24 | (value >> 32 & 0xff) << 16 | (value >> 16 & 0xff) << 8)
    let range = UInt32(truncatingIfNeeded: value >> 44 & 15) << 4
    var list = UInt32(truncatingIfNeeded: value & 0xffff)
    while list != 0 {
      let member = UInt32(list.trailingZeroBitCount)
      list &= list &- 1
      if let target = self.vcpu(withAffinity: cluster | range | member) { request(id, register, of: target) }
    }
  }

  private mutating func request(_ id: Int, _ register: SGIRegister, of vcpu: Int) {
    let slot = vcpu &* 32 &+ id
    if register == .group1 || !states[slot].flags.contains(.group1) { latch(slot) }
  }

  /// Does what `vcpu` writes to GICv2's GICD_SGIR (IHI 0048B §4.3.15).
  mutating func generateSGI(register value: UInt32, vcpu: Int) {
    let all: UInt32 = (1 &<< UInt32(vcpuCount)) &- 1
    let own: UInt32 = 1 &<< UInt32(vcpu)
    var targets: UInt32
    switch value >> 24 & 3 {
    case 0: targets = value >> 16 & all
    case 1: targets = all & ~own
    case 2: targets = own
    default: return
    }
    while targets != 0 {
      setSources(targets.trailingZeroBitCount &* 32 &+ Int(value & 15), own)
      targets &= targets &- 1
    }
  }
}
