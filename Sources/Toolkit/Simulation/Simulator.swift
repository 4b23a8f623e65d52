internal import Architecture
internal import Configuration
internal import DeviceTree
internal import Planning
internal import Scheduling

/// Runs the hypervisor's own schedulers on the host, against what the vCPUs are taken to do.
public struct Simulator: Sendable {
  /// The system.
  public var system: SystemFile
  /// What vCPUs do, by their names (`debian.1`) or by their VMs' (`debian`), where it is not what the file says.
  public var behaviours: [String: Behaviour] = [:]
  /// Which part the timelines show; nil chooses one.
  public var window: Range<UInt64>?

  /// A simulator of a system.
  public init(_ system: SystemFile) { self.system = system }

  /// Reads `debian.1=busy`, as a person gives it on the command line.
  public mutating func setBehaviour(_ text: String) throws {
    guard let place = text.firstIndex(of: "=") else {
      throw Failure("cannot read '\(text)'; write for example `debian.1=busy`")
    }
    let name = String(text[..<place])
    let names = system.machines.flatMap { machine in
      [machine.name.value] + machine.virtualCPUs.indices.map { "\(machine.name.value).\($0)" }
    }
    guard names.contains(name) else {
      throw Failure("there is no vCPU '\(name)'; \(Suggestion.hint(for: name, among: names))")
    }
    behaviours[name] = try Behaviour(String(text[text.index(after: place)...]))
  }

  /// What a simulation came to.
  public struct Outcome: Sendable {
    /// The figures and timelines.
    public var result: SimulationResult
    /// What admission refuses of the system: it was simulated all the same.
    public var refusals: [Problem]
  }

  /// Simulates so many nanoseconds, from a moment in which all that is busy has just begun.
  /// - Throws: `Problems` where the system makes no sense; not for a load that is refused, of which one may want to see
  ///   what happens.
  public func run(for duration: UInt64) throws -> Outcome {
    let bytes = try AlignedBytes(Bundler.write(system, system.machines.map { _ in GuestLayout.empty }))
    let outcome: Result<Outcome, Problems> = try bytes.withDeviceTree(of: "the bundle") { tree throws(Failure) in
      let description = SystemDescription(tree)
      let (senseless, refusals) = check(description)
      guard senseless.isEmpty else { return .failure(Problems(senseless)) }
      var result = try simulate(description, duration, window: 0..<0)
      result = try simulate(description, duration, window: window ?? Self.window(for: result))
      return .success(Outcome(result: result, refusals: refusals))
    }
    return try outcome.get()
  }

  /// What makes no sense, and what is too much.
  private func check(_ description: SystemDescription) -> (senseless: [Problem], refusals: [Problem]) {
    var problems: [Problem] = []
    description.validateScheduling { problems.append(system.located($0)) }
    var refusals: [Problem] = []
    if problems.isEmpty {
      for (cause, problem) in system.planProblems(description) {
        if cause.isAboutLoad { refusals.append(problem) } else { problems.append(problem) }
      }
    }
    return (problems, refusals)
  }

  private func simulate(
    _ description: SystemDescription, _ duration: UInt64, window: Range<UInt64>
  ) throws(Failure) -> SimulationResult {
    var arena = HeapArena()
    defer { withExtendedLifetime(arena) {} }
    var processors: [SimulationResult.Processor] = []
    for number in system.processorNumbers where CPUPlan.vcpuCount(of: description, on: number) > 0 {
      let plan: CPUPlan
      do throws(PlanError) {
        plan = try CPUPlan(cpu: number, of: description, rate: .nanoseconds, in: &arena)
      } catch {
        // Every problem was reported before.
        preconditionFailure()
      }
      let vcpus = plan.members.indices.map { virtualCPU(plan.members[$0]) }
      let simulation = ProcessorSimulation(plan, vcpus: vcpus, end: duration, window: window, in: &arena)
      processors.append(try simulation.run())
    }
    return SimulationResult(duration: duration, processors: processors, window: window)
  }

  private func virtualCPU(_ member: CPUPlan.Member) -> SimulationResult.VirtualCPU {
    let machine = system.machines[member.vm]
    let vcpu = machine.virtualCPUs[member.vcpu]
    let name = machine.name.value
    let behaviour =
      behaviours["\(name).\(member.vcpu)"] ?? behaviours[name] ?? vcpu.behaviour?.value
      ?? Self.ordinary(vcpu.reservation?.value)
    return SimulationResult.VirtualCPU(
      machine: member.vm, machineName: name, number: member.vcpu, behaviour: behaviour)
  }

  /// Who has a reservation uses all of it; everybody else never stops.
  private static func ordinary(_ reservation: ReservationPhrase?) -> Behaviour {
    guard let reservation else { return .busy }
    return .periodic(
      work: reservation.budget, period: reservation.period, offset: 0, deadline: reservation.deadline)
  }

  /// Some milliseconds: four of the longest period, 20 to 50 ms. They begin at the start or, where a deadline was missed,
  /// a quarter of them before the release of the first job that did.
  private static func window(for result: SimulationResult) -> Range<UInt64> {
    let vcpus = result.processors.flatMap(\.virtualCPUs)
    let longest = vcpus.compactMap { if case .periodic(_, let period, _, _) = $0.behaviour { period } else { nil } }
      .max()
    let span = min(max(4 * min(longest ?? 0, 50_000_000), 20_000_000), 50_000_000, result.duration)
    let miss = vcpus.compactMap(\.firstMiss?.release).min() ?? 0
    let start = min(miss > span / 4 ? miss - span / 4 : 0, result.duration - span)
    return start..<start + span
  }
}

extension Simulator.Outcome: Detached {}

extension GuestLayout {
  /// Nothing in memory: scheduling looks at nothing of it.
  fileprivate static var empty: GuestLayout { GuestLayout(program: [], entry: 0, initialRAMDisk: nil, treeSize: 0) }
}
