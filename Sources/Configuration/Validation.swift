public import Architecture
internal import DeviceTree

extension SystemDescription {
  /// The most VMs that a system can have: VMIDs have eight bits on every core, and 0 is not a VM's.
  public static var vmLimit: Int { 255 }

  /// What a VM's memory is handed out in: the block that stage 2 maps with one entry at level 2.
  public static var memoryUnit: UInt64 { 2 << 20 }

  /// Calls `report` with everything that is wrong with the system, on its own and for `machine`, where that is known.
  /// `hosted` says which guests the machine's CPUs run, nil where nobody knows.
  ///
  /// The host tool and the hypervisor at boot both call this, and `MemoryPlan.place` for the machine's memory: a system without
  /// problems (warnings aside) can start.
  public func validate(
    on machine: MachineDescription?, hosting hosted: HostedInstructionSets? = nil, report: (SystemProblem) -> Void
  ) {
    guard hasKnownFormat else { return report(SystemProblem(.system, .format, .unknownFormat)) }
    let count = vmCount
    if count == 0 { report(SystemProblem(.system, .vms, .none)) }
    guard count <= Self.vmLimit else {
      return report(SystemProblem(.system, .vms, .tooLarge(limit: UInt64(Self.vmLimit))))
    }
    checkCPUs(machine, report)
    for vm in vms {
      checkName(of: vm, report)
      vm.checkWords(hosted, report)
      vm.checkCPUs(machine, report)
      vm.checkScheduling(report)
      vm.checkSizes(report)
      vm.checkPlaces(report)
      checkDevices(of: vm, machine, report)
      checkInterrupts(of: vm, report)
    }
  }

  /// A name that tells the VM from the others on the console.
  private func checkName(of vm: VMDescription, _ report: (SystemProblem) -> Void) {
    let name = vm.name
    func problem(_ kind: SystemProblem.Kind) { report(SystemProblem(.vm(vm.index), .name, kind)) }
    if vm.node["name"] == nil { return problem(.missing) }
    if name.isEmpty { return problem(.empty) }
    if name.count > VMDescription.nameLimit { return problem(.tooLong(limit: VMDescription.nameLimit)) }
    for byte in name where !byte.isPlain { return problem(.notPlain) }
    if name == "tvisor" { return problem(.reserved) }
    for other in vms where other.index < vm.index && other.name == name { return problem(.duplicate(of: other.index)) }
  }
}

extension VMDescription {
  /// Where in a free range of the host's memory the VM's RAM could be with the same addresses for guest and host, or nil
  /// where nowhere: not where the guest's devices are, and within the addresses that the guest can have.
  public func identityPlace(in free: AddressRange<PhysicalAddress>) -> AddressRange<PhysicalAddress>? {
    let lowest = PhysicalAddress(GuestMachine.memoryStart.rawValue)
    // A 32-bit kernel that unpacks itself takes memory to begin at a multiple of 128 MiB, and reaches 4 GiB early.
    let isNarrow = instructionSet == .aarch32
    let start = max(free.start, lowest).alignedUp(to: isNarrow ? 128 << 20 : SystemDescription.memoryUnit)
    let wanted = AddressRange(start: start, size: memorySize)
    let limit: UInt64 = isNarrow ? 1 << 32 : 1 << 39
    guard start >= free.start, !wanted.isEmpty, wanted.size == memorySize, free.contains(wanted) else { return nil }
    return start.rawValue <= limit - min(limit, memorySize) ? wanted : nil
  }
}

extension UInt8 {
  /// True for a letter, a digit, ".", "_" and "-".
  fileprivate var isPlain: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
    default: false
    }
  }
}

extension UInt64 {
  /// The sum, or the largest number where that would pass it.
  func saturatingSum(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }

  /// The next multiple of `unit`, a power of two, or the largest number where that would pass it.
  func roundedUp(to unit: UInt64) -> UInt64 { saturatingSum(unit - 1) & ~(unit - 1) }
}
