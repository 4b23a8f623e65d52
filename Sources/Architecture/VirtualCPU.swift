/// What the pure models may do to the vCPU that has just exited. Its backend holds the registers where the hardware or
/// the trap frame has them.
public protocol VirtualCPU: ~Copyable {
  /// General register `index` as the exit names it. 31 reads as zero and ignores writes; an index above 31 cannot come
  /// from a syndrome and does the same.
  ///
  /// A guest in AArch64 has 0 to 30. One in AArch32 has 0 to 14, those of its mode, on an AArch32 host, and on an AArch64
  /// host what that makes of them (DDI 0487, G1.9.1).
  subscript(register index: UInt8) -> UInt64 { get set }

  /// Sets the condition flags N, Z, C, V to bits 3 to 0 of `flags`: MRC with R15, in AArch32 only.
  mutating func setConditionFlags(_ flags: UInt8)

  /// Moves the program counter past the instruction that trapped.
  mutating func skipInstruction()

  /// The same where the syndrome does not say how long the instruction is: 2 or 4 bytes.
  mutating func skipInstruction(byteCount: UInt8)

  /// Makes the vCPU take `fault` when it runs again, at the instruction that trapped.
  mutating func inject(_ fault: GuestFault)

  /// What the load or store does that trapped at `address` and that the syndrome does not describe.
  ///
  /// The backend finds the instruction through the guest's own tables, and `read` gives so many bytes (2 or 4, aligned) of
  /// the guest's memory as a little-endian number, or nil where it has no memory.
  func describeTransfer(
    at address: GuestPhysicalAddress, isWrite: Bool, read: (GuestPhysicalAddress, Int) -> UInt32?
  ) -> TransferDescription
}
