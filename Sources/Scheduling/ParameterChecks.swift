// What every policy checks of its parameters before it calculates with them: no value may be too large for the sums.

extension TaskSet {
  /// The most vCPUs that one CPU can have.
  static var vcpuLimit: Int { 1024 }
  /// The longest slice in ticks.
  static var sliceLimit: UInt64 { 1 << 47 }

  /// At most so many vCPUs.
  func checkCount(atMost limit: Int = TaskSet.vcpuLimit) throws(AdmissionRefusal) {
    guard tasks.count <= limit else {
      throw AdmissionRefusal(
        .cpu, .vcpuCount, value: UInt64(truncatingIfNeeded: tasks.count), limit: UInt64(truncatingIfNeeded: limit))
    }
  }

  /// A slice that can run out.
  func checkSlice() throws(AdmissionRefusal) {
    guard cpu.slice > 0 && cpu.slice <= TaskSet.sliceLimit else {
      throw AdmissionRefusal(.cpu, .slice, value: cpu.slice, limit: TaskSet.sliceLimit)
    }
  }

  /// Nobody is to rely on a reservation that the policy does not look at.
  func checkNoReservations() throws(AdmissionRefusal) {
    for vcpu in tasks.indices where tasks[vcpu].reservation != nil {
      throw AdmissionRefusal(.vcpu(vcpu), .reservationNotKept)
    }
  }

  /// Each reservation makes sense by itself, and every number is small enough to calculate with.
  func checkReservations() throws(AdmissionRefusal) {
    let longest = Reservation.longestPeriod
    guard cpu.switchOverhead <= longest else {
      throw AdmissionRefusal(.cpu, .switchOverhead, value: cpu.switchOverhead, limit: longest)
    }
    for vcpu in tasks.indices {
      guard let own = tasks[vcpu].reservation else { continue }
      if own.budget == 0 { throw AdmissionRefusal(.vcpu(vcpu), .emptyBudget) }
      if own.period > longest {
        throw AdmissionRefusal(.vcpu(vcpu), .periodTooLong, value: own.period, limit: longest)
      }
      if own.deadline > own.period {
        throw AdmissionRefusal(.vcpu(vcpu), .deadlineOverPeriod, value: own.deadline, limit: own.period)
      }
      // What delays it comes once, beside what it costs.
      let (cost, overflow) = own.budget.addingReportingOverflow(2 &* cpu.switchOverhead)
      let (time, overflowsToo) = cost.addingReportingOverflow(cpu.blocking)
      if overflow || overflowsToo || time > own.deadline {
        throw AdmissionRefusal(
          .vcpu(vcpu), .budgetOverDeadline, value: overflow || overflowsToo ? .max : time, limit: own.deadline)
      }
    }
    try checkService()
  }

  /// The hypervisor's own part of the CPU is one, and small enough to calculate with.
  private func checkService() throws(AdmissionRefusal) {
    guard let service = cpu.service else { return }
    let longest = Reservation.longestPeriod
    if service.budget == 0 { throw AdmissionRefusal(.cpu, .emptyBudget) }
    if service.period > longest { throw AdmissionRefusal(.cpu, .periodTooLong, value: service.period, limit: longest) }
    if service.budget > service.period {
      throw AdmissionRefusal(.cpu, .budgetOverDeadline, value: service.budget, limit: service.period)
    }
  }
}
