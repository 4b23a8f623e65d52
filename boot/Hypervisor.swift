internal import Architecture
internal import Configuration
internal import Drivers
internal import Virtualization

/// Everything that exists once: the VMs, the vCPUs, the console. Built by the boot CPU, which so far is the only one that
/// runs guests.
struct Hypervisor: ~Copyable {
  let vms: Storage<HostedVM>
  let vcpus: Storage<VCPU>
  var console: Console
  /// The host's console cannot keep up: the VMs' UARTs seem full.
  var isConsoleHeld = false
  /// How many ticks the system counter makes in a second.
  let ticksPerSecond: UInt64
  /// The interrupts of the host that we serve ourselves.
  let interrupts: HostInterrupts
  /// True where the host's firmware can be called: PSCI by SMC.
  let hasFirmware: Bool
  /// A mistake of ours is wanted when a VM resets itself, to see what becomes of the others (see `Provocation`).
  let failsAtReset: Bool

  /// The one there is, from the moment when it is complete.
  nonisolated(unsafe) private static var instance: UnsafeMutablePointer<Hypervisor>?

  /// The one there is.
  @inline(__always)
  static var shared: Reference<Hypervisor> {
    unsafe Reference(unsafePointer: instance.unsafelyUnwrapped)
  }

  /// The one there is, or nil while it is not complete.
  static var ifComplete: Reference<Hypervisor>? {
    unsafe instance.map { unsafe Reference(unsafePointer: $0) }
  }

  /// Puts the complete hypervisor where everybody finds it.
  static func install(_ hypervisor: consuming Hypervisor, in arena: inout Arena) throws(OutOfMemory) {
    let place = try arena.take(UInt64(MemoryLayout<Hypervisor>.stride), alignment: 64)
    let pointer = unsafe place.unsafePointer.bindMemory(to: Hypervisor.self, capacity: 1)
    unsafe pointer.initialize(to: hypervisor)
    unsafe instance = pointer
  }
}

/// INTIDs of the host.
struct HostInterrupts: Sendable {
  /// The EL1 virtual timer, which guests own.
  let virtualTimer: UInt32
  /// The EL2 physical timer, ours.
  let hypervisorTimer: UInt32
  /// GIC maintenance.
  let maintenance: UInt32
  /// What stands for an interrupt that there is not.
  static var none: UInt32 { 1023 }
  /// The console, or `none` where the tree gives it none.
  let console: UInt32
}
