// The exact test for earliest deadline first: in no stretch of time must more be due than the stretch is long. Only
// stretches that begin when all vCPUs wake at once matter, and only so many of them (Baruah, Rosier, Howell 1990); they
// are searched from the longest down in few steps (quick processor-demand analysis; Zhang, Burns 2009).

extension TaskSet {
  /// Refuses where a deadline can be missed.
  func checkDemand() throws(AdmissionRefusal) {
    let utilisation = try checkUtilisation()
    guard let first = earliestDeadline, !areDeadlinesPeriods else { return }
    var effort = Effort()
    guard let bound = searchBound(utilisation, &effort) else { throw effort.refusal(.cpu) }
    // Nothing is due before the first deadline, and all that is due until `demand` is due before it too.
    var search = lastDeadline(before: bound &+ 1)
    while let deadline = search {
      guard effort.spend(2 &* tasks.count) else { throw effort.refusal(.cpu) }
      let demand = self.demand(until: deadline)
      if demand > deadline { throw refusal(at: deadline, demand) }
      if demand < first { return }
      // Only deadlines of vCPUs count: what the hypervisor takes may well be late for itself.
      search = lastDeadline(before: min(demand &+ 1, deadline))
    }
  }

  /// Ticks that are due until `instant` at the most, from when all wake at once.
  func demand(until instant: UInt64) -> UInt64 {
    var sum: UInt64 = 0
    for number in taskNumbers {
      guard let task = sporadicTask(number), task.deadline <= instant &+ task.lead else { continue }
      sum &+= ((instant &+ task.lead &- task.deadline) / task.period &+ 1) &* task.cost
    }
    return sum
  }

  private func refusal(at instant: UInt64, _ demand: UInt64) -> AdmissionRefusal {
    let deadline = lastDeadline(before: instant &+ 1) ?? instant
    var late = 0
    for vcpu in tasks.indices {
      guard let task = sporadicTask(vcpu), task.deadline <= deadline else { continue }
      if (deadline &- task.deadline) % task.period == 0 { late = vcpu }
    }
    return AdmissionRefusal(.vcpu(late), .demand, value: demand, limit: deadline)
  }

  private var earliestDeadline: UInt64? {
    var earliest: UInt64?
    for vcpu in tasks.indices {
      guard let task = sporadicTask(vcpu) else { continue }
      earliest = min(earliest ?? .max, task.deadline)
    }
    return earliest
  }

  /// Where each deadline is the end of its period, and nothing goes before all, a utilisation of one CPU is enough (Liu,
  /// Layland 1973).
  private var areDeadlinesPeriods: Bool {
    for number in taskNumbers {
      if let task = sporadicTask(number), task.deadline != task.period || task.lead > 0 { return false }
    }
    return true
  }

  /// The last deadline before `instant`, or nil where there is none.
  private func lastDeadline(before instant: UInt64) -> UInt64? {
    var last: UInt64?
    for vcpu in tasks.indices {
      guard let task = sporadicTask(vcpu), task.deadline < instant else { continue }
      let deadline = instant &- 1 &- (instant &- 1 &- task.deadline) % task.period
      last = max(last ?? 0, deadline)
    }
    return last
  }

  /// An instant that any miss comes before, or at the latest at; nil where none was found below 2⁶² or in time.
  private func searchBound(_ utilisation: UInt64, _ effort: inout Effort) -> UInt64? {
    let busy = busyPeriod(&effort)
    let slack = slackBound(utilisation)
    guard let busy else { return slack }
    return min(busy, slack ?? busy)
  }

  /// How long the CPU is busy without a pause after all wake at once.
  private func busyPeriod(_ effort: inout Effort) -> UInt64? {
    var length: UInt64 = 0
    while effort.spent < Effort.limit / 4, effort.spend(tasks.count) {
      var work: UInt64 = 0
      for number in taskNumbers {
        guard let task = sporadicTask(number) else { continue }
        let releaseCount = length == 0 ? 1 : (length &- 1 &+ task.lead) / task.period &+ 1
        work &+= releaseCount &* task.cost
      }
      if work == length { return length }
      guard work < 1 << 62 else { return nil }
      length = work
    }
    return nil
  }

  /// Σ(period − deadline) · share ÷ (1 − utilisation), rounded up; nil where the CPU is nearly full.
  func slackBound(_ utilisation: UInt64) -> UInt64? {
    let free = (1 << 20) &- min(utilisation >> 28 &+ 1, 1 << 20)
    guard free > 0 else { return nil }
    var sum: UInt64 = 0
    for number in taskNumbers {
      guard let task = sporadicTask(number) else { continue }
      let share = task.utilisation.floor >> 28 &+ 1
      sum &+= ((task.period &- task.deadline &+ task.lead) &* share) >> 20 &+ 1
    }
    let quotient = sum / free &+ 1
    return quotient < 1 << 42 ? quotient << 20 : nil
  }
}
