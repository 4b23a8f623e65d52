internal import Architecture
internal import ArmCommon
internal import Backend
internal import Drivers
internal import Scheduling

/// What belongs to one physical CPU, and is touched by it alone. `Processor.ownRecord` points here.
struct PhysicalCPU: ~Copyable {
  /// Its number, in the order of the device tree.
  let index: Int
  /// Who decides what runs.
  var scheduler: RoundRobin
  /// The vCPUs assigned to it: the scheduler's numbers to `Hypervisor.vcpus`'.
  let assigned: Storage<Int>
  /// The physical interrupt controller.
  let controller: InterruptController
  /// The virtual CPU interface.
  var listRegisters: HostListRegisters
  /// The vCPU whose registers are in the hardware, or -1. It may be waiting while this CPU idles.
  var loaded = -1
  /// The vCPU that owns what the FP and SIMD registers hold, or -1.
  var floatingPointOwner = -1
  /// For each VM the vCPU that ran here last, or -1: another one of the same VM must not find its translations.
  let lastOfVM: Storage<Int>
  /// The vCPU whose time passes, or -1: the one that runs, or one that the hypervisor works for.
  var charged = -1
  /// Since when it has not been charged.
  var chargedUntil = Instant(ticks: 0)
  /// What the hypervisor's timer is set to; `never` where it is off.
  var timerDeadline = Instant.never
  /// Something happened that the scheduler has to be asked about before the guest goes on.
  var needsDecision = false
  /// A VM is being stopped because we failed while we served it: another failure now ends everything.
  var isAbandoning = false

  /// The CPU that runs this.
  @inline(__always)
  static var current: Reference<PhysicalCPU> {
    unsafe Reference(
      unsafePointer: UnsafeMutablePointer(bitPattern: Processor.ownRecord).unsafelyUnwrapped)
  }
}

extension Reference where Value == PhysicalCPU, Value: ~Copyable {
  /// Makes this the running CPU's own.
  func install() { Processor.ownRecord = address }
}
