@testable import Scheduling

/// Sporadic tasks that all wake at once and come back as early as they may, played tick by tick.
struct WorstCase {
  struct Task {
    var cost: Int
    var period: Int
    var deadline: Int
    var priority: Int = 0
  }
  var tasks: [Task]
  /// Ticks in which nobody runs at first.
  var blocking = 0
  /// What goes before all tasks, as often as it may.
  var service: (cost: Int, period: Int)?

  /// The first instant at which somebody misses a deadline, or nil. `order` gives the smaller key to who goes first,
  /// of a task and the deadline of its job.
  func miss(until horizon: Int, order: (Task, Int) -> Int) -> Int? {
    var left = tasks.map { _ in 0 }
    var due = tasks.map { _ in 0 }
    var taken = blocking
    for now in 0..<horizon {
      if let service, now % service.period == 0 { taken += service.cost }
      for (index, task) in tasks.enumerated() {
        if left[index] > 0 && due[index] <= now { return now }
        if now % task.period == 0 {
          left[index] = task.cost
          due[index] = now + task.deadline
        }
      }
      if taken > 0 {
        taken -= 1
        continue
      }
      let next = tasks.indices.filter { left[$0] > 0 }.min { order(tasks[$0], due[$0]) < order(tasks[$1], due[$1]) }
      if let next { left[next] -= 1 }
    }
    return nil
  }

  /// Long enough to see any miss. All begins anew after 24 ticks, unless more is wanted than there is: then one tick at
  /// least is missing in each 24, and a deadline is at most 24 away.
  var horizon: Int { tasks.map { $0.cost * 24 / $0.period }.reduce(0, +) > 24 ? 24 * 26 : 48 }

  var parameters: [TaskParameters] {
    tasks.map {
      TaskParameters(
        priority: UInt8($0.priority),
        reservation: Reservation(
          budget: UInt64($0.cost), period: UInt64($0.period), deadline: UInt64($0.deadline)))
    }
  }

  /// Small tasks whose periods divide 24. Priorities are distinct.
  static func random(_ dice: inout Dice) -> WorstCase {
    let count = 1 + dice.index(below: 4)
    return WorstCase(
      tasks: (0..<count).map { index in
        let period = [2, 3, 4, 6, 8, 12, 24][dice.index(below: 7)]
        let deadline = 1 + dice.index(below: period)
        let cost = 1 + dice.index(below: max(1, min(deadline, 2 * period / count)))
        return Task(
          cost: min(cost, deadline), period: period, deadline: deadline, priority: (index * 7 + 3) % 11)
      })
  }
}
