internal import Architecture
public import DeviceTree
public import Scheduling

/// Why the vCPUs of one physical CPU cannot be scheduled as the bundle asks.
public struct PlanProblem: Error, Equatable, Sendable {
  /// What has to be changed.
  public enum Subject: Equatable, Sendable {
    /// The CPU as a whole.
    case cpu
    /// A vCPU.
    case vcpu(CPUPlan.Member)
    /// The window of that index in the CPU's table.
    case window(Int)
  }

  /// What is wrong.
  public enum Cause: Equatable, Sendable {
    /// No policy has that name.
    case unknownPolicy(Text)
    /// The policy cannot take these vCPUs.
    case refused(AdmissionRefusal, by: PolicyKind)
  }

  /// The physical CPU.
  public let cpu: UInt32
  /// What has to be changed.
  public let subject: Subject
  /// What is wrong with it.
  public let cause: Cause
  /// The vCPU that stands in the way, where the cause is another one than the subject.
  let other: CPUPlan.Member?
  /// What a tick in the cause is.
  let rate: TickRate

  /// A name that is no policy's.
  init(cpu: UInt32, unknownPolicy name: Text) {
    self.cpu = cpu
    subject = .cpu
    cause = .unknownPolicy(name)
    other = nil
    rate = .nanoseconds
  }

  /// A refusal of a plan.
  init(_ plan: CPUPlan, _ refusal: AdmissionRefusal) {
    cpu = plan.cpu
    subject =
      switch refusal.subject {
      case .cpu: .cpu
      case .vcpu(let number): .vcpu(plan.members[number])
      case .window(let index): .window(index)
      }
    cause = .refused(refusal, by: plan.policy)
    let number = Int(truncatingIfNeeded: refusal.value)
    let hasOther = refusal.reason == .unboundedInterference && plan.members.indices.contains(number)
    other = hasOther ? plan.members[number] : nil
    rate = plan.rate
  }

  /// True where the numbers do not work out, and false where the bundle says something that makes no sense: only of the
  /// former can one ask what would happen.
  public var isAboutLoad: Bool {
    guard case .refused(let refusal, _) = cause else { return false }
    switch refusal.reason {
    case .utilisation, .demand, .responseTime, .unboundedInterference, .undecided: return true
    default: return false
    }
  }
}
