public import Architecture
public import Configuration
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

extension PlanProblem {
  /// Writes the problem with its place: "cpu 0, debian vcpu 1: ...". The names are those of `system`.
  public func write<Sink: ByteSink & ~Copyable>(to sink: inout Sink, naming system: SystemDescription) {
    sink.write("cpu ")
    sink.write(decimal: UInt64(cpu))
    switch subject {
    case .cpu: break
    case .vcpu(let member):
      sink.write(", ")
      member.write(to: &sink, naming: system)
    case .window(let index):
      sink.write(", window ")
      sink.write(decimal: UInt64(truncatingIfNeeded: index))
    }
    sink.write(": ")
    writeMessage(to: &sink, naming: system)
  }

  /// Writes what is wrong and how to mend it, without the place.
  public func writeMessage<Sink: ByteSink & ~Copyable>(to sink: inout Sink, naming system: SystemDescription) {
    switch cause {
    case .unknownPolicy(let name):
      sink.write("\"")
      sink.write(name.span)
      sink.write("\" is no policy; known are")
      for number in 0..<PolicyKind.count {
        sink.write(number == 0 ? " " : ", ")
        if let kind = PolicyKind(number: number) { sink.write(kind.name) }
      }
    case .refused(let refusal, let policy):
      write(refusal, policy, to: &sink, naming: system)
    }
  }

  private func write<Sink: ByteSink & ~Copyable>(
    _ refusal: AdmissionRefusal, _ policy: PolicyKind, to sink: inout Sink, naming system: SystemDescription
  ) {
    let (value, limit) = (refusal.value, refusal.limit)
    switch refusal.reason {
    case .vcpuCount: writeCount(value, limit, policy, to: &sink)
    case .slice: times("a slice of ", value, " is none that can be kept; use at most ", limit, "", to: &sink)
    case .switchOverhead: times("an overhead of ", value, " is too much; use at most ", limit, "", to: &sink)
    case .reservationNotKept:
      sink.write(policy.name)
      sink.write(" keeps no reservations; choose another policy, or take this one out")
    case .emptyBudget: sink.write("the budget is less than a tick of the counter; give more")
    case .budgetOverDeadline:
      times("the budget and two switches take ", value, ", but the deadline is at ", limit, to: &sink)
      sink.write("; give less, or more time for it")
    case .deadlineOverPeriod:
      times("the deadline at ", value, " is past the period's end at ", limit, "; bring it forward", to: &sink)
    case .periodTooLong: times("a period of ", value, " is too long; use at most ", limit, "", to: &sink)
    case .utilisation, .demand, .responseTime, .unboundedInterference, .undecided:
      writeLoad(refusal, to: &sink, naming: system)
    case .majorFrame: times("a frame of ", value, " is none that can be kept; use at most ", limit, "", to: &sink)
    case .windowCount:
      sink.write("a table of ")
      sink.write(decimal: value)
      sink.write(" windows is too long; use at most ")
      sink.write(decimal: limit)
    case .emptyWindow: sink.write("the window is shorter than a tick of the counter; make it longer, or take it out")
    case .windowOverlap:
      times("the window begins at ", value, ", but the one before it ends at ", limit, to: &sink)
      sink.write("; list windows in the order of time, and none over another")
    case .windowPastFrame:
      times(
        "the window ends at ", value, ", but the frame at ", limit, "; shorten it, or lengthen the frame", to: &sink)
    case .windowOfUnknownVCPU: sink.write("the window's vCPU is not on this CPU; put it here, or take the window out")
    case .noWindow: sink.write("no window is its own, so it would never run; add one to the CPU's table")
    }
  }

  private func writeCount<Sink: ByteSink & ~Copyable>(
    _ value: UInt64, _ limit: UInt64, _ policy: PolicyKind, to sink: inout Sink
  ) {
    sink.write(policy.name)
    sink.write(policy == .static ? " takes exactly " : " takes at most ")
    sink.write(decimal: limit)
    sink.write(limit == 1 ? " vCPU, but the CPU has " : " vCPUs, but the CPU has ")
    sink.write(decimal: value)
    sink.write(
      value > limit ? "; move some to other CPUs, or choose another policy" : "; give it one, or take its entry out")
  }

  private func writeLoad<Sink: ByteSink & ~Copyable>(
    _ refusal: AdmissionRefusal, to sink: inout Sink, naming system: SystemDescription
  ) {
    let (value, limit) = (refusal.value, refusal.limit)
    switch refusal.reason {
    case .utilisation:
      sink.write("the reservations up to this one, with two switches for each period, take ")
      sink.write(partsPerMillion: value)
      sink.write(" of the CPU, and it has ")
      sink.write(partsPerMillion: limit)
      sink.write("; give less, less often, or move one to another CPU")
    case .demand:
      times("when all wake at once, ", value, " of running time are due by ", limit, to: &sink)
      sink.write(" after that; give less, or a later deadline")
    case .responseTime:
      times("its budget may take ", value, " to come, but its deadline is at ", limit, to: &sink)
      sink.write("; give it a greater priority or a later deadline, or others less")
    case .unboundedInterference:
      if let other { other.write(to: &sink, naming: system) } else { sink.write("another vCPU") }
      sink.write(" has no reservation and no smaller priority, so it may never stop; give it either")
    default:
      sink.write("it is too near to a whole CPU to be decided with reasonable effort; give less, or rounder periods")
    }
  }

  /// Writes two times, in ticks, between texts.
  private func times<Sink: ByteSink & ~Copyable>(
    _ first: StaticString, _ value: UInt64, _ second: StaticString, _ limit: UInt64, _ third: StaticString = "",
    to sink: inout Sink
  ) {
    sink.write(first)
    sink.write(time: rate.nanoseconds(ticks: value))
    sink.write(second)
    sink.write(time: rate.nanoseconds(ticks: limit))
    sink.write(third)
  }
}

extension CPUPlan.Member {
  /// Writes the vCPU's name: "debian vcpu 1".
  func write<Sink: ByteSink & ~Copyable>(to sink: inout Sink, naming system: SystemDescription) {
    if let name = system.vm(vm)?.name {
      sink.write(name.span)
    } else {
      sink.write("vm ")
      sink.write(decimal: UInt64(truncatingIfNeeded: vm))
    }
    sink.write(" vcpu ")
    sink.write(decimal: UInt64(truncatingIfNeeded: vcpu))
  }
}
