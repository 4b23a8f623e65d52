public import Architecture

/// What the ISS says of a trapped AArch32 instruction, in HSR (DDI 0406C, B3.13.6) as in ESR_EL2 (DDI 0487, ESR_EL2) for a
/// guest in AArch32. The two differ in the width of a register's number: ESR_EL2 has five bits and names the register as
/// AArch64 sees it.
public struct TrappedInstruction: Equatable, Sendable {
  /// The syndrome, of which bits 24:0 count.
  public let syndrome: UInt32

  /// The instruction that a syndrome tells of.
  @inlinable public init(syndrome: UInt32) { self.syndrome = syndrome }

  /// True where the syndrome itself says that there is no condition (CV = 1, COND = AL), which is all that some CPUs
  /// report.
  @inlinable public var isUnconditional: Bool { syndrome >> 20 & 0x1f == 0x1e }

  /// Whether the instruction, executed in `state`, passes its condition: COND (bits 23:20) where CV (bit 24) says that it
  /// is there, which is always so for A32; else T32's, which the IT block has.
  public func passesCondition(in state: AArch32State) -> Bool {
    let condition =
      syndrome >> 24 & 1 != 0
      ? ConditionCode(rawValue: UInt8(truncatingIfNeeded: syndrome >> 20) & 15) : state.blockCondition
    return condition.isMet(by: state.flags)
  }

  /// MRC, MCR or VMRS: Opc2 19:17, Opc1 16:14, CRn 13:10, Rt from 5 on, CRm 4:1, direction 0 (1 is a read).
  public func transfer(_ coprocessor: UInt32) -> CoprocessorAccess {
    CoprocessorAccess(
      register: CoprocessorRegister(coprocessor, syndrome >> 14 & 7, syndrome >> 10, syndrome >> 1, syndrome >> 17),
      isWrite: syndrome & 1 == 0, generalRegister: register(at: 5))
  }

  /// MRRC or MCRR: Opc1 19:16, Rt2 from 10 on, Rt from 5 on, CRm 4:1, direction 0 (1 is a read).
  public func pairTransfer(_ coprocessor: UInt32) -> CoprocessorAccess {
    CoprocessorAccess(
      register: CoprocessorRegister(coprocessor, syndrome >> 16, crm: syndrome >> 1), isWrite: syndrome & 1 == 0,
      generalRegister: register(at: 5), secondRegister: register(at: 10))
  }

  /// A register's number. Bit 4 is reserved in HSR and zero. AArch64 calls R15 31 (15, which is SP_hyp to it, where the
  /// instruction is UNPREDICTABLE).
  private func register(at bit: UInt32) -> UInt8 {
    let number = UInt8(truncatingIfNeeded: syndrome >> bit) & 31
    return number == 15 ? 31 : number
  }
}
