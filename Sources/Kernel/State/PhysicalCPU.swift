package import Architecture
package import ArmCommon
internal import Backend
package import Drivers
package import Scheduling

/// What belongs to one physical CPU, and is touched by it alone, but for its mail. `Processor.ownRecord` points here.
package struct PhysicalCPU: ~Copyable {
  /// Its number, in the order of the device tree.
  package let index: Int
  /// Its affinity, as MPIDR_EL1 has it.
  let affinity: UInt64
  /// It has come, and cannot do what the first CPU can.
  package var isUnlike = false
  /// Which core it is. Set by it before it counts as up, as the three below.
  package var core = CoreIdentity(midr: 0, revision: 0)
  /// The core needs nobody's stage 2 between two vCPUs: with nothing loaded, the hardware has it.
  var parksSpace = false
  /// That stage 2: a root that maps nothing.
  var parkingSpace = PhysicalAddress(0)
  /// The syndrome of a system error that firmware left behind; zero for none.
  package var formerSystemError: UInt64 = 0
  /// What it says of its caches (CTR).
  package var cacheType: UInt64 = 0
  /// Who decides what runs.
  var scheduler: CPUScheduler
  /// The vCPUs assigned to it, by the scheduler's numbers.
  package let assigned: Storage<Reference<VCPU>>
  /// The same vCPUs by where they stand before each other, the most urgent first: see `Scheduler.standing`.
  let byStanding: Storage<Reference<VCPU>>
  /// When something of each of its vCPUs that wait, and of the one that is loaded, is due that no hardware watches, by their
  /// standings: see `updateDeadline`.
  var deadlines: DeadlineTree
  /// Who may interrupt what runs, by their standings: as the scheduler said with its last decision.
  var audience = Audience.everybody
  /// What other CPUs ask.
  let board: RequestBoard
  /// What others give their interrupt controllers to send this CPU the interrupt of requests. Set by it before it counts as
  /// up.
  var requestInterrupt: UInt64 = 0
  /// It has been started and has come.
  package var isUp = false
  /// What its register for the counter's frequency says (CNTFRQ), in hertz. Set by it before it counts as up.
  package var counterFrequency: UInt64 = 0
  /// True where several vCPUs may be assigned to it: who waits gives it away. Else its one vCPU waits by itself.
  let isShared: Bool
  /// How it stands with the console's work.
  package var console: ConsoleService
  /// What its interrupt controller calls the virtual timer's interrupt.
  let virtualTimerInterrupt: UInt32
  /// The same of our own timer's.
  let hypervisorTimerInterrupt: UInt32
  /// The physical interrupt controller, as this CPU uses it.
  package let controller: InterruptController
  /// The virtual CPU interface.
  var listRegisters: PhysicalListRegisters
  /// The vCPU whose registers are in the hardware, or nil. It may be waiting while this CPU idles.
  var loaded: Reference<VCPU>?
  /// The vCPU in `loaded`, so that nobody need look for it. Stays the last one while nothing is loaded, as do the two below.
  var loadedVCPU: Reference<VCPU>
  /// Its VM.
  var loadedVM: Reference<HostedVM>
  /// Its number within its VM.
  var loadedIndex = 0
  /// The vCPU that owns what the FP and SIMD registers hold, or nil.
  var floatingPointOwner: Reference<VCPU>?
  /// The next FP or SIMD instruction of a guest traps.
  var floatingPointTraps = true
  /// For each VM, by its index, whose translations this CPU may have: another one of its vCPUs must not find them.
  let translationOwners: Storage<TranslationOwner>
  /// The vCPU whose time passes, or nil: the one that runs, or one that the hypervisor works for.
  var charged: Reference<VCPU>?
  /// Since when it has not been charged.
  var chargedUntil = Instant(ticks: 0)
  /// What the hypervisor's timer is set to; `never` where it is off.
  var timerDeadline = Instant.never
  /// How often the hypervisor's timer has come: for the scheduler, or for a guest's timer that no hardware watches.
  var timerInterruptCount: UInt64 = 0
  /// How often another CPU has asked something.
  var requestInterruptCount: UInt64 = 0
  /// Something happened that the scheduler has to be asked about before the guest goes on.
  var needsDecision = false
  /// Somebody can run who could not when it was decided last: until it is decided again, nothing is attended to for those who might
  /// have interrupted the one that ran, for they may be lesser than he is.
  var hasNewcomer = false
  /// Something may be due for those who may interrupt, or have been asked of them: the next decision looks, and until it finds
  /// nothing more.
  var hasCalls = true
  /// Somebody was heard before the switch that the scheduler wants: nobody else is until who is loaded is off.
  var hasHeardBeforeSwitch = false
  /// The last VM was stopped here: there is nothing left to run.
  var isLastToStop = false
  /// A VM is being stopped because we failed while we served it: another failure now ends everything.
  var isAbandoning = false

  /// A CPU that has not come yet. Of one without vCPUs any stands for the one that was loaded last, and is never looked at.
  package init(
    index: Int, affinity: UInt64, scheduler: consuming CPUScheduler, assigned: Storage<Reference<VCPU>>,
    byStanding: Storage<Reference<VCPU>>, deadlines: consuming DeadlineTree, board: consuming RequestBoard,
    isShared: Bool, virtualTimerInterrupt: UInt32, hypervisorTimerInterrupt: UInt32, controller: InterruptController,
    listRegisters: PhysicalListRegisters, loadedVCPU: Reference<VCPU>, translationOwners: Storage<TranslationOwner>
  ) {
    self.index = index
    self.affinity = affinity
    self.scheduler = scheduler
    self.assigned = assigned
    self.byStanding = byStanding
    self.deadlines = deadlines
    self.board = board
    self.isShared = isShared
    self.virtualTimerInterrupt = virtualTimerInterrupt
    self.hypervisorTimerInterrupt = hypervisorTimerInterrupt
    self.controller = controller
    self.listRegisters = listRegisters
    self.loadedVCPU = loadedVCPU
    self.translationOwners = translationOwners
    console = ConsoleService()
    loadedVM = loadedVCPU.value.vm
  }

  /// The CPU that runs this.
  @inline(__always)
  package static var current: Reference<PhysicalCPU> {
    unsafe Reference(
      unsafePointer: UnsafeMutablePointer(bitPattern: Processor.ownRecord).unsafelyUnwrapped)
  }
}

/// Whose translations under a VM's VMID a CPU may have.
package enum TranslationOwner {
  /// The VM has not run there, or not since they were removed.
  case nobody
  /// They are of what ran before, and no vCPU is to find them.
  case past
  /// The vCPU that ran there last.
  case vcpu(Reference<VCPU>)
}

extension Reference where Value == PhysicalCPU {
  /// Makes this the running CPU's own, and the CPU ready for guests.
  package func prepare() {
    Processor.ownRecord = address
    let hypervisor = Hypervisor.shared
    let interrupts = hypervisor.value.interrupts
    value.controller.initializeCPU()
    value.requestInterrupt = value.controller.softwareInterrupt(requestInterruptID, affinity: value.affinity)
    value.controller.enable(requestInterruptID)
    value.controller.enable(UInt16(truncatingIfNeeded: interrupts.virtualTimer))
    // It ends turns: no guest's timer that comes at the same time goes first.
    value.controller.putFirst(UInt16(truncatingIfNeeded: interrupts.hypervisorTimer))
    value.controller.enable(UInt16(truncatingIfNeeded: interrupts.hypervisorTimer))
    // A guest that makes it come again and again must not keep our timer away, which ends that guest's turn.
    value.controller.putLast(UInt16(truncatingIfNeeded: interrupts.maintenance))
    value.controller.enable(UInt16(truncatingIfNeeded: interrupts.maintenance))
    TrapControls.configure(
      stage2Control: hypervisor.value.stage2Control, emptySpace: hypervisor.value.emptySpace,
      trapsWaiting: value.isShared)
    value.core = Processor.core
    value.cacheType = Processor.cacheType
    Processor.adapt(to: value.core)
    value.parksSpace = value.core.has(.speculativeTranslation)
    value.parkingSpace = hypervisor.value.emptySpace
    // No guest's: it would be taken with the first instruction of the first one.
    if Processor.isSystemErrorPending { value.formerSystemError = Processor.takeSystemError() }
  }

  /// Starts the VMs whose first vCPU is here, and never comes back.
  package func run() -> Never {
    value.chargedUntil = .now
    takeConsole()
    let hypervisor = Hypervisor.shared
    for index in hypervisor.value.vms.indices {
      let vm = hypervisor.value.vms.reference(to: index)
      if vm.value.vcpus[0].cpu == self { start(vm) }
    }
    let frame = TrapFrame.ofThisCPU
    decide(frame)
    Processor.enterGuest(frame)
  }
}
