/// PSTATE of a CPU in AArch32 as CPSR and SPSR_hyp have it (DDI 0406C, B1.3.3), and in the same places the lower half of
/// SPSR_EL2 for a guest in AArch32 (DDI 0487, SPSR_EL2).
public struct AArch32State: Equatable, Sendable {
  /// The register's value.
  public var rawValue: UInt32

  /// Names a value of CPSR as a state.
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// M, bits 4:0: the mode's number.
  @inlinable public var mode: UInt8 { UInt8(truncatingIfNeeded: rawValue) & 0x1f }

  /// M[4], bit 4: the CPU is in AArch32, which SPSR_EL2 says and CPSR always.
  @inlinable public var isAArch32: Bool { rawValue >> 4 & 1 != 0 }

  /// T, bit 5: the instruction set is T32, and with bit J of ARMv7 T32EE, which is as long and as conditional.
  @inlinable public var isThumb: Bool { rawValue >> 5 & 1 != 0 }

  /// J, bit 24 of ARMv7's CPSR: together with T the instruction set is T32EE.
  @inlinable public var isJazelle: Bool { rawValue >> 24 & 1 != 0 }

  /// E, bit 9: loads and stores are big-endian.
  @inlinable public var isBigEndian: Bool { rawValue >> 9 & 1 != 0 }

  /// N, Z, C and V, bits 31:28, as a number from 0 to 15.
  public var flags: UInt8 {
    get { UInt8(truncatingIfNeeded: rawValue >> 28) }
    set { rawValue = rawValue & 0x0fff_ffff | UInt32(newValue & 15) << 28 }
  }

  /// ITSTATE (DDI 0406C, A2.5.2): IT[7:2] is in bits 15:10, IT[1:0] in bits 26:25.
  public var block: UInt8 {
    get { UInt8(truncatingIfNeeded: (rawValue >> 10 & 0x3f) << 2 | rawValue >> 25 & 3) }
    set {
      let block = UInt32(newValue)
      rawValue = rawValue & ~(0x3f << 10 | 3 << 25) | (block >> 2) << 10 | (block & 3) << 25
    }
  }

  /// The condition of the instruction at hand where an IT block gives it one; "always" outside of one.
  public var blockCondition: ConditionCode {
    let block = block
    return isThumb && block & 15 != 0 ? ConditionCode(rawValue: block >> 4) : .always
  }

  /// The state behind the instruction at hand: the IT block moves on by one instruction (DDI 0406C, ITAdvance).
  public var afterInstruction: AArch32State {
    guard isThumb else { return self }
    var next = self
    let block = block
    next.block = block & 7 == 0 ? 0 : block & 0xe0 | (block &<< 1) & 0x1f
    return next
  }
}
