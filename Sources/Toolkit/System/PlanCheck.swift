internal import Architecture
internal import Configuration
internal import Planning

extension SystemFile {
  /// The physical CPUs that the file names, in order: those with vCPUs, and those with an entry of their own.
  var processorNumbers: [UInt32] {
    let numbers = machines.flatMap { $0.virtualCPUs.map(\.processor.value) } + processors.map(\.number.value)
    return Set(numbers).sorted().map { UInt32(clamping: $0) }
  }

  /// What the scheduling policies refuse of a system whose form is valid, at its places in the file. `rate` is the board's
  /// counter's, where that is known.
  func planProblems(_ system: SystemDescription, rate: TickRate = .nanoseconds) -> [(PlanProblem, Problem)] {
    var arena = HeapArena()
    defer { withExtendedLifetime(arena) {} }
    return processorNumbers.compactMap { number in
      do throws(PlanError) {
        let plan = try CPUPlan(cpu: number, of: system, rate: rate, in: &arena)
        do throws(PlanProblem) { try plan.check() } catch { throw .problem(error) }
        return nil
      } catch {
        // Memory never runs out on the host.
        guard case .problem(let problem) = error else { return nil }
        return (problem, located(problem, system))
      }
    }
  }

  private func located(_ problem: PlanProblem, _ system: SystemDescription) -> Problem {
    var sink = TextSink()
    problem.write(to: &sink, naming: system)
    return source.problem(at: position(of: problem), sink.text)
  }

  /// A load is the reservation's fault where there is one; the CPU's entry may be missing, and then its vCPU stands for it.
  private func position(of problem: PlanProblem) -> Position {
    let entry = processors.first { UInt32(clamping: $0.number.value) == problem.cpu }
    switch problem.subject {
    case .vcpu(let member):
      let vcpu = machines[member.vm].virtualCPUs[member.vcpu]
      return vcpu.reservation?.position ?? vcpu.position
    case .window(let index):
      return entry?.windows[index].position ?? .start
    case .cpu:
      if let entry { return entry.policy.position }
      let vcpus = machines.flatMap(\.virtualCPUs)
      return vcpus.first { UInt32(clamping: $0.processor.value) == problem.cpu }?.position ?? .start
    }
  }
}
