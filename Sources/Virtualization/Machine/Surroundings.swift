public import Architecture

/// What the models need to know of the hardware while they answer an exit.
public protocol Surroundings: ~Copyable {
  /// The virtual CPU interface of the CPU that the exiting vCPU runs on.
  associatedtype Registers: ListRegisters
  /// That interface's registers.
  var listRegisters: Registers { get set }
  /// The system counter now.
  var now: Instant { get }
  /// How many ticks the system counter makes in a second.
  var ticksPerSecond: UInt64 { get }
  /// The hardware's value of an identification register.
  func identification(_ register: SystemRegister) -> UInt64
  /// Puts the vCPU's own MDSCR_EL1 into the hardware: its guest single-steps its programs by it.
  func setDebugControl(_ value: UInt64)
}
