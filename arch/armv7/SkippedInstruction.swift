internal import ArmCommon

/// Where a guest goes on behind an instruction that was answered in its stead, as if the CPU had completed it.
public struct SkippedInstruction: Equatable, Sendable {
  /// ELR_hyp: the next instruction.
  public let programCounter: UInt32
  /// SPSR_hyp: CPSR at the next instruction.
  public let state: UInt32

  /// The bits of CPSR that completing an instruction may change: ITSTATE (bits 26:25 and 15:10). Where all are zero the
  /// state is as it was.
  public static var specialStates: UInt32 { 3 << 25 | 0x3f << 10 }

  /// The way on from the instruction at `programCounter`, executed in `state` and trapped with HSR `syndrome`, whose IL
  /// (bit 25) tells a 16-bit instruction from a 32-bit one.
  public init(programCounter: UInt32, state: UInt32, syndrome: UInt32) {
    self.init(programCounter: programCounter, state: state, byteCount: syndrome >> 25 & 1 == 0 ? 2 : 4)
  }

  /// The same for an instruction whose length, 2 or 4 bytes, is known otherwise: HSR does not say it for an abort without
  /// a description (ISV = 0). In A32 every instruction has four.
  public init(programCounter: UInt32, state: UInt32, byteCount: UInt8) {
    let before = AArch32State(rawValue: state)
    self.programCounter = programCounter &+ (before.isThumb ? UInt32(byteCount) : 4)
    self.state = before.afterInstruction.rawValue
  }
}
