extension AttackCase {
  /// Every attack on every loop, with every interrupt controller of the instruction set.
  public static func all(isa: String) -> [AttackCase] {
    [3, 2].flatMap { gic in arrangements(isa: isa, gic: gic).flatMap { cases(in: $0) } }
  }

  private static func arrangements(isa: String, gic: UInt64) -> [AttackArrangement] {
    typealias Policy = AttackArrangement.Policy
    func each(_ policies: [Policy], machines: Int = 1, vcpus: Int? = nil, at placement: AttackArrangement.Placement? = nil,
      measure: AttackArrangement.Measure? = nil) -> [AttackArrangement]
    {
      policies.map {
        AttackArrangement($0, gic: gic, isa: isa, machines: machines, vcpus: vcpus, at: placement, measure: measure)
      }
    }
    let shared: [Policy] = [.deadline, .priority]
    return each(Policy.allCases.filter { $0 != .reservedPriority })
      + each([.deadline, .reservedPriority], measure: .supply)
      + each([.deadline], measure: .answer)
      + each([.deadline], machines: 16, vcpus: 1)
      + each(shared, machines: 4)
      + each([.deadline], machines: 4, measure: .supply)
      + each(shared, at: .split)
      + each([.deadline], at: .other)
  }

  /// The attacks that mean something in an arrangement.
  private static func cases(in arrangement: AttackArrangement) -> [AttackCase] {
    AttackKind.all.filter { attack in
      // An SGI needs somebody else, and so does a vCPU that is turned on.
      arrangement.vcpuCount > 1 || !["sgi", "cpu-on", "reset-all"].contains { attack.name.hasPrefix($0) }
    }.map { AttackCase(attack: $0, arrangement: arrangement) }
  }
}
