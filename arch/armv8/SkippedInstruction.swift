internal import ArmCommon

/// Where a guest goes on behind an instruction that was answered in its stead, as if the CPU had completed it.
public struct SkippedInstruction: Equatable, Sendable {
  /// ELR_EL2: the next instruction.
  public let programCounter: UInt64
  /// SPSR_EL2: PSTATE at the next instruction.
  public let state: UInt64

  /// What completing any instruction but the plainest changes in PSTATE: BTYPE (in AArch32 a part of IT), M[4] for
  /// AArch32, and SS. Where all are zero the next instruction is four bytes on and PSTATE is as it was.
  static let specialStates: UInt64 = 0b11 << 10 | 1 << 4 | 1 << 21

  /// The way on from the instruction at `programCounter`, executed in PSTATE `state` and trapped with ESR_EL2 `syndrome`.
  ///
  /// A 16-bit T32 instruction is known by ESR_EL2.IL, an IT block moves on by one instruction (DDI 0487, ITAdvance), BTYPE
  /// becomes zero, and so does SS, so that whoever single-steps inside the guest stops behind this very instruction.
  public init(programCounter: UInt64, state: UInt64, syndrome: UInt64) {
    self.init(programCounter: programCounter, state: state, byteCount: syndrome >> 25 & 1 == 0 ? 2 : 4)
  }

  /// The same for an instruction whose length, 2 or 4 bytes, is known otherwise: ESR_EL2 does not say it for an abort
  /// without a description (ISV = 0).
  public init(programCounter: UInt64, state: UInt64, byteCount: UInt8) {
    let aarch32 = AArch32State(rawValue: UInt32(truncatingIfNeeded: state))
    let isShort = aarch32.isAArch32 && aarch32.isThumb && byteCount == 2
    self.programCounter = programCounter &+ (isShort ? 2 : 4)
    let next = aarch32.isAArch32 ? aarch32.afterInstruction.rawValue : aarch32.rawValue & ~(0b11 << 10)
    self.state = state & ~0xffff_ffff | UInt64(next & ~(1 << 21))
  }
}
