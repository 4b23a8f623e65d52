internal import Foundation

extension SimulationResult: CustomStringConvertible {
  /// The figures, in a table for each CPU.
  public var description: String {
    processors.map { describe($0).joined(separator: "\n") }.joined(separator: "\n\n")
  }

  private func describe(_ processor: Processor) -> [String] {
    var table = TextTable(
      ["vCPU", "behaviour", "jobs", "misses", "worst response", "CPU share", "throttles", "preemptions"], textCount: 2)
    for vcpu in processor.virtualCPUs {
      let jobs = vcpu.hasJobs ? ["\(vcpu.jobCount)", "\(vcpu.missCount)", vcpu.worst] : ["-", "-", "-"]
      table.rows.append(
        [vcpu.name, vcpu.behaviour.description] + jobs + [
          percent(vcpu.runTime), "\(vcpu.throttleCount)", "\(vcpu.preemptionCount)",
        ])
    }
    return ["CPU \(processor.number), \(processor.policy): \(summary(of: processor))"] + table.lines.map { "  " + $0 }
  }

  /// What a CPU did, in a few words.
  func summary(of processor: Processor) -> String {
    "\(percent(processor.runTime)) used, \(percent(processor.overheadTime)) for "
      + "\(counted(processor.switchCount, "switch", "switches")), "
      + counted(processor.timerCount, "timer interrupt", "timer interrupts")
  }

  private func counted(_ count: Int, _ one: String, _ many: String) -> String { "\(count) \(count == 1 ? one : many)" }

  /// A part of the simulated time.
  func percent(_ time: UInt64) -> String { String(format: "%.1f%%", 100 * Double(time) / Double(max(duration, 1))) }
}

extension SimulationResult.VirtualCPU {
  /// The worst response, with a sign before it where the job was not done even then.
  var worst: String {
    guard worstResponse > 0 else { return "-" }
    return (isWorstUnfinished ? ">" : "") + Units.rounded(time: Double(worstResponse))
  }
}
