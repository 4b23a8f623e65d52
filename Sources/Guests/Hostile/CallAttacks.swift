internal import GuestEntry
internal import GuestSupport

/// The results of PSCI (Arm DEN0022 §5.2.2), as 32-bit patterns.
private enum Result {
  static let success: UInt64 = 0
  static let notSupported: UInt64 = 0xffff_ffff
  static let invalidParameters: UInt64 = 0xffff_fffe
  static let alreadyOn: UInt64 = 0xffff_fffc
}

private enum Conduit { case hvc, smc, hvcImmediate, smcImmediate }

/// Calls that nobody offers, and offered ones with arguments that cannot be. An unknown function is NOT_SUPPORTED and leaves
/// x4 to x17 alone (SMCCC, Arm DEN0028); an SMC is undefined where there is nothing to take it, and a call with a non-zero
/// immediate may be.
func attackCalls(_ tally: inout Tally) {
  ([0, 0x8400_0060, 0xc600_ff42, 0xbf00_ffff, 0xffff_ffff] as [5 of UInt64]).forEach { function in
    unknown(&tally, "unknown function by HVC", function, .hvc)
    unknown(&tally, "unknown function by SMC", function, .smc)
  }
  unknown(&tally, "HVC with an immediate", 0xc600_ff42, .hvcImmediate)
  unknown(&tally, "SMC with an immediate", 0xc600_ff42, .smcImmediate)

  let (version, isKept) = call(PSCI.version, .hvc)
  tally.judge("PSCI_VERSION keeps x4 to x17", isKept && version.isValue(below: 0x8000_0000), version)

  let own = guest_read_mpidr() & 0xff_00ff_ffff
  let absent: UInt64 = 0x00ff_ffff
  psci(&tally, "CPU_ON of an absent CPU", PSCI.cpuOn, absent, VirtMachine.memory, Result.invalidParameters)
  psci(&tally, "CPU_ON of a malformed CPU", PSCI.cpuOn, ~0, VirtMachine.memory, Result.invalidParameters)
  psci(&tally, "CPU_ON of itself", PSCI.cpuOn, own, VirtMachine.memory, Result.alreadyOn)
  psci(&tally, "AFFINITY_INFO of itself", PSCI.affinityInfo, own, 0, Result.success)
  psci(&tally, "AFFINITY_INFO of an absent CPU", PSCI.affinityInfo, absent, 0, Result.invalidParameters)
  psci(&tally, "PSCI_FEATURES of an unknown function", PSCI.features, 0xc600_ff42, 0, Result.notSupported)
  psci(&tally, "PSCI_FEATURES of CPU_ON", PSCI.features, PSCI.cpuOn, 0, Result.success)
  psci(&tally, "a PSCI function that is not assigned", 0x8400_001f, 0, 0, Result.notSupported)
}

private func psci(
  _ tally: inout Tally, _ what: StaticString, _ function: UInt64, _ a: UInt64, _ b: UInt64, _ expected: UInt64
) {
  let answer = PSCI.call(function, a, b)
  tally.judge(what, answer & 0xffff_ffff == expected, .value(answer))
}

private func unknown(_ tally: inout Tally, _ what: StaticString, _ function: UInt64, _ conduit: Conduit) {
  let (answer, isKept) = call(function, conduit)
  let isRefused =
    switch answer {
    case .value(let value): value & 0xffff_ffff == Result.notSupported
    default: conduit != .hvc && answer.isUndefined
    }
  tally.judge(what, at: function, isRefused && isKept, answer)
}

/// Makes a call with every register full; x0 of the answer, and whether x4 to x17 (a 32-bit guest: r4 to r12) are as they were.
private func call(_ function: UInt64, _ conduit: Conduit) -> (Answer, isKept: Bool) {
  var registers = guest_call()
  registers.x.0 = function
  unsafe withUnsafeMutableBytes(of: &registers) { bytes in
    for index in 1..<18 { unsafe bytes.storeBytes(of: filling(index), toByteOffset: index &* 8, as: UInt64.self) }
  }
  let fault = probe {
    switch conduit {
    case .hvc: unsafe guest_call_hvc(&registers)
    case .smc: unsafe guest_call_smc(&registers)
    case .hvcImmediate: unsafe guest_call_hvc_immediate(&registers)
    case .smcImmediate: unsafe guest_call_smc_immediate(&registers)
    }
  }
  var isKept = true
  unsafe withUnsafeBytes(of: &registers) { bytes in
    for index in 4..<18 {
      if unsafe bytes.load(fromByteOffset: index &* 8, as: UInt64.self) != filling(index) { isKept = false }
    }
  }
  return (Answer(fault, else: registers.x.0), isKept)
}

private func filling(_ index: Int) -> UInt64 { 0x0123_4567_89ab_cdef &* UInt64(index) & guest_register_mask }

extension Answer {
  fileprivate func isValue(below limit: UInt64) -> Bool {
    if case .value(let value) = self { value < limit } else { false }
  }
}
