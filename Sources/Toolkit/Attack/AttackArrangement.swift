/// What a loop and those who disturb it have in common while they are measured: everything but what the latter do.
public struct AttackArrangement: Hashable, Sendable {
  /// How the loop gets its time.
  public var policy: Policy
  /// The interrupt controller's version.
  public var gic: UInt64
  /// The instruction set.
  public var isa: String
  /// How many machines disturb.
  public var machineCount = 1
  /// How many vCPUs each of them has.
  public var vcpuCount: Int
  /// On which CPUs those are.
  public var placement = Placement.same
  /// What the loop measures.
  public var measure = Measure.lateness
  /// The loop's reservation, in µs of each period, where it has one.
  public var budget = 200
  /// The loop's period, in µs.
  public var period = 1000
  /// What admission reckons for a switch, in µs, if not what it does by itself.
  public var overhead: Int?
  /// How often the loop sleeps for a while before its supply is measured.
  public var blockCount = 0

  /// How the loop's CPU is shared, and what of it is the loop's.
  public enum Policy: String, CaseIterable, Sendable {
    /// A reservation of 200 µs in each ms under `earliest-deadline`; nobody else has one.
    case deadline = "edf"
    /// The greatest priority under `fixed-priority`.
    case priority = "fp"
    /// The same with a reservation of 200 µs in each ms.
    case reservedPriority = "fp-reserved"
    /// A CPU of its own.
    case own
    /// A window of 300 µs in each ms.
    case cyclic
    /// Its turn.
    case turns = "rr"
  }

  /// Where the others are. The loop is on CPU 0, to which the console's interrupts come.
  public enum Placement: String, Sendable {
    /// On the loop's CPU.
    case same
    /// On CPU 1.
    case other
    /// The first vCPU of each machine on CPU 1, and the rest on the loop's.
    case split
    /// In turn on three CPUs, of which one is the loop's; where that is its own, on two others.
    case wide

    /// How many CPUs it takes.
    var processorCount: UInt64 {
      switch self {
      case .same: 1
      case .other, .split: 2
      case .wide: 3
      }
    }
  }

  /// What is measured.
  public enum Measure: String, Sendable {
    /// How late the loop wakes, in instructions: the most.
    case lateness = "late"
    /// How much a loop that is always busy runs in a period: the least.
    case supply
    /// How late a window begins or by how much it is too short: the most.
    case window
    /// How long a loop takes to answer that wakes and then computes for `AttackSystem.job`: the most.
    case answer
  }

  /// Others have turns of QEMU's while the loop's CPU waits for its own, and the loop says how late it comes.
  var countsOwn: Bool { placement.processorCount > 1 && measure == .lateness }

  /// What there is to say of it.
  public var name: String {
    "\(policy.rawValue) gic\(gic) \(isa) \(machineCount)x\(vcpuCount) \(placement.rawValue) \(measure.rawValue)"
      + (blockCount > 0 ? " \(blocking)" : "")
  }

  /// The reservation that is measured after a phase of blocking, in words.
  var blocking: String { "\(budget)us/\(period)us" + (overhead.map { "+\($0)us" } ?? "") }

  /// An arrangement on the loop's own CPU, of one machine with as many vCPUs as the interrupt controller lets it have, unless
  /// said otherwise.
  public init(
    _ policy: Policy, gic: UInt64 = 3, isa: String = "armv8", machines: Int = 1, vcpus: Int? = nil,
    at placement: Placement? = nil, measure: Measure? = nil
  ) {
    self.policy = policy
    self.gic = gic
    self.isa = isa
    machineCount = machines
    vcpuCount = vcpus ?? (gic == 2 ? 8 : 60)
    self.placement = placement ?? (policy == .own ? .other : .same)
    self.measure = measure ?? (policy == .cyclic ? .window : .lateness)
  }
}
