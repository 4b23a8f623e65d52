public import Architecture

/// A scheduler that a system file can name: it says which sets of vCPUs it can take, and is built for one of them.
public protocol SchedulingPolicy: Scheduler, ~Copyable {
  /// The name in system files.
  static var name: StaticString { get }

  /// Returns where the policy keeps all its promises to this set, and else throws the reason. The set may come from
  /// anywhere: no value traps, and the work is bounded.
  static func admit(_ set: borrowing TaskSet) throws(AdmissionRefusal)

  /// The policy for a set that `admit` let pass.
  init<Provider: StorageProvider & ~Copyable>(_ set: borrowing TaskSet, in provider: inout Provider)
    throws(OutOfMemory)
}
