/// Why a policy cannot take a set of vCPUs: whose fault it is, what was found, and what it may be at the most.
public struct AdmissionRefusal: Error, Hashable, Sendable {
  /// What has to be changed.
  public enum Subject: Hashable, Sendable {
    /// The CPU as a whole.
    case cpu
    /// The vCPU of this number.
    case vcpu(Int)
    /// The window of this index in the cyclic table.
    case window(Int)
  }

  /// What is wrong; each case says what `value` and `limit` are.
  public enum Reason: Hashable, Sendable {
    /// The number of vCPUs; the only or the greatest number that the policy takes.
    case vcpuCount
    /// The slice in ticks, zero or too long; the longest one.
    case slice
    /// What a switch costs in ticks; the most that can be calculated with.
    case switchOverhead
    /// The policy keeps no reservations, so a promise would not be kept. No value.
    case reservationNotKept
    /// A budget of no ticks; of the CPU where it is the hypervisor's own. No value.
    case emptyBudget
    /// The budget with two switches and the longest step in ticks; the deadline. Of the CPU where it is the hypervisor's
    /// own: the budget; the period.
    case budgetOverDeadline
    /// The deadline in ticks; the period.
    case deadlineOverPeriod
    /// The period in ticks, of the CPU where it is the hypervisor's own; the longest one.
    case periodTooLong
    /// The utilisation of the hypervisor and the vCPUs up to this one with two switches for each period, in parts per
    /// million, rounded up; a whole CPU.
    case utilisation
    /// The time in ticks that must be given until the instant `limit`, counted from a moment in which all vCPUs wake: a
    /// deadline, less one switch and one step that may be under way.
    case demand
    /// The worst response time in ticks, or the first estimate of it that is past the deadline; the deadline.
    case responseTime
    /// The number of a vCPU of the same or a greater priority that has no reservation, and so may never stop. No limit.
    case unboundedInterference
    /// More steps were needed to decide than are spent on any set: it is too near to a whole CPU, or its periods and
    /// budgets differ too much in size. The steps; the most that are spent.
    case undecided
    /// The major frame in ticks, zero or too long; the longest one.
    case majorFrame
    /// The number of windows; the most that a table can have.
    case windowCount
    /// A window of no ticks. No value.
    case emptyWindow
    /// The window's offset in ticks; the end of the one before it.
    case windowOverlap
    /// The window's end in ticks; the frame's.
    case windowPastFrame
    /// The number of the vCPU, which the CPU does not have; the count of those that it has.
    case windowOfUnknownVCPU
    /// A vCPU that never runs, because no window is its own. No value.
    case noWindow
  }

  /// What has to be changed.
  public var subject: Subject
  /// What is wrong with it.
  public var reason: Reason
  /// What was found, in the reason's unit; all ones where it is more than that.
  public var value: UInt64
  /// What is possible, in the reason's unit.
  public var limit: UInt64

  /// A refusal.
  public init(_ subject: Subject, _ reason: Reason, value: UInt64 = 0, limit: UInt64 = 0) {
    self.subject = subject
    self.reason = reason
    self.value = value
    self.limit = limit
  }
}
