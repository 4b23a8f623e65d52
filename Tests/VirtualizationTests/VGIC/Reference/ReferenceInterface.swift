import Architecture

/// One vCPU's CPU interface as software sees it (IHI 0048B §4.4, IHI 0069 §12.2), with 32 levels of priority.
struct ReferenceInterface {
  let version: GICVersion
  var priorityMask: UInt8 = 0
  var isGroup0Enabled = false
  var isGroup1Enabled = false
  /// One binary point for both groups (CBPR).
  var hasCommonBinaryPoint = false
  var binaryPoint0: UInt8 = 2
  var binaryPoint1: UInt8 = 3
  /// EOImode.
  var separatesDeactivation = false
  /// The group priorities of what has been acknowledged and not ended, each once for each group.
  private var active: [Bool: Set<UInt8>] = [false: [], true: []]

  init(_ version: GICVersion) { self.version = version }

  var runningPriority: UInt8 { active.values.compactMap { $0.min() }.min() ?? 0xff }
  var isIdle: Bool { active.values.allSatisfy(\.isEmpty) }

  func hasGroup(_ isGroup1: Bool) -> Bool { isGroup1 ? isGroup1Enabled : isGroup0Enabled }

  /// The part of a priority that preempts: binary point n leaves out n+1 bits for group 0, n bits for group 1.
  func groupPriority(_ priority: UInt8, isGroup1: Bool) -> UInt8 {
    let dropped = isGroup1 && !hasCommonBinaryPoint ? binaryPoint1 : binaryPoint0 + 1
    return dropped > 7 ? 0 : (priority >> dropped) << dropped
  }

  mutating func push(priority: UInt8, isGroup1: Bool) {
    // GICv2 has one set of active priorities for both groups.
    active[version == .v3 && isGroup1]!.insert(groupPriority(priority, isGroup1: isGroup1))
  }

  /// A priority drop: the most urgent active priority, group 0's of equals.
  mutating func pop() {
    for isGroup1 in [false, true] where active[isGroup1]!.min() == runningPriority {
      active[isGroup1]!.remove(runningPriority)
      return
    }
  }

  /// The fields as GICH_VMCR and ICH_VMCR_EL2 have them.
  var machineControl: UInt32 {
    var bits = UInt32(priorityMask & 0xf8) << 24 | UInt32(binaryPoint0) << 21 | UInt32(binaryPoint1) << 18
    bits |= separatesDeactivation ? 1 << 9 : 0
    bits |= hasCommonBinaryPoint ? 1 << 4 : 0
    return bits | (isGroup1Enabled ? 2 : 0) | (isGroup0Enabled ? 1 : 0)
  }
}
