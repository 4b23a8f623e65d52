/// What an exit comes to: what the one that owns the hardware does next.
public enum Outcome: Equatable, Sendable {
  /// The guest goes on; everything that it asked for has been done.
  case resume
  /// The guest goes on when the rest of what it wrote to its interrupt controller has been done.
  case unfinished(UnfinishedWrite)
  /// The guest goes on, after a byte has gone to its console.
  case transmit(UInt8)
  /// The guest goes on, and the vCPU's emulated timer has another deadline.
  case timerChanged
  /// The guest goes on, and the alarm of the VM's clock has another deadline.
  case clockChanged
  /// The vCPU has nothing to do until an interrupt is pending for it.
  case wait
  /// The vCPU waits for another one: somebody else should run first.
  case yield
  /// The vCPU needs its FP and SIMD registers.
  case loadFloatingPoint
  /// Another vCPU of the VM starts at `entry` with `context` in register 0.
  case start(vcpu: Int, entry: UInt64, context: UInt64)
  /// The vCPU is off.
  case off
  /// The guest asked for the end of its VM.
  case systemOff
  /// The guest asked for its VM to start from the beginning.
  case systemReset
  /// The guest did what nothing answers: its VM stops, with this syndrome in the message.
  case stop(syndrome: UInt64)
}
