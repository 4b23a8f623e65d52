import Architecture
import TestSupport
import Testing

@testable import Scheduling

private func at(_ ticks: UInt64) -> Instant { Instant(ticks: ticks) }

/// What schedulers of this kind were seen to do wrong, each by its name.
@Suite("Mistakes that are not made again", .timeLimited)
struct FormerFailureTests {
  private func policy(_ own: [Reservation?]) throws -> CPUScheduler {
    let set = Tasks(own)
    #expect(set.refusal(.earliestDeadline) == nil)
    return try set.scheduler(.earliestDeadline)
  }

  @Test("Earliest deadline first does not prefer the later deadline, in whatever order they come")
  func laterDeadline() throws {
    for first in 0..<2 {
      var policy = try policy([Reservation(budget: 10, period: 100), Reservation(budget: 10, period: 50)])
      policy.ready(first, at: at(0))
      policy.ready(1 - first, at: at(0))
      #expect(policy.pick(at: at(0)) == .run(vcpu: 1, until: at(10)))
    }
  }

  @Test("A vCPU with an earlier deadline preempts at once, one with a later deadline waits")
  func preempts() throws {
    var policy = try policy([Reservation(budget: 40, period: 100), Reservation(budget: 10, period: 50)])
    policy.ready(0, at: at(0))
    #expect(policy.pick(at: at(0)) == .run(vcpu: 0, until: at(40)))
    policy.charge(0, ran: 20)
    policy.ready(1, at: at(20))
    #expect(policy.pick(at: at(20)) == .run(vcpu: 1, until: at(30)))
    policy.charge(1, ran: 5)
    policy.block(1, at: at(25))
    #expect(policy.pick(at: at(25)) == .run(vcpu: 0, until: at(45)))
  }

  @Test(
    "A budget does not underflow: what was run over it delays the next one, for a bounded time",
    arguments: [
      10, 11, 19, 20, 21, 1_000, 1 << 40, .max,
    ] as [UInt64])
  func underflow(ran: UInt64) throws {
    var policy = try policy([Reservation(budget: 10, period: 100)])
    policy.ready(0, at: at(0))
    _ = policy.pick(at: at(0))
    policy.charge(0, ran: ran)
    // Each whole budget costs a period; eight at the most.
    let periods = min(ran / 10, 8)
    #expect(policy.pick(at: at(20)) == .idle(until: at(100 * periods)))
    let rest = periods == 8 ? 10 : 10 - ran % 10
    #expect(policy.pick(at: at(100 * periods)) == .run(vcpu: 0, until: at(100 * periods + rest)))
  }

  @Test("A vCPU past its deadline runs, before those whose deadline is to come")
  func pastDeadline() throws {
    var policy = try policy([Reservation(budget: 30, period: 100), Reservation(budget: 30, period: 90)])
    policy.ready(0, at: at(0))
    policy.ready(1, at: at(0))
    _ = policy.pick(at: at(0))
    policy.charge(1, ran: 30)
    // The CPU was away for a long time.
    #expect(policy.pick(at: at(5_000)) == .run(vcpu: 0, until: at(5_030)))
    policy.charge(0, ran: 30)
    // Nobody catches up on the fifty periods: each has one budget now, with a new deadline.
    #expect(policy.pick(at: at(5_030)) == .run(vcpu: 1, until: at(5_030 + 30)))
    policy.charge(1, ran: 30)
    #expect(policy.pick(at: at(5_060)) == .run(vcpu: 0, until: at(5_090)))
    policy.charge(0, ran: 30)
    // And the next one when its period is over, counted from there.
    #expect(policy.pick(at: at(5_090)) == .run(vcpu: 1, until: at(5_120)))
    policy.charge(1, ran: 30)
    #expect(policy.pick(at: at(5_120)) == .idle(until: at(5_130)))
  }

  @Test("Turning a vCPU off and on leaves nothing behind, however often", arguments: 0..<PolicyKind.count)
  func leaks(number: Int) throws {
    let kind = PolicyKind(number: number)!
    let count = kind == .static ? 1 : 3
    let set = Tasks(
      [TaskParameters](repeating: TaskParameters(), count: count),
      cpu: CPUParameters(slice: 10, majorFrame: 30),
      windows: (0..<3).map { CyclicWindow(vcpu: $0, offset: UInt64($0) * 10, length: 10) })
    var policy = try set.scheduler(kind)
    var now: UInt64 = 0
    for round in 0..<1_000 {
      for vcpu in 0..<count { policy.ready(vcpu, at: at(now)) }
      if round % 3 == 0 { _ = policy.pick(at: at(now)) }
      if round % 5 == 0 { policy.block(round % count, at: at(now)) }
      for vcpu in 0..<count { policy.remove(vcpu, at: at(now)) }
      if round % 2 == 0 { for vcpu in 0..<count { policy.remove(vcpu, at: at(now)) } }
      now += 1
    }
    guard case .idle = policy.pick(at: at(now)) else {
      Issue.record("somebody is left")
      return
    }
  }

  @Test("Turning a vCPU with a reservation off and on leaves nothing behind, and gains it no time")
  func restartsGainNothing() throws {
    for kind in [PolicyKind.earliestDeadline, .fixedPriority] {
      let own = Reservation(budget: 10, period: 100)
      let set = Tasks([TaskParameters(priority: 1, reservation: own), TaskParameters()])
      var policy = try set.scheduler(kind)
      policy.ready(1, at: at(0))
      var ran: UInt64 = 0
      for now in 0..<1_000 as Range<UInt64> {
        policy.ready(0, at: at(now))
        guard case .run(let vcpu, _) = policy.pick(at: at(now)) else {
          Issue.record("the other one can always run")
          return
        }
        policy.charge(vcpu, ran: 1)
        if vcpu == 0 {
          ran += 1
          policy.remove(0, at: at(now + 1))
        }
      }
      #expect(ran <= 100 && ran >= 90)
      policy.remove(0, at: at(1_000))
      policy.remove(1, at: at(1_000))
      #expect(policy.pick(at: at(1_000)) == .idle(until: .never))
    }
  }

  @Test("Time charged after a vCPU was turned off is not taken from the one that starts in its place")
  func chargeAfterRemoval() throws {
    var policy = try policy([Reservation(budget: 10, period: 100)])
    policy.ready(0, at: at(0))
    _ = policy.pick(at: at(0))
    policy.remove(0, at: at(4))
    policy.ready(0, at: at(4))
    policy.charge(0, ran: 4)
    #expect(policy.pick(at: at(4)) == .run(vcpu: 0, until: at(14)))
  }

  @Test("Round robin does not begin a turn for a rest of a slice that is shorter than the switch to it")
  func hardlyATurn() throws {
    let set = Tasks([nil, nil], cpu: CPUParameters(slice: 100, switchOverhead: 8))
    var policy = try set.scheduler(.roundRobin)
    policy.ready(0, at: at(0))
    policy.ready(1, at: at(0))
    #expect(policy.pick(at: at(0)) == .run(vcpu: 0, until: at(100)))
    // A switch to it, which nobody is charged with, lets the timer come early.
    policy.charge(0, ran: 95)
    #expect(policy.pick(at: at(100)) == .run(vcpu: 1, until: at(200)))
    policy.charge(1, ran: 92)
    #expect(policy.pick(at: at(200)) == .run(vcpu: 0, until: at(305)))
    policy.charge(0, ran: 105)
    #expect(policy.pick(at: at(305)) == .run(vcpu: 1, until: at(413)))
  }
}
