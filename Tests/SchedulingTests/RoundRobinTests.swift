import Architecture
import TestSupport
import Testing

@testable import Scheduling

private func at(_ ticks: UInt64) -> Instant { Instant(ticks: ticks) }

private func policy(_ capacity: Int, slice: UInt64 = 100, rule: RoundRobin.WakeRule = .preempt) throws -> RoundRobin {
  var arena = TestArena()
  return try RoundRobin(capacity: capacity, slice: slice, rule: rule, in: &arena)
}

@Suite("Round robin", .timeLimited)
struct RoundRobinTests {
  @Test("With nothing ready the CPU idles and needs no timer")
  func idles() throws {
    var policy = try policy(2)
    #expect(policy.pick(at: at(0)) == .idle(until: .never))
  }

  @Test("A vCPU alone has the CPU without end")
  func alone() throws {
    var policy = try policy(2)
    policy.ready(1, at: at(0))
    #expect(policy.pick(at: at(0)) == .run(vcpu: 1, until: .never))
    policy.charge(1, ran: 1_000_000)
    #expect(policy.pick(at: at(1_000_000)) == .run(vcpu: 1, until: .never))
  }

  @Test("One that woke has the short way until its slice is used up; in its ordinary turn it makes way for who wakes")
  func shortWayEnds() throws {
    var policy = try policy(3)
    // 0 comes by the short way, and 1 is busy.
    policy.ready(0, at: at(0))
    policy.block(0, at: at(0))
    policy.ready(1, at: at(0))
    policy.ready(2, at: at(0))
    policy.block(2, at: at(0))
    policy.ready(0, at: at(0))
    #expect(policy.pick(at: at(0)) == .run(vcpu: 0, until: at(100)))
    policy.charge(0, ran: 100)
    #expect(policy.pick(at: at(100)) == .run(vcpu: 1, until: at(200)))
    policy.charge(1, ran: 100)
    #expect(policy.pick(at: at(200)) == .run(vcpu: 0, until: at(300)))
    policy.charge(0, ran: 50)
    policy.ready(2, at: at(250))
    #expect(policy.pick(at: at(250)) == .run(vcpu: 2, until: at(350)))
    // Whoever wakes next waits for who came by the short way.
    policy.charge(2, ran: 10)
    policy.block(2, at: at(260))
    #expect(policy.pick(at: at(260)) == .run(vcpu: 0, until: at(310)))
  }

  @Test("Ready vCPUs run in the order in which they became ready, each for one slice, again and again")
  func turns() throws {
    var policy = try policy(3)
    for vcpu in [2, 0, 1] { policy.ready(vcpu, at: at(0)) }
    var now: UInt64 = 0
    for expected in [2, 0, 1, 2, 0, 1, 2] {
      #expect(policy.pick(at: at(now)) == .run(vcpu: expected, until: at(now + 100)))
      policy.charge(expected, ran: 100)
      now += 100
    }
  }

  @Test("An exit in the middle of a slice does not end it, and the rest is as long as it was")
  func keepsSlice() throws {
    var policy = try policy(2)
    policy.ready(0, at: at(0))
    policy.ready(1, at: at(0))
    _ = policy.pick(at: at(0))
    policy.charge(0, ran: 30)
    #expect(policy.pick(at: at(30)) == .run(vcpu: 0, until: at(100)))
    #expect(policy.pick(at: at(30)) == .run(vcpu: 0, until: at(100)))
  }

  @Test("A vCPU becoming ready beside one that ran alone gives that one a timer again")
  func timerReturns() throws {
    var policy = try policy(2)
    policy.ready(0, at: at(0))
    _ = policy.pick(at: at(0))
    policy.charge(0, ran: 40)
    policy.ready(1, at: at(40))
    #expect(policy.pick(at: at(40)) == .run(vcpu: 0, until: at(100)))
  }

  @Test("What a vCPU ran over its slice shortens its next one, by half of a slice at the most")
  func overrun() throws {
    var policy = try policy(2)
    policy.ready(0, at: at(0))
    policy.ready(1, at: at(0))
    _ = policy.pick(at: at(0))
    policy.charge(0, ran: 120)
    #expect(policy.pick(at: at(120)) == .run(vcpu: 1, until: at(220)))
    policy.charge(1, ran: 1_000)
    #expect(policy.pick(at: at(1_120)) == .run(vcpu: 0, until: at(1_200)))
    policy.charge(0, ran: 80)
    #expect(policy.pick(at: at(1_200)) == .run(vcpu: 1, until: at(1_250)))
  }

  @Test("Time that a vCPU had for itself is not held against it")
  func aloneCostsNothing() throws {
    var policy = try policy(2)
    policy.ready(0, at: at(0))
    _ = policy.pick(at: at(0))
    policy.charge(0, ran: 10_000)
    policy.ready(1, at: at(10_000))
    #expect(policy.pick(at: at(10_000)) == .run(vcpu: 1, until: at(10_100)))
    policy.charge(1, ran: 100)
    #expect(policy.pick(at: at(10_100)) == .run(vcpu: 0, until: at(10_200)))
  }

  @Test("A vCPU that yields goes behind those who wait")
  func yields() throws {
    var policy = try policy(3)
    for vcpu in 0..<3 { policy.ready(vcpu, at: at(0)) }
    _ = policy.pick(at: at(0))
    policy.charge(0, ran: 10)
    policy.yield(0, at: at(10))
    #expect(policy.pick(at: at(10)) == .run(vcpu: 1, until: at(110)))
    policy.yield(1, at: at(10))
    #expect(policy.pick(at: at(10)) == .run(vcpu: 2, until: at(110)))
    policy.yield(2, at: at(10))
    #expect(policy.pick(at: at(10)) == .run(vcpu: 0, until: at(110)))
  }

  @Test("A yield with nobody waiting comes straight back")
  func yieldsAlone() throws {
    var policy = try policy(1)
    policy.ready(0, at: at(0))
    _ = policy.pick(at: at(0))
    policy.yield(0, at: at(5))
    #expect(policy.pick(at: at(5)) == .run(vcpu: 0, until: .never))
  }

  @Test("Being made ready twice does not give two turns")
  func readyTwice() throws {
    var policy = try policy(2)
    for _ in 0..<3 { policy.ready(0, at: at(0)) }
    policy.ready(1, at: at(0))
    _ = policy.pick(at: at(0))
    policy.ready(0, at: at(0))
    policy.charge(0, ran: 100)
    #expect(policy.pick(at: at(100)) == .run(vcpu: 1, until: at(200)))
    policy.block(0, at: at(100))
    policy.charge(1, ran: 100)
    #expect(policy.pick(at: at(200)) == .run(vcpu: 1, until: .never))
  }

  @Test("A vCPU taken out of the middle of the queue leaves the others' order alone", arguments: [0, 1, 2, 3])
  func removes(victim: Int) throws {
    var policy = try policy(5)
    policy.ready(4, at: at(0))
    _ = policy.pick(at: at(0))
    for vcpu in 0..<4 { policy.ready(vcpu, at: at(0)) }
    policy.remove(victim, at: at(0))
    policy.remove(4, at: at(0))
    var order: [Int] = []
    for _ in 0..<3 {
      guard case .run(let vcpu, _) = policy.pick(at: at(0)) else { break }
      order.append(vcpu)
      policy.remove(vcpu, at: at(0))
    }
    #expect(order == (0..<4).filter { $0 != victim })
    #expect(policy.pick(at: at(0)) == .idle(until: .never))
  }

  @Test("A removed vCPU that is started again has a whole slice and no right to preempt")
  func restarts() throws {
    var policy = try policy(2)
    policy.ready(0, at: at(0))
    policy.ready(1, at: at(0))
    _ = policy.pick(at: at(0))
    policy.charge(0, ran: 60)
    policy.remove(0, at: at(60))
    _ = policy.pick(at: at(60))
    policy.ready(0, at: at(60))
    #expect(policy.pick(at: at(60)) == .run(vcpu: 1, until: at(160)))
    policy.charge(1, ran: 100)
    #expect(policy.pick(at: at(160)) == .run(vcpu: 0, until: at(260)))
  }

  @Test("Without room for its tables the policy says so")
  func outOfMemory() {
    #expect(throws: OutOfMemory.self) {
      var arena = TestArena(room: 8)
      _ = try RoundRobin(capacity: 4, slice: 100, in: &arena)
    }
  }
}

@Suite("Round robin: waking", .timeLimited)
struct RoundRobinWakeTests {
  /// vCPU 0 has blocked after 10 ticks, and vCPU 1 computes since.
  private func sleeperAndWorker(rule: RoundRobin.WakeRule) throws -> RoundRobin {
    var policy = try policy(2, rule: rule)
    policy.ready(0, at: at(0))
    policy.ready(1, at: at(0))
    _ = policy.pick(at: at(0))
    policy.charge(0, ran: 10)
    policy.block(0, at: at(10))
    _ = policy.pick(at: at(10))
    return policy
  }

  @Test("A vCPU that wakes with a rest of its slice runs at once, for that rest")
  func preempts() throws {
    var policy = try sleeperAndWorker(rule: .preempt)
    policy.charge(1, ran: 1)
    policy.ready(0, at: at(11))
    #expect(policy.pick(at: at(11)) == .run(vcpu: 0, until: at(101)))
  }

  @Test("The vCPU that was preempted goes on next, with the rest of its own slice")
  func preemptedGoesOn() throws {
    var policy = try policy(3)
    for vcpu in 0..<3 { policy.ready(vcpu, at: at(0)) }
    _ = policy.pick(at: at(0))
    policy.block(0, at: at(0))
    _ = policy.pick(at: at(0))
    policy.charge(1, ran: 70)
    policy.ready(0, at: at(70))
    #expect(policy.pick(at: at(70)) == .run(vcpu: 0, until: at(170)))
    policy.charge(0, ran: 5)
    policy.block(0, at: at(75))
    #expect(policy.pick(at: at(75)) == .run(vcpu: 1, until: at(105)))
  }

  @Test("A vCPU that used up its slice waking again and again waits for its turn like the others")
  func rightIsUsedUp() throws {
    var policy = try sleeperAndWorker(rule: .preempt)
    policy.charge(1, ran: 1)
    policy.ready(0, at: at(11))
    #expect(policy.pick(at: at(11)) == .run(vcpu: 0, until: at(101)))
    policy.charge(0, ran: 90)
    policy.block(0, at: at(101))
    _ = policy.pick(at: at(101))
    policy.charge(1, ran: 1)
    policy.ready(0, at: at(102))
    #expect(policy.pick(at: at(102)) == .run(vcpu: 1, until: at(200)))
    policy.charge(1, ran: 98)
    #expect(policy.pick(at: at(200)) == .run(vcpu: 0, until: at(300)))
  }

  @Test("A vCPU earns its part of the time that it sleeps, here half")
  func sleepEarns() throws {
    var policy = try sleeperAndWorker(rule: .preempt)
    policy.charge(1, ran: 10)
    policy.ready(0, at: at(20))
    #expect(policy.pick(at: at(20)) == .run(vcpu: 0, until: at(115)))
  }

  @Test("A vCPU that needs less than its part of the CPU runs at once, each time that it wakes")
  func lightSleeperNeverWaits() throws {
    var policy = try sleeperAndWorker(rule: .preempt)
    var now: UInt64 = 10
    for _ in 0..<1_000 {
      // It works for 10 ticks of every 30. The worker has the rest.
      policy.charge(1, ran: 20)
      now += 20
      policy.ready(0, at: at(now))
      guard case .run(vcpu: 0, _) = policy.pick(at: at(now)) else {
        Issue.record("vCPU 0 had to wait at \(now)")
        return
      }
      policy.charge(0, ran: 10)
      now += 10
      policy.block(0, at: at(now))
      guard case .run(vcpu: 1, _) = policy.pick(at: at(now)) else {
        Issue.record("the worker did not go on at \(now)")
        return
      }
    }
  }

  @Test("A vCPU that slept through a whole round has its whole slice again")
  func sleepRefills() throws {
    var policy = try sleeperAndWorker(rule: .preempt)
    policy.charge(1, ran: 50)
    policy.ready(0, at: at(210))
    #expect(policy.pick(at: at(210)) == .run(vcpu: 0, until: at(310)))
  }

  @Test("Two that wake run in the order in which they woke, and do not preempt each other")
  func wakersQueue() throws {
    var policy = try policy(3)
    for vcpu in 0..<3 { policy.ready(vcpu, at: at(0)) }
    for vcpu in 0..<2 {
      _ = policy.pick(at: at(0))
      policy.block(vcpu, at: at(0))
    }
    _ = policy.pick(at: at(0))
    policy.ready(1, at: at(10))
    #expect(policy.pick(at: at(10)) == .run(vcpu: 1, until: at(110)))
    policy.ready(0, at: at(11))
    policy.charge(1, ran: 1)
    #expect(policy.pick(at: at(11)) == .run(vcpu: 1, until: at(110)))
    policy.block(1, at: at(11))
    #expect(policy.pick(at: at(11)) == .run(vcpu: 0, until: at(111)))
  }

  @Test("By the textbook rule a vCPU that wakes goes to the tail and gets a whole slice there")
  func queues() throws {
    var policy = try sleeperAndWorker(rule: .queue)
    policy.charge(1, ran: 20)
    policy.ready(0, at: at(30))
    #expect(policy.pick(at: at(30)) == .run(vcpu: 1, until: at(110)))
    policy.charge(1, ran: 80)
    #expect(policy.pick(at: at(110)) == .run(vcpu: 0, until: at(210)))
  }

  @Test("However greedily the others sleep and wake, a busy vCPU is never kept waiting for long")
  func noStarvation() throws {
    let slice: UInt64 = 100
    let count = 4
    let busy = 3
    var generator = Lehmer(state: 7)
    var policy = try policy(count, slice: slice)
    for vcpu in 0..<count { policy.ready(vcpu, at: at(0)) }
    var now: UInt64 = 0
    var wakeAt = [UInt64?](repeating: nil, count: count)
    var lastRun: UInt64 = 0
    var longestWait: UInt64 = 0
    var busyTime: UInt64 = 0
    for _ in 0..<20_000 {
      for vcpu in 0..<count where wakeAt[vcpu].map({ $0 <= now }) == true {
        policy.ready(vcpu, at: at(now))
        wakeAt[vcpu] = nil
      }
      guard case .run(let vcpu, let until) = policy.pick(at: at(now)) else {
        Issue.record("the busy vCPU is always ready")
        return
      }
      var end = min(until.ticks, wakeAt.compactMap { $0 }.min() ?? .max)
      if vcpu != busy { end = min(end, now + 1 + generator.next() % (2 * slice)) }
      end = max(end, now + 1)
      if vcpu == busy {
        longestWait = max(longestWait, now - lastRun)
        busyTime += end - now
        lastRun = end
      }
      policy.charge(vcpu, ran: end - now)
      now = end
      if vcpu != busy && generator.next() % 2 == 0 {
        policy.block(vcpu, at: at(now))
        wakeAt[vcpu] = now + 1 + generator.next() % (slice / 4)
      }
    }
    // The bound that the policy promises: W ≤ 2n(n−1) slices. And a share near a quarter, or more.
    #expect(longestWait <= 2 * UInt64(count * (count - 1)) * slice)
    #expect(busyTime * 5 >= now)
  }
}

/// A small generator of pseudo-random numbers, the same on each run.
private struct Lehmer {
  var state: UInt64
  mutating func next() -> UInt64 {
    state = state * 48271 % 0x7fff_ffff
    return state
  }
}

@Suite("Static policy", .timeLimited)
struct StaticPolicyTests {
  @Test("The one vCPU runs whenever it is ready and never needs a timer")
  func runs() {
    var policy = StaticPolicy()
    #expect(policy.pick(at: at(0)) == .idle(until: .never))
    policy.ready(0, at: at(0))
    #expect(policy.pick(at: at(0)) == .run(vcpu: 0, until: .never))
    policy.charge(0, ran: 1_000)
    policy.yield(0, at: at(1_000))
    #expect(policy.pick(at: at(1_000)) == .run(vcpu: 0, until: .never))
    policy.block(0, at: at(1_000))
    #expect(policy.pick(at: at(1_000)) == .idle(until: .never))
  }
}
