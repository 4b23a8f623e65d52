package import Architecture
package import ArmCommon
internal import Synchronization
package import Virtualization

/// One VM on this host: its models, its memory, and where it stands.
package struct HostedVM: ~Copyable {
  /// Protects `machine`, `state` and what happens after a halt. Held for one exit or one event, never while another lock
  /// is wanted.
  let lock = SpinLock()
  /// Its number in `Hypervisor.vms`.
  let index: Int
  /// Its name.
  let name: ConsoleName
  /// What its starts need.
  let origin: StartRecord
  /// What its guest sees.
  var machine: VirtualMachine
  /// Its stage 2.
  let space: TranslationTable
  /// Tags its translations in the TLB; one for the whole VM, never 0.
  let vmid: UInt16
  /// Its RAM.
  let memory: GuestMemory
  /// Its firmware's memory; empty for none.
  let firmware: GuestMemory
  /// The interrupts of the host's devices that are its own, by the host's INTIDs.
  let givenInterrupts: Storage<UInt16>
  /// Its vCPUs, in their order in it.
  package let vcpus: Storage<VCPU>
  /// What its virtual counter lags behind the system counter, in ticks. Set by the CPU of its first vCPU, before any
  /// vCPU runs.
  var counterOffset: UInt64 = 0
  /// Where it stands.
  var state = State.stopped
  /// What comes when all of its vCPUs have halted.
  var afterHalt = AfterHalt.stay(.stopped)
  /// How many of its vCPUs have still to halt.
  let haltingCount = Atomic<Int>(0)
  /// How far its models and its memory are ready for its first instruction. Belongs to the CPU of its first vCPU.
  var loading = Loading.done {
    didSet { isLoading = loading != .done }
  }
  /// The same for who wants to know only whether its vCPUs may run.
  private(set) var isLoading = false
  /// The vCPU whose CPU watches for the alarm of the VM's clock, by its number in the VM: the one that set it, so that the
  /// work is its VM's own. Protected by the VM's lock.
  var clockWatcher = 0
  /// How many loads and stores that no device can answer were told of.
  var refusalCount = 0
  /// It was started before: what it left has to go.
  var hasRun = false

  /// A VM that was never started.
  package init(
    index: Int, name: ConsoleName, origin: StartRecord, machine: consuming VirtualMachine, space: TranslationTable,
    memory: GuestMemory, firmware: GuestMemory, givenInterrupts: Storage<UInt16>, vcpus: Storage<VCPU>
  ) {
    self.index = index
    self.name = name
    self.origin = origin
    self.machine = machine
    self.space = space
    self.memory = memory
    self.firmware = firmware
    self.givenInterrupts = givenInterrupts
    self.vcpus = vcpus
    vmid = UInt16(truncatingIfNeeded: index &+ 1)
  }

  enum State {
    case running
    /// Its vCPUs are being taken off their CPUs.
    case halting
    /// Its guest turned it off, or may not be restarted.
    case stopped
    /// It was stopped for what its guest did, or for a fault of ours while we served it.
    case failed
  }

  enum AfterHalt {
    case stay(State)
    case restart
  }
}
