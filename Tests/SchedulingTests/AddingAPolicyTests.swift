import Architecture
import TestSupport
import Testing

@testable import Scheduling

/// First come, first served: who became ready first runs until it blocks.
///
/// This follows the manual's recipe (Sources/Manual/Pages/recipes.md), with a list of its own in place of the line in `Policies`.
private struct FirstCome: SchedulingPolicy, ~Copyable {
  private let links: Storage<QueueLink>
  private let isQueued: Storage<Bool>
  private var queue = ReadyQueue()

  static var name: StaticString { "first-come" }

  static func admit(_ set: borrowing TaskSet) throws(AdmissionRefusal) {
    if set.tasks.count > 8 { throw AdmissionRefusal(.cpu, .vcpuCount, value: UInt64(set.tasks.count), limit: 8) }
  }

  init<Provider: StorageProvider & ~Copyable>(
    _ set: borrowing TaskSet, in provider: inout Provider
  ) throws(OutOfMemory) {
    let links = try provider.storage(of: QueueLink.self, count: set.tasks.count) { _ in QueueLink() }
    let isQueued = try provider.storage(of: Bool.self, count: set.tasks.count) { _ in false }
    self.links = links
    self.isQueued = isQueued
  }

  mutating func ready(_ vcpu: Int, at now: Instant) {
    guard !isQueued[vcpu] else { return }
    isQueued[vcpu] = true
    queue.append(vcpu, links)
  }

  mutating func block(_ vcpu: Int, at now: Instant) {
    guard isQueued[vcpu] else { return }
    isQueued[vcpu] = false
    queue.remove(vcpu, links)
  }

  mutating func yield(_ vcpu: Int, at now: Instant) {
    block(vcpu, at: now)
    ready(vcpu, at: now)
  }

  mutating func remove(_ vcpu: Int, at now: Instant) { block(vcpu, at: now) }

  mutating func charge(_ vcpu: Int, ran ticks: UInt64) {}

  mutating func pick(at now: Instant) -> Decision {
    queue.isEmpty ? .idle(until: .never) : .run(vcpu: Int(queue.head), until: .never)
  }
}

private typealias MyPolicies = OneOf<FirstCome, Policies>

@Suite("Adding a policy", .timeLimited)
struct AddingAPolicyTests {
  private let tasks = [TaskParameters](repeating: TaskParameters(), count: 3)

  @Test("One more line in the list, and the policy has a name, an admission test and a place in the switch")
  func isListed() throws {
    #expect(MyPolicies.policyCount == Policies.policyCount + 1)
    #expect("\(MyPolicies.policyName(0))" == "first-come")
    #expect("\(MyPolicies.policyName(2))" == "round-robin")
    #expect(throws: AdmissionRefusal(.cpu, .vcpuCount, value: 9, limit: 8)) {
      let many = [TaskParameters](repeating: TaskParameters(), count: 9)
      try MyPolicies.admit(TaskSet(CPUParameters(slice: 10), tasks: many.span), under: 0)
    }
  }

  @Test("It runs in the simulations that the others run in: no time is lost and no job is forgotten")
  func runs() throws {
    var arena = TestArena()
    var policy = try MyPolicies(0, TaskSet(CPUParameters(slice: 10), tasks: tasks.span), in: &arena)
    let job = Behaviour.jobs(of: 20, every: 100, jitter: 10, within: 60)
    let timeline = Workload(behaviours: [job, job, job], firstWithin: 90, seed: 4).run(&policy, until: 10_000)
    #expect(timeline.stuckAt == nil && timeline.impossiblePickAt == nil)
    #expect((0..<3).map { timeline.time(of: $0) }.reduce(timeline.time(of: nil), +) == 10_000)
    #expect(timeline.jobs.count > 250)
    // Nobody waits for more than the other two's jobs.
    #expect(timeline.misses(by: 10_000).isEmpty)
  }
}

@Suite("The list of policies", .timeLimited)
struct PolicyListTests {
  @Test("Each kind is found by its name, and only by that")
  func names() throws {
    let names: [(PolicyKind, String)] = [
      (.static, "static"), (.roundRobin, "round-robin"), (.fixedPriority, "fixed-priority"),
      (.earliestDeadline, "earliest-deadline"), (.cyclic, "cyclic"),
    ]
    for (kind, name) in names { #expect("\(kind.name)" == name) }
    // A new policy stands behind these, and is found like them.
    #expect(PolicyKind.count >= names.count)
    for number in 0..<PolicyKind.count {
      let kind = try #require(PolicyKind(number: number))
      let name = "\(kind.name)"
      #expect(PolicyKind(name: Array(name.utf8).span) == kind)
      #expect(PolicyKind(name: Array((name + "x").utf8).span) == nil)
      #expect(PolicyKind(name: Array(name.dropLast().utf8).span) == nil)
      #expect(PolicyKind(number: kind.number) == kind)
    }
    #expect(PolicyKind(number: PolicyKind.count) == nil && PolicyKind(number: -1) == nil)
  }

  @Test("A scheduler that there is no memory for is an error, not a trap", arguments: 1..<5)
  func outOfMemory(number: Int) {
    let tasks = [TaskParameters](repeating: TaskParameters(), count: 9)
    let window = [CyclicWindow(vcpu: 0, offset: 0, length: 1)]
    for room in stride(from: 0, to: 60, by: 20) {
      var arena = TestArena(room: room)
      #expect(throws: OutOfMemory.self) {
        let cpu = CPUParameters(slice: 10, majorFrame: 10)
        _ = try CPUScheduler(
          PolicyKind(number: number)!, TaskSet(cpu, tasks: tasks.span, windows: window.span), in: &arena)
      }
    }
  }

  @Test("Busy vCPUs share a CPU in equal parts under round robin, chosen by its name")
  func roundRobinShares() throws {
    let set = Tasks([nil, nil, nil, nil], cpu: CPUParameters(slice: 10))
    var policy = try set.scheduler(.roundRobin)
    let timeline = Workload(behaviours: [.busy, .busy, .busy, .busy], seed: 1).run(&policy, until: 40_000)
    for vcpu in 0..<4 { #expect((9_990...10_010).contains(timeline.time(of: vcpu))) }
    #expect(timeline.time(of: nil) == 0)
  }
}
