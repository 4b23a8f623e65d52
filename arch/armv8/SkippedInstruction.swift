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
    let isAArch32 = state >> 4 & 1 != 0
    let isThumb = isAArch32 && state >> 5 & 1 != 0
    let isShort = isThumb && syndrome >> 25 & 1 == 0
    self.programCounter = programCounter &+ (isShort ? 2 : 4)
    var state = state & ~(1 << 21)
    if !isAArch32 { state &= ~(0b11 << 10) }
    if isThumb { state = Self.advancingIT(of: state) }
    self.state = state
  }

  /// IT[7:2] is in bits 15:10 of the state, IT[1:0] in bits 26:25.
  private static func advancingIT(of state: UInt64) -> UInt64 {
    let block = (state >> 10 & 0x3f) << 2 | state >> 25 & 3
    let next = block & 7 == 0 ? 0 : block & 0xe0 | (block << 1) & 0x1f
    return state & ~(0x3f << 10 | 3 << 25) | (next >> 2) << 10 | (next & 3) << 25
  }
}
