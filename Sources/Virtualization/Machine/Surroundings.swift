public import Architecture

/// What the models need to know of the hardware while they answer an exit.
public protocol Surroundings: ~Copyable {
  /// The virtual CPU interface of the CPU that the exiting vCPU runs on.
  associatedtype Registers: ListRegisters
  /// That interface's registers.
  var listRegisters: Registers { get set }
  /// Where the vCPU's CPU interface is software: answers a load of the guest at `offset` of it, or a store of `value`, and
  /// gives what is loaded. Nil where hardware answers it.
  mutating func useCPUInterface(_ access: MMIOAccess, offset: UInt32, value: UInt32) -> UInt32?
  /// True where that interface now asks for maintenance.
  var needsMaintenance: Bool { get }
  /// True while a physical interrupt waits for this CPU, which masks it as long as the exit is being answered.
  var isInterruptWaiting: Bool { get }
  /// The system counter now.
  var now: Instant { get }
  /// How many ticks the system counter makes in a second.
  var ticksPerSecond: UInt64 { get }
  /// The hardware's value of an identification register.
  func identification(_ register: SystemRegister) -> UInt64
  /// Puts the vCPU's own MDSCR_EL1 into the hardware: its guest single-steps its programs by it.
  func setDebugControl(_ value: UInt64)
  /// How the exiting vCPU's last debug exception came, where AArch32's DBGDSCR tells it (MOE, bits 5:2): there the handler
  /// of an abort finds out by it alone that a breakpoint or watchpoint was hit.
  var debugEntry: UInt64 { get }
  /// The vCPU's DBGBVR<n>_EL1, DBGBCR<n>_EL1, DBGWVR<n>_EL1 or DBGWCR<n>_EL1; nil where its CPU has not so many.
  func readBreakpoint(_ register: SystemRegister) -> UInt64?
  /// Writes the same; false where its CPU has not so many.
  func writeBreakpoint(_ register: SystemRegister, _ value: UInt64) -> Bool
  /// `byteCount` bytes (2 or 4) of the VM's memory at `address`, which is aligned to them, as a little-endian number; nil
  /// where the VM has no memory.
  func readGuest(_ address: GuestPhysicalAddress, byteCount: Int) -> UInt32?
  /// Tells that the vCPU gets an abort for a load or store at `address` that no device can answer.
  mutating func report(_ refusal: TransferRefusal, at address: GuestPhysicalAddress, vcpu: Int)
}

extension Surroundings where Self: ~Copyable {
  /// Hardware has it.
  public mutating func useCPUInterface(_ access: MMIOAccess, offset: UInt32, value: UInt32) -> UInt32? { nil }
  /// Hardware asks by an interrupt.
  public var needsMaintenance: Bool { false }
  /// None comes while an exit is answered.
  public var isInterruptWaiting: Bool { false }
  /// None came.
  public var debugEntry: UInt64 { 0 }
  /// There are no breakpoints.
  public func readBreakpoint(_ register: SystemRegister) -> UInt64? { nil }
  /// There are no breakpoints.
  public func writeBreakpoint(_ register: SystemRegister, _ value: UInt64) -> Bool { false }
  /// No memory is known: such loads and stores end in an abort.
  public func readGuest(_ address: GuestPhysicalAddress, byteCount: Int) -> UInt32? { nil }
  /// Nobody is told.
  public mutating func report(_ refusal: TransferRefusal, at address: GuestPhysicalAddress, vcpu: Int) {}
}
