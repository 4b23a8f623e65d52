import TestSupport
import Virtualization

extension VirtualGIC {
  /// Brings the loaded vCPU's interrupts into its list registers as the kernel does: where many wait, in pieces, between which it
  /// looks for interrupts.
  /// - Returns: the most list registers that one piece has read, and that one has written.
  @discardableResult
  mutating func bring(vcpu: Int, into registers: inout ListRegisterInterpreter) -> (read: Int, written: Int) {
    guard hasManyToBring(vcpu: vcpu) else {
      refresh(vcpu: vcpu, registers: &registers)
      return (0, 0)
    }
    var most = (read: 0, written: 0)
    while needsRefresh(vcpu: vcpu) {
      let before = (read: registers.readCount, written: registers.writeCount)
      refreshSome(vcpu: vcpu, registers: &registers)
      most.read = max(most.read, registers.readCount - before.read)
      most.written = max(most.written, registers.writeCount - before.written)
    }
    return most
  }

  /// Loads the vCPU as the kernel does.
  mutating func loadInPieces(vcpu: Int, into registers: inout ListRegisterInterpreter) {
    loadPartly(vcpu: vcpu, into: &registers)
    if needsRefresh(vcpu: vcpu) { bring(vcpu: vcpu, into: &registers) }
  }
}
