internal import Architecture

/// How far a flush in pieces is that has more interrupts to bring than there are list registers.
enum FlushStage: UInt8 {
  /// Candidates take list registers that are free.
  case filling
  /// None is free: all of them are read, to see what the guest has done.
  case looking
  /// Candidates take list registers from others that are less urgent.
  case replacing
}

/// One vCPU's side of the interrupt controller: its list registers and control registers while it is not loaded, and
/// what is known of the hardware's while it is.
struct CPUInterfaceState {
  /// The most list registers that either architecture has room for.
  static var maximumRegisterCount: Int { 16 }
  /// What is `available` of a vCPU that is not loaded.
  static var unloadedAvailable: UInt32 { 1 }

  /// The list registers as last read or written. Current unless the vCPU is loaded: the guest moves the hardware's on.
  var registers: [16 of ListRegister] = .init(repeating: .empty)
  /// One bit for each list register that holds an interrupt, or that hardware may since have emptied.
  var used: UInt32 = 0
  /// One bit for each used list register whose interrupt changed, so that the register has to be looked at.
  var changed: UInt32 = 0
  /// One bit for each used list register whose value is here and not in hardware yet.
  var unwritten: UInt32 = 0
  /// One bit for each list register whose interrupt, once the guest has ended it, is delivered again by the same value: see
  /// `repeatDelivery`. Touched only by the CPU that has the vCPU loaded.
  var repeatable: UInt32 = 0
  /// One bit for each list register that the guest has emptied and that keeps its interrupt, the physical one behind which
  /// is deactivated already. Touched only by the CPU that has the vCPU loaded.
  var parked: UInt32 = 0
  /// One bit for each list register that may be given to an interrupt at once: all that the CPU has which the vCPU is loaded
  /// on; while it is not loaded the first one, which every CPU has; none while it is unloaded or reset.
  var available: UInt32 = Self.unloadedAvailable
  /// One bit for each of the vCPU's queues of pending candidates that is not empty (`CandidateQueue`).
  var pendingQueues: UInt64 = 0
  /// The same for the queues of active ones, from 64 on.
  var activeQueues: UInt8 = 0
  /// True where there are candidates that the distributor forwards, or active ones.
  var hasCandidates = false
  /// The vCPU's interrupts, INTID 0 to 31, whose physical interrupt the caller shall deactivate.
  var deactivations: UInt32 = 0
  /// True while the vCPU's list registers are in hardware.
  var isLoaded = false
  /// True where a candidate or a used list register has changed since the last flush; of a vCPU that is not loaded, where its
  /// next load has to look at anything but the interface's own registers.
  var needsFlush = false
  /// How far a flush in pieces is.
  var stage = FlushStage.filling
  /// One bit for each list register that such a flush has still to look at.
  var unseen: UInt32 = 0
  /// How many interrupts that the vCPU is handling have lost their list registers to others.
  var evictedCount: UInt32 = 0
  /// How many ends the vCPU may owe for interrupts that software has made inactive under its hands.
  var orphanCount: UInt32 = 0
  /// What the hardware has been told while the vCPU is loaded, but for the count of missed ends.
  var control: InterfaceControl = []
  /// GICR_WAKER.ProcessorSleep.
  var isAsleep = true
  /// GICH_VMCR or ICH_VMCR_EL2 while the vCPU is not loaded, or as last read.
  var machineControl: UInt32
  /// GICH_APR at index 0, or ICH_AP0R<n>_EL2 and ICH_AP1R<n>_EL2, while the vCPU is not loaded.
  var activePriorities: [8 of UInt32] = .init(repeating: 0)

  /// The state after reset.
  ///
  /// The binary points are the smallest that five bits of priority allow: 2 for group 0, 3 for group 1. A GICv3 guest
  /// has only system registers, so that VFIQEn is RES1 (IHI 0069, ICH_VMCR_EL2).
  init(version: GICVersion) {
    machineControl = 2 << 21 | 3 << 18 | (version == .v3 ? 1 << 3 : 0)
  }

  /// True where a list register is in use or an interrupt waits for one, evicted ones among them.
  var holdsInterrupts: Bool {
    @inline(__always) get { used | evictedCount | (hasCandidates ? 1 : 0) != 0 }
  }

  /// True where all interrupts are in list registers, as those shall be, and nothing of them is to be asked for but by them.
  var holdsAllInRegisters: Bool {
    @inline(__always) get {
      !hasCandidates && (changed & used) | unwritten | evictedCount == 0 && activeQueues == 0
    }
  }

  /// The part of a priority that decides about preemption, as the binary points that were last read divide it: VBPR0 is
  /// bits 23 to 21, VBPR1 bits 20 to 18, VCBPR bit 4 (IHI 0048B §3.3.3, IHI 0069 §4.8.2).
  func groupPriority(_ priority: UInt8, isGroup1: Bool) -> Int {
    let isCommon = machineControl & 1 << 4 != 0
    let droppedBitCount = isGroup1 && !isCommon ? machineControl &>> 18 & 7 : (machineControl &>> 21 & 7) &+ 1
    return Int((UInt32(priority) &>> droppedBitCount) &<< droppedBitCount)
  }

  /// True where the CPU interface, as far as is known, would signal an interrupt of this group and priority.
  ///
  /// VENG0 and VENG1 are bits 0 and 1 and VPMR is the top byte, of which GICv2 has only the upper five bits. Not a method: a
  /// value of this size that is only read is copied first.
  @inline(__always)
  static func signals(priority: UInt8, isGroup1: Bool, machineControl: UInt32) -> Bool {
    machineControl & (isGroup1 ? 2 : 1) != 0 && UInt32(priority) < machineControl >> 24
  }
}
