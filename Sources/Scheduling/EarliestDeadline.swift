public import Architecture

/// To come.
public struct EarliestDeadline: SchedulingPolicy, ~Copyable {
  /// The name in system files.
  public static var name: StaticString { "earliest-deadline" }
  /// To come.
  public static func admit(_ set: borrowing TaskSet) throws(AdmissionRefusal) {}
  private var stand: RoundRobin
  /// To come.
  public init<Provider: StorageProvider & ~Copyable>(
    _ set: borrowing TaskSet, in provider: inout Provider
  ) throws(OutOfMemory) { stand = try RoundRobin(set, in: &provider) }
  /// To come.
  public mutating func ready(_ vcpu: Int, at now: Instant) { stand.ready(vcpu, at: now) }
  /// To come.
  public mutating func block(_ vcpu: Int, at now: Instant) { stand.block(vcpu, at: now) }
  /// To come.
  public mutating func yield(_ vcpu: Int, at now: Instant) { stand.yield(vcpu, at: now) }
  /// To come.
  public mutating func remove(_ vcpu: Int, at now: Instant) { stand.remove(vcpu, at: now) }
  /// To come.
  public mutating func charge(_ vcpu: Int, ran ticks: UInt64) { stand.charge(vcpu, ran: ticks) }
  /// To come.
  public mutating func pick(at now: Instant) -> Decision { stand.pick(at: now) }
}
