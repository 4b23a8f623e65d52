package import Architecture
internal import ArmCommon
internal import Backend
internal import Drivers
package import Synchronization
internal import Virtualization

/// Everything that exists once: the CPUs, the VMs, the vCPUs, the console. Built by the boot CPU.
///
/// Who may touch what: a `PhysicalCPU` and the vCPUs assigned to it belong to that CPU alone, but for their mail; a VM's
/// models belong to whoever holds the VM's lock; the console to whoever holds the console's. The rest is never changed
/// once the guests run. A CPU holds one lock at a time, so that there is no order to be kept.
package struct Hypervisor: ~Copyable {
  package let cpus: Storage<PhysicalCPU>
  package let vms: Storage<HostedVM>
  package let vcpus: Storage<VCPU>
  /// Protects `console`.
  let consoleLock = SpinLock()
  var console: Console
  /// How many ticks the system counter makes in a second.
  package let ticksPerSecond: UInt64
  /// When the guests were started.
  package let startedAt = Instant.now
  /// The interrupts of the host that we serve ourselves.
  package let interrupts: HostInterrupts
  /// Whose each interrupt is, by INTID; empty where no VM has a device of the host's.
  let interruptOwners: Storage<InterruptOwner>
  /// True where the host's firmware can be called: PSCI by SMC.
  let hasFirmware: Bool
  /// A mistake of ours is wanted when a VM resets itself, to see what becomes of the others (`tvisor.panic=reset`).
  let failsAtReset: Bool
  /// How every CPU sets its stage 2 up (see `Stage2Parameters`).
  package let stage2Control: UInt64
  /// Whose guests every CPU can run.
  package let hostedInstructionSets = Processor.hostedInstructionSets
  /// A root of stage 2 that maps nothing: nobody's.
  let emptySpace: PhysicalAddress
  /// How many VMs have not stopped for good.
  let liveVMCount: Atomic<Int>
  /// How many CPUs are up.
  package let upCount = Atomic<Int>(1)
  /// The CPUs may run guests.
  package let isOpen = Atomic<Bool>(false)

  /// All that was built. Nothing runs yet.
  package init(
    cpus: Storage<PhysicalCPU>, vms: Storage<HostedVM>, vcpus: Storage<VCPU>, console: consuming Console,
    ticksPerSecond: UInt64, interrupts: HostInterrupts, interruptOwners: Storage<InterruptOwner>, hasFirmware: Bool,
    failsAtReset: Bool, stage2Control: UInt64, emptySpace: PhysicalAddress
  ) {
    self.cpus = cpus
    self.vms = vms
    self.vcpus = vcpus
    self.console = console
    self.ticksPerSecond = ticksPerSecond
    self.interrupts = interrupts
    self.interruptOwners = interruptOwners
    self.hasFirmware = hasFirmware
    self.failsAtReset = failsAtReset
    self.stage2Control = stage2Control
    self.emptySpace = emptySpace
    liveVMCount = Atomic(vms.count)
  }

  /// The one there is, from the moment when it is complete.
  nonisolated(unsafe) private static var instance: UnsafeMutablePointer<Hypervisor>?

  /// The one there is.
  @inline(__always)
  package static var shared: Reference<Hypervisor> {
    unsafe Reference(unsafePointer: instance.unsafelyUnwrapped)
  }

  /// The one there is, or nil while it is not complete.
  static var ifComplete: Reference<Hypervisor>? {
    unsafe instance.map { unsafe Reference(unsafePointer: $0) }
  }

  /// Has everybody find the complete hypervisor, which stays where it is.
  package static func install(_ hypervisor: Reference<Hypervisor>) {
    unsafe instance = UnsafeMutablePointer(bitPattern: hypervisor.address)
  }
}

extension Reference where Value == PhysicalCPU {
  /// Does something with the console, for itself.
  @inline(__always)
  func withConsole<Result>(_ body: (inout Console) -> Result) -> Result {
    let hypervisor = Hypervisor.shared
    hypervisor.value.consoleLock.acquire(by: value.index)
    let result = body(&hypervisor.value.console)
    hypervisor.value.consoleLock.release()
    return result
  }
}

/// INTIDs of the host.
package struct HostInterrupts: Sendable {
  /// The EL1 virtual timer, which guests own.
  package let virtualTimer: UInt32
  /// The EL2 physical timer, ours.
  package let hypervisorTimer: UInt32
  /// GIC maintenance.
  package let maintenance: UInt32
  /// What stands for an interrupt that there is not.
  package static var none: UInt32 { 1023 }
  /// The console, or `none` where the tree gives it none.
  package let console: UInt32

  /// INTIDs of the host.
  package init(
    virtualTimer: UInt32, hypervisorTimer: UInt32, maintenance: UInt32, console: UInt32
  ) {
    self.virtualTimer = virtualTimer
    self.hypervisorTimer = hypervisorTimer
    self.maintenance = maintenance
    self.console = console
  }
}
