extension Simulator.Outcome {
  /// The outcome for other programs; all times are in nanoseconds. `jobs` and what goes with them are null for a vCPU without jobs.
  ///
  /// ```
  /// {"format": "tvisor-simulation-1", "durationNanoseconds": 1000000000, "misses": 0, "refusals": [problems as in check],
  ///  "cpus": [{"cpu": 0, "policy": "earliest-deadline", "runNanoseconds": …, "overheadNanoseconds": …, "switches": …,
  ///    "timerInterrupts": …,
  ///    "vcpus": [{"machine": "control", "vcpu": 0, "behaviour": "200us every 1ms", "runNanoseconds": …, "throttles": 0,
  ///      "preemptions": 0,
  ///      "jobs": {"released": 1000, "done": 1000, "misses": 0, "worstResponseNanoseconds": 205000, "isWorstUnfinished": false,
  ///        "firstMissNanoseconds": null}}]}]}
  /// ```
  public var json: JSON {
    [
      "format": "tvisor-simulation-1", "durationNanoseconds": JSON(result.duration),
      "misses": .number(result.missCount), "refusals": .list(refusals.map(\.json)),
      "cpus": .list(result.processors.map(\.json)),
    ]
  }
}

extension SimulationResult.Processor {
  fileprivate var json: JSON {
    [
      "cpu": .number(Int(number)), "policy": .text(policy), "runNanoseconds": JSON(runTime),
      "overheadNanoseconds": JSON(overheadTime), "switches": .number(switchCount),
      "timerInterrupts": .number(timerCount),
      "vcpus": .list(virtualCPUs.map(\.json)),
    ]
  }
}

extension SimulationResult.VirtualCPU {
  fileprivate var json: JSON {
    [
      "machine": .text(machineName), "vcpu": .number(number), "behaviour": .text(behaviour.description),
      "runNanoseconds": JSON(runTime), "throttles": .number(throttleCount), "preemptions": .number(preemptionCount),
      "jobs": hasJobs ? jobsJSON : .null,
    ]
  }

  private var jobsJSON: JSON {
    [
      "released": .number(jobCount), "done": .number(doneCount), "misses": .number(missCount),
      "worstResponseNanoseconds": JSON(worstResponse), "isWorstUnfinished": .truth(isWorstUnfinished),
      "firstMissNanoseconds": (firstMiss?.deadline).map { JSON($0) } ?? .null,
    ]
  }
}
