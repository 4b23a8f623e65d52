public import Architecture
public import Configuration
internal import DeviceTree
public import Scheduling

/// Which vCPUs one physical CPU runs, and by which policy: the bundle's words in the form in which the scheduler takes
/// them.
///
/// The host tool and the hypervisor at boot both make it, ask `check` whether the policy can keep its promises, and build
/// the scheduler of it: for the simulation, and for good.
public struct CPUPlan {
  /// The physical CPU.
  public let cpu: UInt32
  /// Its policy; round robin where the bundle says nothing.
  public let policy: PolicyKind
  /// What the policy knows of the CPU.
  public let parameters: CPUParameters
  /// The CPU's vCPUs by the numbers that its scheduler knows them by: in the order of the bundle.
  public let members: Storage<Member>
  /// What the policy knows of each of them.
  public let tasks: Storage<TaskParameters>
  /// The CPU's cyclic table, empty where it has none.
  public let windows: Storage<CyclicWindow>
  /// What a tick is.
  public let rate: TickRate

  /// One vCPU of the system.
  public struct Member: Equatable, Sendable {
    /// The VM's index.
    public var vm: Int
    /// The vCPU's index in its VM.
    public var vcpu: Int

    /// Names a vCPU.
    public init(vm: Int, vcpu: Int) {
      self.vm = vm
      self.vcpu = vcpu
    }
  }

  /// The length of a turn, in nanoseconds, where the bundle gives none.
  public static var defaultSlice: UInt64 { 1_000_000 }
  /// What admission reckons for a switch, in nanoseconds, where the bundle says nothing. Saving and loading a vCPU takes a
  /// few hundred instructions; most of it is room for the caches and translations that the other one has displaced.
  public static var defaultOverhead: UInt64 { 5_000 }

  /// The plan of physical CPU `cpu` in a system whose form is valid. Storage for its lists comes from `provider`.
  public init<Provider: StorageProvider & ~Copyable>(
    cpu: UInt32, of system: SystemDescription, rate: TickRate, in provider: inout Provider
  ) throws(PlanError) {
    let description = system.cpu(cpu)
    self.cpu = cpu
    self.rate = rate
    policy = try Self.policy(of: description, cpu)
    parameters = CPUParameters(
      slice: max(rate.ticks(nanoseconds: description?.sliceNanoseconds ?? Self.defaultSlice), 1),
      switchOverhead: rate.ticks(nanoseconds: description?.overheadNanoseconds ?? Self.defaultOverhead),
      majorFrame: rate.ticks(nanoseconds: description?.frameNanoseconds ?? 0))
    do throws(OutOfMemory) {
      let members = try Self.members(of: system, on: cpu, in: &provider)
      self.members = members
      tasks = try provider.storage(of: TaskParameters.self, count: members.count) { number in
        Self.parameters(of: members[number], in: system, rate)
      }
      windows = try provider.storage(of: CyclicWindow.self, count: description?.windowCount ?? 0) { index in
        Self.window(description?.window(index), members, rate)
      }
    } catch {
      throw .memory(error)
    }
  }

  /// How many vCPUs a system has on a physical CPU.
  public static func vcpuCount(of system: SystemDescription, on cpu: UInt32) -> Int {
    var count = 0
    for vm in system.vms {
      for vcpu in 0..<vm.vcpuCount where vm.physicalCPU(vcpu: vcpu) == cpu { count += 1 }
    }
    return count
  }

  /// The number by which the CPU's scheduler knows a vCPU, or nil where it is not on this CPU.
  public func number(of member: Member) -> Int? { Self.number(of: member, in: members) }

  /// Returns where the policy keeps all its promises, and else throws the first that it cannot keep.
  public func check() throws(PlanProblem) {
    do throws(AdmissionRefusal) {
      try policy.admit(TaskSet(parameters, tasks: tasks.span(tasks.count), windows: windows.span(windows.count)))
    } catch {
      throw PlanProblem(self, error)
    }
  }

  /// The CPU's scheduler. Only for a plan that `check` let pass.
  public func makeScheduler<Provider: StorageProvider & ~Copyable>(
    in provider: inout Provider
  ) throws(OutOfMemory) -> CPUScheduler {
    try CPUScheduler(
      policy, TaskSet(parameters, tasks: tasks.span(tasks.count), windows: windows.span(windows.count)), in: &provider)
  }
}

extension CPUPlan {
  private static func policy(of description: CPUDescription?, _ cpu: UInt32) throws(PlanError) -> PolicyKind {
    guard let description, description.node["policy"] != nil else { return .roundRobin }
    let name = description.policyName ?? ""
    guard let kind = PolicyKind(name: name.span) else { throw .problem(PlanProblem(cpu: cpu, unknownPolicy: name)) }
    return kind
  }

  private static func members<Provider: StorageProvider & ~Copyable>(
    of system: SystemDescription, on cpu: UInt32, in provider: inout Provider
  ) throws(OutOfMemory) -> Storage<Member> {
    let members = try provider.storage(of: Member.self, count: vcpuCount(of: system, on: cpu)) { _ in
      Member(vm: 0, vcpu: 0)
    }
    var number = 0
    for vm in system.vms {
      for vcpu in 0..<vm.vcpuCount where vm.physicalCPU(vcpu: vcpu) == cpu {
        members[number] = Member(vm: vm.index, vcpu: vcpu)
        number += 1
      }
    }
    return members
  }

  private static func parameters(of member: Member, in system: SystemDescription, _ rate: TickRate) -> TaskParameters {
    guard let vm = system.vm(member.vm) else { return TaskParameters() }
    let reservation = vm.reservation(vcpu: member.vcpu).map { time in
      Reservation(
        budget: rate.ticks(nanoseconds: time.budgetNanoseconds),
        period: rate.ticks(nanoseconds: time.periodNanoseconds),
        deadline: rate.ticks(nanoseconds: time.deadlineNanoseconds))
    }
    return TaskParameters(
      priority: UInt8(truncatingIfNeeded: min(vm.priority(vcpu: member.vcpu) ?? 0, 255)), reservation: reservation)
  }

  /// Both ends are rounded the same way, so that neighbours stay neighbours. A vCPU that is not on the CPU gets a number
  /// that no vCPU has, and admission refuses it.
  private static func window(
    _ window: CPUDescription.Window?, _ members: Storage<Member>, _ rate: TickRate
  ) -> CyclicWindow {
    guard let window else { return CyclicWindow(vcpu: nil, offset: 0, length: 0) }
    let start = rate.ticks(nanoseconds: window.startNanoseconds)
    let (end, overflow) = window.startNanoseconds.addingReportingOverflow(window.lengthNanoseconds)
    let member = Member(vm: Int(clamping: window.vm), vcpu: Int(clamping: window.vcpu))
    return CyclicWindow(
      vcpu: number(of: member, in: members) ?? members.count, offset: start,
      length: rate.ticks(nanoseconds: overflow ? .max : end) &- start)
  }

  private static func number(of member: Member, in members: Storage<Member>) -> Int? {
    for number in members.indices where members[number] == member { return number }
    return nil
  }
}

/// Why there is no plan for a CPU.
public enum PlanError: Error, Equatable {
  /// The lists do not fit into memory.
  case memory(OutOfMemory)
  /// The bundle asks for what there is not.
  case problem(PlanProblem)
}
