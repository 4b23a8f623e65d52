public import Architecture

/// One vCPU has the CPU for itself: no queue, no slice, and never a timer.
public struct StaticPolicy: SchedulingPolicy, ~Copyable {
  private var isReady = false

  /// A policy for one vCPU, which is number 0.
  public init() {}

  /// The name in system files.
  public static var name: StaticString { "static" }

  /// Takes exactly one vCPU, which needs no reservation: it has everything.
  public static func admit(_ set: borrowing TaskSet) throws(AdmissionRefusal) {
    try set.checkCount(atMost: 1)
    if set.tasks.count != 1 { throw AdmissionRefusal(.cpu, .vcpuCount, value: 0, limit: 1) }
    try set.checkNoReservations()
  }

  /// The policy for an admitted set.
  public init<Provider: StorageProvider & ~Copyable>(
    _ set: borrowing TaskSet, in provider: inout Provider
  ) throws(OutOfMemory) { self.init() }

  /// The vCPU runs from now on.
  public mutating func ready(_ vcpu: Int, at now: Instant) { isReady = true }

  /// The CPU idles until the vCPU is ready again.
  public mutating func block(_ vcpu: Int, at now: Instant) { isReady = false }

  /// There is nobody to give the CPU to.
  public mutating func yield(_ vcpu: Int, at now: Instant) {}

  /// The CPU idles.
  public mutating func remove(_ vcpu: Int, at now: Instant) { isReady = false }

  /// There is nothing to account for.
  public mutating func charge(_ vcpu: Int, ran ticks: UInt64) {}

  /// The vCPU or nothing, without end.
  public mutating func pick(at now: Instant) -> Decision {
    isReady ? .run(vcpu: 0, until: .never) : .idle(until: .never)
  }
}
