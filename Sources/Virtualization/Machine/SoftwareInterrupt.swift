public import Architecture

/// An SGI that one vCPU asks for and one vCPU gets.
public struct SoftwareInterrupt: Equatable, Sendable {
  /// The INTID, 0 to 15.
  public var id: Int
  /// The vCPU that gets it.
  public var target: Int
  /// The vCPU that asks, where the guest is told that (GICv2); else 0.
  public var source: Int

  /// An SGI with all that there is to say of it.
  public init(id: Int, target: Int, source: Int) {
    self.id = id
    self.target = target
    self.source = source
  }
}

// What an access asks for, if it is one SGI to one vCPU and nothing else. Needs no lock, and changes nothing. What is nil here,
// `ExitDispatcher.handle` answers.

extension VirtualMachine {
  /// The SGI that a write to ICC_SGI1R_EL1 asks for.
  @inline(__always)
  public func softwareInterrupt<CPU: VirtualCPU & ~Copyable>(
    _ access: SystemRegisterAccess, cpu: borrowing CPU
  ) -> SoftwareInterrupt? {
    guard access.isWrite, access.register == .softwareInterrupts else { return nil }
    return interrupts.softwareInterrupt(register: cpu[register: access.generalRegister])
  }

  /// The same of a guest in AArch32, which writes it as ICC_SGI1R by two registers.
  @inline(__always)
  public func softwareInterrupt<CPU: VirtualCPU & ~Copyable>(
    _ access: CoprocessorAccess, cpu: borrowing CPU
  ) -> SoftwareInterrupt? {
    guard access.isWrite, access.register == .softwareInterrupts else { return nil }
    return interrupts.softwareInterrupt(
      register: cpu[register: access.generalRegister] & 0xffff_ffff | cpu[register: access.secondRegister] << 32)
  }

  /// The SGI that a store of `vcpu` to GICD_SGIR asks for.
  @inline(__always)
  public func softwareInterrupt<CPU: VirtualCPU & ~Copyable>(
    _ access: MMIOAccess, vcpu: Int, cpu: borrowing CPU
  ) -> SoftwareInterrupt? {
    guard access.width == .word, access.address == VirtualGIC.softwareInterruptAddress else { return nil }
    return interrupts.softwareInterrupt(
      register: UInt32(truncatingIfNeeded: cpu[register: access.register]), from: vcpu)
  }
}

extension SystemRegister {
  /// ICC_SGI1R_EL1 (IHI 0069 §12.2).
  static var softwareInterrupts: SystemRegister { SystemRegister(3, 0, 12, 11, 5) }
}

extension CoprocessorRegister {
  /// ICC_SGI1R (IHI 0069 §12.5).
  static var softwareInterrupts: CoprocessorRegister { CoprocessorRegister(15, 0, crm: 12) }
}

extension VirtualGIC {
  /// Where GICD_SGIR is.
  static var softwareInterruptAddress: GuestPhysicalAddress { GuestMachine.distributor.start.advanced(by: 0xf00) }

  /// The only SGI that a write to ICC_SGI1R_EL1 asks for, or nil where it asks for several or for none.
  @inline(__always)
  public func softwareInterrupt(register value: UInt64) -> SoftwareInterrupt? {
    // IRM (40), RS (47:44), Aff3 and Aff2 zero, and one bit in the target list.
    let list = value & 0xffff
    guard version == .v3, value & 0x00ff_f1ff_0000_0000 == 0, list != 0, list & (list &- 1) == 0 else { return nil }
    let target = Int(truncatingIfNeeded: value >> 16 & 0xff) &* 16 &+ list.trailingZeroBitCount
    guard target < vcpuCount else { return nil }
    return SoftwareInterrupt(id: Int(truncatingIfNeeded: value >> 24 & 15), target: target, source: 0)
  }

  /// The only SGI that a write of `vcpu` to GICD_SGIR asks for, or nil where it asks for several or for none.
  @inline(__always)
  public func softwareInterrupt(register value: UInt32, from vcpu: Int) -> SoftwareInterrupt? {
    guard version == .v2 else { return nil }
    let list: UInt32
    switch value >> 24 & 3 {
    case 0: list = value >> 16 & 0xff
    case 2: list = 1 &<< UInt32(vcpu)
    default: return nil
    }
    guard list != 0, list & (list &- 1) == 0, list.trailingZeroBitCount < vcpuCount else { return nil }
    return SoftwareInterrupt(id: Int(value & 15), target: list.trailingZeroBitCount, source: vcpu)
  }

  /// Makes SGI `id` of `vcpu` pending, for a request of the vCPU `source` where the guest is told that.
  public mutating func requestSGI(_ id: Int, source: Int, vcpu: Int) {
    let slot = vcpu &* 32 &+ id
    if version == .v2 { setSources(slot, 1 &<< UInt32(source)) } else { latch(slot) }
  }
}
