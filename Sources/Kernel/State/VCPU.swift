package import Architecture
package import Backend
package import Scheduling
internal import Virtualization

/// One vCPU: whose it is, where it runs, and its registers while it is not loaded.
///
/// Touched only by the physical CPU that it is assigned to, but for its mail and its startup.
package struct VCPU: ~Copyable {
  /// Its VM.
  package let vm: Reference<HostedVM>
  /// Its number within the VM.
  let index: Int
  /// The physical CPU that it is assigned to.
  package let cpu: Reference<PhysicalCPU>
  /// Its number within its physical CPU's scheduler.
  package let slot: Int
  /// Where it stands before the others of that CPU: 0 is the most urgent. Set when the CPU's scheduler is built.
  package var standing = 0
  /// Who may interrupt it while it runs, by their standings.
  package var audience = Audience.everybody
  /// Its registers while it is not loaded.
  var context: GuestContext
  /// Where it stands.
  var activity = Activity.off
  /// When something of it is due that no hardware watches; noted while it could run, and watched while it waits or is loaded.
  var deadline = Instant.never
  /// Since when it waits, or waited last.
  var waitingSince = Instant(ticks: 0)
  /// There is something to be done in its time before it may be loaded: its VM's loading, or its own reset.
  var needsWork = false
  /// What it has begun and not ended: done in its time, before its guest goes on.
  var owed = OwedWork.none
  /// How far its own reset is, of `VirtualMachine.vcpuResetStepCount`.
  var resetStep = 0
  /// It has been started, or has waited, or its virtual timer's interrupt was in its hands since it was loaded last: the next
  /// load has more to see to than registers.
  var needsCare = true
  /// It is the one of its VM's vCPUs that ran on its CPU last: what the CPU has of its VMID's translations is its own.
  var ownsTranslations = false
  /// What it did with its CPU.
  var accounting = VCPUAccounting()
  /// What was asked of it while another one had its turn led to nothing the last time: before that instant nothing more is attended
  /// to for it, but in its own turn.
  var unheardUntil = Instant(ticks: 0)
  /// It was asked something meanwhile, which waits for that instant and is not marked on the board.
  var isPutOff = false
  /// What other CPUs ask of it.
  let mail = RequestSlot()
  /// Where it starts, if somebody has asked for that and nothing has come between: whoever starts it takes this, and a halt
  /// takes it away. Protected by the VM's lock.
  var startup: Startup?
  /// Its registers are in its CPU, or the CPU is at work for it: see `arrives`. Protected by the VM's lock.
  var isHere = false
  /// Its VM is being stopped, or was: until its CPU has noted that, it does not come. Changed under the VM's lock; its own CPU
  /// looks at it when it has been told.
  var isAskedToLeave = false
  /// It waits, and its CPU wants to hear of the next interrupt for it. Protected by the VM's lock.
  var isAsleep = false

  /// A vCPU that was never started.
  package init(
    vm: Reference<HostedVM>, index: Int, cpu: Reference<PhysicalCPU>, slot: Int, context: consuming GuestContext
  ) {
    self.vm = vm
    self.index = index
    self.cpu = cpu
    self.slot = slot
    self.context = context
  }

  enum Activity {
    /// Never started, or turned off, or its VM has stopped.
    case off
    /// Runs or could run.
    case ready
    /// Waits for an interrupt.
    case waiting
  }

  struct Startup {
    var entry: UInt64
    var argument: UInt64
    /// Where its device tree is, for a kernel that starts by its boot protocol.
    var deviceTree: UInt64?
  }
}
