// The exact test for fixed priorities: the worst response time comes when all wake at once, and is the least time in which
// the work of the vCPU and of all that go before it fits (Joseph, Pandya 1986; Audsley et al. 1993). Equals count as if
// they went before: in their turns they may, all of them.

extension TaskSet {
  /// Refuses where a reservation can miss its deadline.
  func checkResponseTimes() throws(AdmissionRefusal) {
    for vcpu in tasks.indices where tasks[vcpu].reservation != nil {
      for other in tasks.indices where tasks[other].reservation == nil {
        guard tasks[other].priority < tasks[vcpu].priority else {
          throw AdmissionRefusal(.vcpu(vcpu), .unboundedInterference, value: UInt64(truncatingIfNeeded: other))
        }
      }
    }
    _ = try checkUtilisation()
    var effort = Effort()
    for vcpu in tasks.indices {
      guard let task = sporadicTask(vcpu) else { continue }
      let response = try responseTime(of: vcpu, task, &effort)
      let deadline = task.deadline &+ delay
      guard response <= deadline else {
        throw AdmissionRefusal(.vcpu(vcpu), .responseTime, value: response, limit: deadline)
      }
    }
  }

  /// The worst response time, or the first estimate of it that is past the deadline.
  private func responseTime(
    of vcpu: Int, _ own: SporadicTask, _ effort: inout Effort
  ) throws(AdmissionRefusal) -> UInt64 {
    // The work that goes before includes one switch to a less urgent vCPU, which may be under way, and one step for one.
    let least = own.cost &+ delay
    let deadline = own.deadline &+ delay
    var response = least
    while true {
      guard effort.spend(tasks.count) else { throw effort.refusal(.vcpu(vcpu)) }
      var work = least
      for other in taskNumbers where other != vcpu && (other < 0 || tasks[other].priority >= tasks[vcpu].priority) {
        guard let task = sporadicTask(other) else { continue }
        work &+= ((response &- 1) / task.period &+ 1) &* task.cost
      }
      if work == response || work > deadline { return work }
      response = work
    }
  }
}
