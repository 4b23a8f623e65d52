import Architecture
import Scheduling
import TestSupport
import Testing

private func at(_ ticks: UInt64) -> Instant { Instant(ticks: ticks) }

/// Who pays for switches, and when what cannot pay comes back: instants that follow from the rules of a reservation alone.
@Suite("Switches of a reservation", .timeLimited)
struct SwitchPaymentTests {
  /// vCPU 0 has 10 ticks in 100, and a switch costs one; vCPU 1 lives on what is left.
  private func scheduler() throws -> CPUScheduler {
    try Tasks(
      [Reservation(budget: 10, period: 100), nil], cpu: CPUParameters(slice: 1000, switchOverhead: 1)
    ).scheduler(.earliestDeadline)
  }

  @Test("A vCPU that is stopped and starts anew pays for the switch to it, though nobody ran in between")
  func anew() throws {
    var policy = try scheduler()
    policy.ready(0, at: at(0))
    // The first activation is the period's.
    #expect(policy.pick(at: at(0)) == .run(vcpu: 0, until: at(10)))
    policy.charge(0, ran: 3)
    policy.remove(0, at: at(3))
    policy.ready(0, at: at(3))
    // Seven are left, and two switches cost two of them.
    #expect(policy.pick(at: at(3)) == .run(vcpu: 0, until: at(8)))
  }

  @Test("One that wakes while its registers are still there pays nothing")
  func stillThere() throws {
    var policy = try scheduler()
    policy.ready(0, at: at(0))
    #expect(policy.pick(at: at(0)) == .run(vcpu: 0, until: at(10)))
    policy.charge(0, ran: 3)
    policy.block(0, at: at(3))
    #expect(policy.pick(at: at(3)) == .idle(until: .never))
    policy.ready(0, at: at(5))
    #expect(policy.pick(at: at(5)) == .run(vcpu: 0, until: at(12)))
  }

  @Test(
    "A rest that cannot pay for its switches waits for the period's activation, if that comes before more of the budget"
  )
  func smallRest() throws {
    var policy = try scheduler()
    policy.ready(0, at: at(0))
    policy.ready(1, at: at(0))
    // The activation of the period from 0 on is used, and nothing else.
    #expect(policy.pick(at: at(0)) == .run(vcpu: 0, until: at(10)))
    policy.block(0, at: at(0))
    guard case .run(vcpu: 1, _) = policy.pick(at: at(0)) else {
      Issue.record("the other one runs meanwhile")
      return
    }
    // From 10 on: two for the switches and six of work, so that two are left.
    policy.charge(1, ran: 10)
    policy.ready(0, at: at(10))
    #expect(policy.pick(at: at(10)) == .run(vcpu: 0, until: at(18)))
    policy.charge(0, ran: 6)
    policy.block(0, at: at(16))
    guard case .run(vcpu: 1, _) = policy.pick(at: at(16)) else {
      Issue.record("the other one runs meanwhile")
      return
    }
    // These two do not pay for the switches. The CPU looks late: the next activation has come at 100, the eight that were
    // used come at 110.
    policy.ready(0, at: at(40))
    policy.charge(1, ran: 87)
    #expect(policy.pick(at: at(103)) == .run(vcpu: 0, until: at(105)))
  }

  @Test("What was used comes back a period after it was released, however late the rest is used")
  func lateRest() throws {
    var policy = try Tasks(
      [TaskParameters(priority: 1, reservation: Reservation(budget: 4, period: 10))]
    ).scheduler(.fixedPriority)
    policy.ready(0, at: at(0))
    #expect(policy.pick(at: at(0)) == .run(vcpu: 0, until: at(4)))
    policy.charge(0, ran: 2)
    // The CPU is away for a long time: all but two ticks have come back at 10.
    policy.yield(0, at: at(50))
    #expect(policy.pick(at: at(50)) == .run(vcpu: 0, until: at(52)))
    policy.charge(0, ran: 2)
    #expect(policy.pick(at: at(52)) == .run(vcpu: 0, until: at(56)))
    policy.charge(0, ran: 4)
    // These were late by what the CPU was away: nobody catches up on that.
    #expect(policy.pick(at: at(56)) == .idle(until: at(62)))
  }
}
