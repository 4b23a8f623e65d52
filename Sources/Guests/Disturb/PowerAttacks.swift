internal import GuestEntry
internal import GuestSupport

/// The first vCPU turns all others on again and again, which turn themselves off at once.
func turnOnForEver(as vcpu: VCPU) -> Never {
  while true {
    for number in 1..<max(vcpu.count, 2) {
      PSCI.call(PSCI.cpuOn, VCPU.affinity(of: number), disturb_brief_entry(), number)
      guest_relax()
    }
  }
}

/// Calls that need an answer about somebody else.
func callForEver(as vcpu: VCPU) -> Never {
  while true {
    for number in 0..<vcpu.count {
      PSCI.call(PSCI.affinityInfo, VCPU.affinity(of: number), 0)
      PSCI.call(PSCI.affinityInfo, VCPU.affinity(of: number), 3)
      PSCI.call(PSCI.cpuOn, VCPU.affinity(of: number), 0, 0)
      PSCI.call(PSCI.features, 0x8400_0001)
      PSCI.call(0x8000_0000 | number)
      guest_relax()
    }
  }
}
