extension AttackCase {
  /// Every attack on every loop, with every interrupt controller of the instruction set.
  public static func all(isa: String) -> [AttackCase] {
    [3, 2].flatMap { gic in arrangements(isa: isa, gic: gic).flatMap { cases(in: $0) } + blocking(isa: isa, gic: gic) }
  }

  private static func arrangements(isa: String, gic: UInt64) -> [AttackArrangement] {
    typealias Policy = AttackArrangement.Policy
    func each(
      _ policies: [Policy], machines: Int = 1, vcpus: Int? = nil, at placement: AttackArrangement.Placement? = nil,
      measure: AttackArrangement.Measure? = nil
    ) -> [AttackArrangement] {
      policies.map {
        AttackArrangement($0, gic: gic, isa: isa, machines: machines, vcpus: vcpus, at: placement, measure: measure)
      }
    }
    // With GICv2 a machine has few vCPUs: there are more machines.
    let crowd = gic == 2 ? 8 : 4
    return each(Policy.allCases.filter { $0 != .reservedPriority })
      + each([.deadline, .reservedPriority], measure: .supply)
      + each([.deadline], measure: .answer)
      + each([.deadline, .own], machines: 16, vcpus: 1)
      + each([.deadline, .priority, .own], machines: crowd)
      + each([.deadline], machines: crowd, measure: .supply)
      + each([.deadline, .priority], at: .split)
      + each([.deadline], at: .split, measure: .supply)
      + each([.deadline], at: .other)
      + each([.deadline, .own], at: .wide)
  }

  /// The attacks that mean something in an arrangement.
  private static func cases(in arrangement: AttackArrangement) -> [AttackCase] {
    AttackKind.all.filter {
      arrangement.vcpuCount >= $0.leastVCPUs && arrangement.machineCount >= $0.leastMachines
    }.map { AttackCase(attack: $0, arrangement: arrangement) }
  }

  /// What a reservation gets after a phase of frequent blocking, beside others that sleep, and that are busy.
  private static func blocking(isa: String, gic: UInt64) -> [AttackCase] {
    let reservations: [(budget: Int, period: Int, overhead: Int?)] = [
      (500, 1000, 5), (500, 1000, 1), (500, 1000, 20), (900, 1000, nil), (200, 1000, nil), (5000, 10000, nil),
    ]
    return reservations.flatMap { reservation in
      [AttackKind.idle, .spin].map { kind in
        var arrangement = AttackArrangement(.deadline, gic: gic, isa: isa, vcpus: 1, measure: .supply)
        arrangement.budget = reservation.budget
        arrangement.period = reservation.period
        arrangement.overhead = reservation.overhead
        arrangement.blockCount = 300
        return AttackCase(attack: kind, arrangement: arrangement)
      }
    }
  }

  /// The rows that say most in little time: of each kind of loop, the attacks that have cost it most.
  public static func short(isa: String) -> [AttackCase] {
    all(isa: isa).filter { row in
      guard row.arrangement.gic == (isa == "armv7" ? 2 : 3) else {
        return isa == "armv8" && otherController.contains(row.key)
      }
      return shortKeys.contains(row.key)
    }
  }

  /// All that tells rows of one interrupt controller and instruction set apart, but numbers.
  private var key: String {
    let crowd = arrangement.machineCount > 1 ? "*" : ""
    let words = [
      attack.name, arrangement.policy.rawValue, arrangement.placement.rawValue, arrangement.measure.rawValue,
    ]
    return words.joined(separator: " ") + crowd + (arrangement.blockCount > 0 ? " \(arrangement.blocking)" : "")
  }

  private static let shortKeys: Set = [
    "timers edf same late", "both-timers edf same late", "uart edf same late", "room edf same late",
    "sgi edf same late", "reset edf same late", "distributor edf same late", "pending edf same late",
    "heavy edf same late", "control-full edf same late",
    "keys-dump edf same late", "timers edf same late*",
    "timers fp same late", "sgi fp same late",
    "timers-within edf same supply", "timers-within fp-reserved same supply", "timers edf same answer",
    "idle edf same supply 500us/1000us+5us",
    "timers cyclic same window", "uart cyclic same window",
    "uart own other late", "keys-dump own other late", "sgi own other late",
    "cpu-on edf split late", "sgi-singles edf split late", "sgi-ready edf split late", "reset-all edf split late",
  ]
  private static let otherController: Set = [
    "timers edf same late*", "sgi edf same late", "uart edf same late", "timers-within edf same supply",
    "sgi-ready edf split late",
  ]
}
