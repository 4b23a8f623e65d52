public import Architecture

// swift-format-ignore
/// The policies that a system file can name, in the order in which they are listed to people. A new one is a line here.
public typealias Policies =
  OneOf<StaticPolicy,
  OneOf<RoundRobin,
  OneOf<FixedPriority,
  OneOf<EarliestDeadline,
  OneOf<CyclicTable,
  NoPolicy>>>>>

/// One of `Policies`.
public struct PolicyKind: Hashable, Sendable {
  /// Its place in the list.
  public let number: Int

  /// The policy at `number` in the list, or nil past its end.
  public init?(number: Int) {
    guard number >= 0 && number < PolicyKind.count else { return nil }
    self.number = number
  }

  /// The policy of that name, or nil where none has it.
  public init?(name: Span<UInt8>) {
    for number in 0..<PolicyKind.count where PolicyKind.isName(Policies.policyName(number), name) {
      self.number = number
      return
    }
    return nil
  }

  private init(unchecked number: Int) { self.number = number }

  /// How many policies there are.
  public static var count: Int { Policies.policyCount }
  /// One vCPU that has the CPU for itself.
  public static var `static`: PolicyKind { PolicyKind(unchecked: 0) }
  /// Every runnable vCPU in turn.
  public static var roundRobin: PolicyKind { PolicyKind(unchecked: 1) }
  /// The most urgent runnable vCPU, with or without a budget.
  public static var fixedPriority: PolicyKind { PolicyKind(unchecked: 2) }
  /// Reservations by the earliest deadline, the rest in the background.
  public static var earliestDeadline: PolicyKind { PolicyKind(unchecked: 3) }
  /// A table of windows that repeats.
  public static var cyclic: PolicyKind { PolicyKind(unchecked: 4) }

  /// The name in system files.
  public var name: StaticString { Policies.policyName(number) }

  /// Returns where the policy keeps all its promises to this set, and else throws the reason.
  public func admit(_ set: borrowing TaskSet) throws(AdmissionRefusal) {
    try Policies.admit(set, under: number)
  }

  private static func isName(_ name: StaticString, _ bytes: Span<UInt8>) -> Bool {
    let count = name.utf8CodeUnitCount
    guard count == bytes.count else { return false }
    let start = unsafe name.utf8Start
    for index in 0..<count where unsafe start[index] != bytes[index] { return false }
    return true
  }
}

/// The scheduler of one CPU: whichever policy its system file names.
public struct CPUScheduler: Scheduler, ~Copyable {
  private var policy: Policies

  /// The policy `kind` for a set that it has admitted.
  public init<Provider: StorageProvider & ~Copyable>(
    _ kind: PolicyKind, _ set: borrowing TaskSet, in provider: inout Provider
  ) throws(OutOfMemory) {
    policy = try Policies(kind.number, set, in: &provider)
  }

  /// `vcpu` can run.
  public mutating func ready(_ vcpu: Int, at now: Instant) { policy.ready(vcpu, at: now) }

  /// `vcpu` waits for an interrupt.
  public mutating func block(_ vcpu: Int, at now: Instant) { policy.block(vcpu, at: now) }

  /// `vcpu` lets others go first.
  @inline(never)
  public mutating func yield(_ vcpu: Int, at now: Instant) { policy.yield(vcpu, at: now) }

  /// `vcpu` was stopped.
  @inline(never)
  public mutating func remove(_ vcpu: Int, at now: Instant) { policy.remove(vcpu, at: now) }

  /// `vcpu` ran for `ticks` since it was charged last.
  public mutating func charge(_ vcpu: Int, ran ticks: UInt64) { policy.charge(vcpu, ran: ticks) }

  /// What to do from `now` on.
  public mutating func pick(at now: Instant) -> Decision { policy.pick(at: now) }

  /// `vcpu`, or nobody, ran for `ticks`; what to do from `now` on.
  public mutating func pick(at now: Instant, after vcpu: Int?, ran ticks: UInt64) -> Decision {
    policy.pick(at: now, after: vcpu, ran: ticks)
  }

  /// How often `vcpu` had to stop because its budget was used up.
  @inline(never)
  public func throttleCount(of vcpu: Int) -> UInt32 { policy.throttleCount(of: vcpu) }

  /// Where `vcpu` stands before the others.
  @inline(never)
  public func standing(of vcpu: Int) -> Int { policy.standing(of: vcpu) }

  /// Who may interrupt `vcpu` while it runs.
  @inline(never)
  public func audience(of vcpu: Int) -> Audience { policy.audience(of: vcpu) }

  /// Who may interrupt the CPU's idling.
  public var idleAudience: Audience { policy.idleAudience }
}
