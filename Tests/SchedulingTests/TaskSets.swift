import Architecture
import Scheduling

/// vCPUs of one CPU, kept in arrays, as tests make them.
struct Tasks {
  var cpu = CPUParameters(slice: 100)
  var tasks: [TaskParameters]
  var windows: [CyclicWindow] = []

  init(_ tasks: [TaskParameters], cpu: CPUParameters = CPUParameters(slice: 100), windows: [CyclicWindow] = []) {
    self.tasks = tasks
    self.cpu = cpu
    self.windows = windows
  }

  init(_ reservations: [Reservation?], cpu: CPUParameters = CPUParameters(slice: 100)) {
    self.init(reservations.map { TaskParameters(reservation: $0) }, cpu: cpu)
  }

  /// Why the policy does not take it, or nil where it does.
  func refusal(_ kind: PolicyKind) -> AdmissionRefusal? {
    do throws(AdmissionRefusal) {
      try kind.admit(TaskSet(cpu, tasks: tasks.span, windows: windows.span))
      return nil
    } catch { return error }
  }

  func scheduler(_ kind: PolicyKind) throws -> CPUScheduler {
    var arena = TestArena()
    return try CPUScheduler(kind, TaskSet(cpu, tasks: tasks.span, windows: windows.span), in: &arena)
  }
}

extension Dice {
  /// Reservations that take up to about `percent` of a CPU, with deadlines from half of the period on.
  mutating func reservations(
    count: Int, periods: ClosedRange<UInt64>, percent: UInt64, least: UInt64 = 1,
    withoutDeadlines: Bool = false
  ) -> [Reservation] {
    var left = percent
    return (0..<count).map { index in
      let period = number(periods)
      let share = index == count - 1 ? left : number(0...left)
      left -= share
      let budget = max(least, period * share / 100)
      let earliest = max(budget, period / 2)
      return Reservation(
        budget: budget, period: period, deadline: withoutDeadlines ? nil : number(min(earliest, period)...period))
    }
  }
}
