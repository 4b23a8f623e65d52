/// What the pure models may do to the vCPU that has just exited. Its backend holds the registers where the hardware or
/// the trap frame has them.
public protocol VirtualCPU: ~Copyable {
  /// General register `index` as the trapped instruction names it. 31 reads as zero and ignores writes; an index above
  /// 31 cannot come from a syndrome and does the same.
  subscript(register index: UInt8) -> UInt64 { get set }

  /// Moves the program counter past the instruction that trapped.
  mutating func skipInstruction()

  /// Makes the vCPU take `fault` when it runs again, at the instruction that trapped.
  mutating func inject(_ fault: GuestFault)
}
