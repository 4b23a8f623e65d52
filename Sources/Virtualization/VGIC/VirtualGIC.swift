public import Architecture

/// A VM's interrupt controller: one model of interrupt state with the register face of a GICv2 (IHI 0048B) or of a
/// GICv3 without a second Security state, LPIs or legacy operation (IHI 0069).
///
/// The model touches no hardware. Events change interrupt states, and each change either makes the interrupt a
/// candidate of the vCPU that it is forwarded to or marks the list register that holds it as changed. A flush of the vCPU
/// that is loaded (`refresh`, `maintenance`, `load`) settles changed list registers and moves candidates into free ones.
/// A vCPU that is not loaded has its list registers here, and they are settled at once.
///
/// Not shared between CPUs without a lock. Where several CPUs run one VM's vCPUs, each flushes only the vCPU that it has
/// loaded; `attention` says which vCPUs another CPU has to be told about.
public struct VirtualGIC: ~Copyable {
  /// Which architecture the guest sees.
  public let version: GICVersion
  /// How many vCPUs the VM has.
  public let vcpuCount: Int
  /// How many SPIs there are; the first is INTID 32.
  public let sharedInterruptCount: Int
  /// Whether a list register's HW bit ends the physical interrupt as it should (see the probe of the host's GIC). Where it
  /// does not, the guest's end of interrupt comes to EL2, which deactivates.
  public let usesHardwareLinks: Bool
  /// One bit for each vCPU that has something to flush: its CPU shall refresh it, or wake it where it waits.
  public internal(set) var attention: UInt64 = 0

  /// The SGIs and PPIs of vCPU 0, of vCPU 1 and so on, 32 each, then the SPIs.
  let states: Storage<InterruptState>
  /// One for each vCPU.
  let interfaces: Storage<CPUInterfaceState>
  /// For each of `states` its neighbours in the queue of candidates that it waits in, the next one and the previous one; then
  /// for each vCPU who is first in each of its queues.
  let links: Storage<UInt16>
  /// One bit for each SPI's INTID whose physical interrupt the caller shall deactivate.
  let sharedDeactivations: Storage<UInt64>
  /// How many deactivations wait to be taken.
  var deactivationCount = 0
  /// GICD_CTLR.EnableGrp0 and EnableGrp1, as bits 0 and 1.
  var enabledGroups: UInt32 = 0
  /// How many reads there were, since one last asked, that another CPU could have answered better: see `inquire`.
  var inquiryCount: UInt8 = 0
  /// What each vCPU's interface is told at least while it is loaded.
  var baseControl = InterfaceControl.enabled

  /// An interrupt controller after power on.
  ///
  /// `vcpuCount` is 1 to 64 (to 8 for GICv2); `sharedInterruptCount` is a multiple of 32 up to 960, or 988 for all that
  /// there can be. Other counts are a mistake of the caller's, who has checked the configuration.
  public init(
    version: GICVersion, vcpuCount: Int, sharedInterruptCount: Int, usesHardwareLinks: Bool = true,
    storage: inout some StorageProvider & ~Copyable
  ) throws(OutOfMemory) {
    precondition(vcpuCount >= 1 && vcpuCount <= (version == .v2 ? 8 : 64))
    precondition(sharedInterruptCount >= 0 && sharedInterruptCount <= 988)
    precondition(sharedInterruptCount % 32 == 0 || sharedInterruptCount == 988)
    let wordCount = (32 + sharedInterruptCount + 63) / 64
    let states = try storage.storage(of: InterruptState.self, count: vcpuCount * 32 + sharedInterruptCount) { _ in
      InterruptState(flags: [], target: InterruptState.noTarget)
    }
    let interfaces = try storage.storage(of: CPUInterfaceState.self, count: vcpuCount) { _ in
      CPUInterfaceState(version: version)
    }
    let linkCount = states.count * 2 + vcpuCount * CandidateQueue.count
    let links = try storage.storage(of: UInt16.self, count: linkCount) { _ in 0 }
    let sharedDeactivations = try storage.storage(of: UInt64.self, count: wordCount) { _ in 0 }
    self.version = version
    self.usesHardwareLinks = usesHardwareLinks
    self.vcpuCount = vcpuCount
    self.sharedInterruptCount = sharedInterruptCount
    self.states = states
    self.interfaces = interfaces
    self.links = links
    self.sharedDeactivations = sharedDeactivations
    if vcpuCount > 1 { baseControl.formUnion(trapControl) }
    reset()
  }

  /// The first INTID after the last one.
  var interruptCount: Int { 32 + sharedInterruptCount }

  /// Where the state of interrupt `id`, as `vcpu` names it, is; nil where there is no such interrupt.
  @inline(__always)
  func slot(of id: Int, vcpu: Int) -> Int? {
    if id < 32 { return vcpu &* 32 &+ id }
    return id < interruptCount ? vcpuCount &* 32 &+ id &- 32 : nil
  }

  /// The INTID of the interrupt whose state is at `slot`.
  @inline(__always)
  func id(ofSlot slot: Int) -> Int {
    slot < vcpuCount &* 32 ? slot & 31 : slot &- vcpuCount &* 32 &+ 32
  }

  /// True where `slot` is an SGI's.
  @inline(__always)
  func isSGI(slot: Int) -> Bool { slot < vcpuCount &* 32 && slot & 31 < 16 }

  /// True where `slot` is an SGI's that stays pending for each vCPU that asked for it, as only GICv2's do.
  @inline(__always)
  func hasSources(slot: Int) -> Bool { version == .v2 && isSGI(slot: slot) }

  /// True where `slot` is an SPI's.
  @inline(__always)
  func isShared(slot: Int) -> Bool { slot >= vcpuCount &* 32 }

  /// True where the distributor forwards the interrupt when it is pending: enabled, and its group enabled.
  @inline(__always)
  func forwards(_ slot: Int) -> Bool {
    let flags = states[slot].flags
    return flags.contains(.enabled) && enabledGroups & (flags.contains(.group1) ? 2 : 1) != 0
  }
}
