import Architecture
import TestSupport
import Testing

@testable import Scheduling

@Suite("Who may interrupt whom", .timeLimited)
struct StandingTests {
  private func standings(_ policy: PolicyKind, _ tasks: [TaskParameters], windows: [CyclicWindow] = []) throws
    -> (order: [Int], audiences: [Audience])
  {
    var arena = TestArena()
    let cpu = CPUParameters(slice: 100, majorFrame: 1000)
    let scheduler = try CPUScheduler(policy, TaskSet(cpu, tasks: tasks.span, windows: windows.span), in: &arena)
    return (tasks.indices.map { scheduler.standing(of: $0) }, tasks.indices.map { scheduler.audience(of: $0) })
  }

  private let reserved = TaskParameters(reservation: Reservation(budget: 10, period: 100))
  private let unreserved = TaskParameters()

  @Test("Under earliest deadlines those with a reservation stand first, and while one runs only they may interrupt")
  func deadlines() throws {
    let (order, audiences) = try standings(.earliestDeadline, [unreserved, reserved, unreserved, reserved])
    #expect(order == [2, 0, 3, 1])
    #expect([1, 3].allSatisfy { audiences[$0] == Audience(0..<2) })
    #expect([0, 2].allSatisfy { audiences[$0] == .everybody })
  }

  @Test("Under fixed priorities equals and more urgent ones may interrupt")
  func priorities() throws {
    let (order, audiences) = try standings(
      .fixedPriority, [3, 200, 3, 7].map { TaskParameters(priority: $0) })
    #expect(order == [2, 0, 3, 1])
    #expect(audiences == [.everybody, Audience(0..<1), .everybody, Audience(0..<2)])
  }

  @Test("In a round everybody may interrupt everybody")
  func round() throws {
    let (order, audiences) = try standings(.roundRobin, [unreserved, unreserved, unreserved])
    #expect(order == [0, 1, 2])
    #expect(audiences.allSatisfy { $0 == .everybody })
  }

  @Test("In a window, busy or idle, only its vCPU may interrupt, and between windows nobody")
  func windows() throws {
    var arena = TestArena()
    let windows = [CyclicWindow(vcpu: 1, offset: 100, length: 200), CyclicWindow(vcpu: 0, offset: 500, length: 100)]
    let tasks = [unreserved, unreserved]
    var scheduler = try CPUScheduler(
      .cyclic, TaskSet(CPUParameters(slice: 1, majorFrame: 1000), tasks: tasks.span, windows: windows.span), in: &arena)
    func idleAudience(at ticks: UInt64) -> Audience {
      #expect(
        scheduler.pick(at: Instant(ticks: ticks)) == .idle(until: Instant(ticks: [0: 100, 150: 300, 400: 500][ticks]!)))
      return scheduler.idleAudience
    }
    #expect(idleAudience(at: 0) == .nobody)
    #expect(idleAudience(at: 150) == Audience(1..<2))
    #expect(idleAudience(at: 400) == .nobody)
    #expect(scheduler.audience(of: 1) == Audience(1..<2))
    #expect(scheduler.audience(of: 0) == Audience(0..<1))
  }

  @Test("An audience keeps both of its ends, and everybody is all standings that there can be")
  func packing() {
    let some = Audience(3..<700)
    #expect(some.first == 3 && some.end == 700)
    #expect(some.contains(3) && some.contains(699) && !some.contains(2) && !some.contains(700))
    #expect(Audience(bits: some.bits) == some)
    #expect((0..<0xffff).allSatisfy { Audience.everybody.contains($0) && !Audience.nobody.contains($0) })
  }
}

@Suite("Deadlines by standing", .timeLimited)
struct DeadlineTreeTests {
  @Test(
    "The earliest and the first due of any stretch are those that a search finds, whatever came and went",
    arguments: [1, 2, 3, 8, 31, 32, 33, 240])
  func againstSearch(_ capacity: Int) throws {
    var arena = TestArena()
    var dice = Dice(UInt64(capacity))
    var tree = try DeadlineTree(capacity: capacity, in: &arena)
    var plain = [Instant](repeating: .never, count: capacity)
    for _ in 0..<3000 {
      let place = dice.index(below: capacity)
      let deadline = dice.oneIn(4) ? Instant.never : Instant(ticks: dice.number(0...999))
      tree.set(place, to: deadline)
      plain[place] = deadline
      let first = dice.index(below: capacity + 1)
      let end = first + dice.index(below: capacity - first + 1)
      let now = Instant(ticks: dice.number(0...999))
      #expect(tree.earliest(of: Audience(first..<end)) == (plain[first..<end].min() ?? .never))
      #expect(tree.firstDue(of: Audience(first..<end), at: now) == plain[first..<end].firstIndex { $0 <= now })
      #expect(tree.firstDue(of: .everybody, at: now) == plain.firstIndex { $0 <= now })
      #expect(tree.earliest == plain.min() && tree.deadline(at: place) == deadline)
    }
  }
}
