public import Architecture

/// Where a vCPU stands in its life, in PSCI's terms (DEN 0022D §5.7).
public enum PowerState: UInt8, Sendable {
  case off
  /// CPU_ON has been called and the vCPU has not run yet.
  case onPending
  case on
  /// In CPU_SUSPEND. Still ON to those who ask.
  case suspended
}

/// The firmware of one VM: answers PSCI 1.1 and the architecture calls of SMCCC 1.2, and keeps the power state of the
/// VM's vCPUs. Shared by them: the VM's lock is held around every call that changes something or depends on it.
public struct PowerController: ~Copyable {
  private var states: Storage<PowerState>
  /// What the VM's guest is made of. One in AArch32 has only the 32-bit function identifiers, and an entry point of its
  /// own may be T32: bit 0 says so (DEN 0022D §5.6, DEN 0028C §2.5).
  public var instructionSet = InstructionSet.aarch64

  /// A VM of `vcpuCount` vCPUs, all off.
  public init<Provider: StorageProvider & ~Copyable>(vcpuCount: Int, in provider: inout Provider) throws(OutOfMemory) {
    states = try provider.storage(of: PowerState.self, count: vcpuCount) { _ in .off }
  }

  /// How many vCPUs there are.
  public var vcpuCount: Int { states.count }

  /// Where vCPU `index` stands.
  public func state(of index: Int) -> PowerState { states[index] }

  /// The first vCPU that is on or about to be, or nil where all are off.
  public var firstOn: Int? {
    for index in states.indices where states[index] != .off { return index }
    return nil
  }

  /// Sets the VM to what it is before its first instruction: vCPU 0 is about to run, the others are off.
  public mutating func reset() {
    for index in states.indices { states[index] = index == 0 ? .onPending : .off }
  }

  /// vCPU `index` runs: for the first time since it was turned on, or again after it was suspended.
  public mutating func ran(_ index: Int) {
    if states[index] != .off { states[index] = .on }
  }

  /// vCPU `index` will run no more, because its VM was stopped.
  public mutating func stopped(_ index: Int) { states[index] = .off }

  /// The result of a call that is the same for every VM at any time, or nil where `answer` has to say: PSCI_VERSION, which
  /// is the null call that round trips are measured by, and what belongs to no range that we answer.
  @inline(__always)
  public static func constantResult(of call: FirmwareCall) -> UInt64? {
    if call.function == FirmwareFunction.version.rawValue { return version }
    return call.isArchitectureOrStandard ? nil : FirmwareStatus.notSupported
  }

  /// PSCI 1.1, as PSCI_VERSION returns it.
  @usableFromInline static var version: UInt64 { 0x1_0001 }

  /// SMCCC 1.2, as SMCCC_VERSION returns it.
  private static var callingConvention: UInt64 { 0x1_0002 }
}

extension PowerController {
  /// Answers `call`, made by vCPU `caller`. `isMemory` tells whether a guest-physical address lies in the VM's
  /// RAM or ROM.
  @inline(never)
  public mutating func answer(
    _ call: FirmwareCall, from caller: Int, isMemory: (GuestPhysicalAddress) -> Bool
  ) -> FirmwareAnswer {
    guard let function = function(call.function) else { return .result(FirmwareStatus.notSupported) }
    let call = call.narrowed
    switch function {
    case .version: return .result(Self.version)
    case .callingConventionVersion: return .result(Self.callingConvention)
    case .architectureFeatures: return .result(architectureFeature(call.first))
    case .features: return .result(feature(call.first))
    case .on32, .on64: return turnOn(call, isMemory: isMemory)
    case .suspend32, .suspend64: return suspend(call, caller: caller, isMemory: isMemory)
    case .affinityInfo32, .affinityInfo64:
      return .result(affinityInfo(call.first, level: UInt32(truncatingIfNeeded: call.second)))
    // 2: no trusted OS that would have to migrate (DEN 0022D §5.1).
    case .migrateInfoType: return .result(2)
    case .off:
      states[caller] = .off
      return .off
    case .systemOff: return .systemOff
    case .systemReset: return .systemReset
    // Reset type 0 is SYSTEM_WARM_RESET; the others are reserved, or vendors' own (DEN 0022D §5.1).
    case .systemReset2In32, .systemReset2In64:
      return UInt32(truncatingIfNeeded: call.first) == 0 ? .systemReset : .result(FirmwareStatus.invalidParameters)
    }
  }

  /// PSCI_FEATURES: zero flags for what there is. CPU_SUSPEND's say the original power-state format and no OS-initiated
  /// mode; SYSTEM_RESET2 and SMCCC_VERSION have none (DEN 0022D §5.1).
  private func feature(_ identifier: UInt64) -> UInt64 {
    guard let function = function(UInt32(truncatingIfNeeded: identifier)), function != .architectureFeatures else {
      return FirmwareStatus.notSupported
    }
    return FirmwareStatus.success
  }

  /// SMCCC_ARCH_FEATURES. No workaround is offered: what a guest needs on a CPU follows from the CSV2, CSV3 and SSBS
  /// fields that it sees, and a yes here would promise a mitigation that nobody carries out.
  private func architectureFeature(_ identifier: UInt64) -> UInt64 {
    switch FirmwareFunction(rawValue: UInt32(truncatingIfNeeded: identifier)) {
    case .callingConventionVersion, .architectureFeatures: FirmwareStatus.success
    default: FirmwareStatus.notSupported
    }
  }

  /// CPU_ON (DEN 0022D §5.6).
  private mutating func turnOn(_ call: FirmwareCall, isMemory: (GuestPhysicalAddress) -> Bool) -> FirmwareAnswer {
    guard let target = Affinity.index(of: call.first), target < states.count else {
      return .result(FirmwareStatus.invalidParameters)
    }
    switch states[target] {
    case .on, .suspended: return .result(FirmwareStatus.alreadyOn)
    case .onPending: return .result(FirmwareStatus.onPending)
    case .off: break
    }
    guard isEntry(call.second, isMemory) else { return .result(FirmwareStatus.invalidAddress) }
    states[target] = .onPending
    return .start(vcpu: target, entry: call.second, context: call.third)
  }

  /// The function of an identifier, if there is one and the guest can call it.
  private func function(_ identifier: UInt32) -> FirmwareFunction? {
    if instructionSet == .aarch32 && identifier & 1 << 30 != 0 { return nil }
    return FirmwareFunction(rawValue: identifier)
  }

  /// An A64 or A32 entry point is in memory and a multiple of four. Bit 0 of an AArch32 guest's means T32, where the rest is
  /// a multiple of two.
  private func isEntry(_ address: UInt64, _ isMemory: (GuestPhysicalAddress) -> Bool) -> Bool {
    let isThumb = instructionSet == .aarch32 && address & 1 != 0
    return (isThumb || address & 3 == 0) && isMemory(GuestPhysicalAddress(address & ~1))
  }

  /// CPU_SUSPEND. A power-down state is checked as one and carried out as standby: the vCPU's registers survive, and a
  /// guest must be ready for the call to return as if nothing had been powered down (DEN 0022D §5.4).
  private mutating func suspend(
    _ call: FirmwareCall, caller: Int, isMemory: (GuestPhysicalAddress) -> Bool
  ) -> FirmwareAnswer {
    let state = UInt32(truncatingIfNeeded: call.first)
    // The original format: StateID 15:0, StateType 16, PowerLevel 25:24, and nothing else.
    guard state & ~0x0301_ffff == 0 else { return .result(FirmwareStatus.invalidParameters) }
    let isPowerDown = state & 1 << 16 != 0
    guard !isPowerDown || isEntry(call.second, isMemory) else { return .result(FirmwareStatus.invalidAddress) }
    states[caller] = .suspended
    return .suspend
  }

  /// AFFINITY_INFO: 0 where a vCPU of the affinity instance is on, 2 where one is about to be, else 1 (DEN 0022D §5.7).
  private func affinityInfo(_ affinity: UInt64, level: UInt32) -> UInt64 {
    guard level <= 3, affinity & ~0xff_00ff_ffff == 0 else { return FirmwareStatus.invalidParameters }
    let mask = Affinity.mask(aboveLevel: level)
    var answer = FirmwareStatus.invalidParameters
    for index in states.indices where (Affinity.fields(of: index) ^ affinity) & mask == 0 {
      switch states[index] {
      case .on, .suspended: return 0
      case .onPending: answer = 2
      case .off: if answer != 2 { answer = 1 }
      }
    }
    return answer
  }
}
