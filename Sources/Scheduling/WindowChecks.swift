// What makes a cyclic table consistent.

extension TaskSet {
  /// The most windows that a table can have.
  static var windowLimit: Int { 4096 }

  /// Windows in order, apart and inside the frame, of vCPUs that there are, and at least one for each of these.
  func checkWindows() throws(AdmissionRefusal) {
    let longest = Reservation.longestPeriod
    guard cpu.majorFrame > 0 && cpu.majorFrame <= longest else {
      throw AdmissionRefusal(.cpu, .majorFrame, value: cpu.majorFrame, limit: longest)
    }
    guard windows.count <= TaskSet.windowLimit else {
      throw AdmissionRefusal(
        .cpu, .windowCount, value: UInt64(truncatingIfNeeded: windows.count),
        limit: UInt64(truncatingIfNeeded: TaskSet.windowLimit))
    }
    var free: UInt64 = 0
    for index in windows.indices { free = try checkWindow(index, from: free) }
    for vcpu in tasks.indices where !hasWindow(vcpu) { throw AdmissionRefusal(.vcpu(vcpu), .noWindow) }
  }

  /// Checks one window, which must not start before `free`, and returns its end.
  private func checkWindow(_ index: Int, from free: UInt64) throws(AdmissionRefusal) -> UInt64 {
    let window = windows[index]
    if let vcpu = window.vcpu, vcpu < 0 || vcpu >= tasks.count {
      throw AdmissionRefusal(
        .window(index), .windowOfUnknownVCPU, value: UInt64(truncatingIfNeeded: vcpu),
        limit: UInt64(truncatingIfNeeded: tasks.count))
    }
    if window.length == 0 { throw AdmissionRefusal(.window(index), .emptyWindow) }
    if window.offset < free {
      throw AdmissionRefusal(.window(index), .windowOverlap, value: window.offset, limit: free)
    }
    let (end, overflow) = window.offset.addingReportingOverflow(window.length)
    guard !overflow && end <= cpu.majorFrame else {
      throw AdmissionRefusal(
        .window(index), .windowPastFrame, value: overflow ? .max : end, limit: cpu.majorFrame)
    }
    return end
  }

  private func hasWindow(_ vcpu: Int) -> Bool {
    for index in windows.indices where windows[index].vcpu == vcpu { return true }
    return false
  }
}
