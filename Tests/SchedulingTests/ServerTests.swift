import Architecture
import TestSupport
import Testing

@testable import Scheduling

/// One server by itself, and every tick of its budget in the order in which they are used.
private struct Play: ~Copyable {
  var server: ReservationServer
  let own: Reservation
  var dice: Dice
  var now: UInt64 = 0
  var woken: UInt64 = 0
  /// The releases of all ticks that were used.
  var releases: [UInt64] = []
  /// The last wake before each of them.
  var wakes: [UInt64] = []
  /// The releases of all activations that the budget did not pay.
  var allowances: [UInt64] = []
  var isThrottled = false
  var mostChunks = 0

  init(_ own: Reservation, overhead: UInt64, seed: UInt64) throws {
    var arena = TestArena()
    let chunks = try arena.storage(of: ReservationServer.Chunk.self, count: ReservationServer.capacity) { _ in
      ReservationServer.Chunk()
    }
    server = ReservationServer(own, switchOverhead: overhead, chunks: chunks, base: 0)
    self.own = own
    dice = Dice(seed)
    wake()
  }

  mutating func wake() {
    isThrottled = !server.wake(at: Instant(ticks: now))
    woken = now
    if isThrottled { server.settle() }
  }

  /// The vCPU has work for so many ticks, one after the other, and pays for switches as often as it likes.
  mutating func work(_ ticks: UInt64) {
    for _ in 0..<ticks {
      if isThrottled {
        now = max(now, server.release.ticks)
        server.owes = true
        isThrottled = !server.activate(at: Instant(ticks: now))
      }
      while server.owes && !isThrottled { pay() }
      if isThrottled { continue }
      use(1)
      now += 1
      mostChunks = max(mostChunks, server.count)
    }
  }

  private mutating func pay() {
    let (release, before) = (server.release.ticks, server.remaining)
    if server.activationCost == 0 {
      server.owes = false
    } else if server.pay(at: Instant(ticks: now)) {
      let paid = before - server.remaining
      if paid == 0 { allowances.append(release) } else { note(paid, release) }
    } else if server.release.ticks > now {
      isThrottled = true
      server.settle()
    }
  }

  private mutating func note(_ ticks: UInt64, _ release: UInt64) {
    for _ in 0..<ticks {
      releases.append(release)
      wakes.append(woken)
    }
  }

  private mutating func use(_ ticks: UInt64) {
    note(ticks, server.release.ticks)
    guard server.use(ticks) else { return }
    server.owes = dice.oneIn(2)
    guard !server.activate(at: Instant(ticks: now + 1)) else { return }
    isThrottled = true
    server.settle()
  }
}

@Suite("A reservation's server", .timeLimited)
struct ServerTests {
  /// Plays one server for a while with pieces of work of up to `piece` ticks.
  private func play(_ own: Reservation, overhead: UInt64, piece: UInt64, seed: UInt64) throws -> Play {
    var play = try Play(own, overhead: overhead, seed: seed)
    while play.now < 30 * own.period {
      play.work(play.dice.number(1...piece))
      // Some stay ready for long.
      if play.dice.oneIn(12) { play.work(3 * own.budget) }
      play.now += play.dice.oneIn(2) ? 0 : play.dice.number(0...max(1, own.period / 10))
      play.wake()
    }
    return play
  }

  private func reservation(_ dice: inout Dice) -> Reservation {
    let period = dice.number(1...200)
    let budget = dice.number(1...period)
    return Reservation(budget: budget, period: period, deadline: dice.number(budget...period))
  }

  @Test("Each tick of a budget is released once in a period at most, and so is each allowance, whatever the vCPU does")
  func releases() throws {
    var shattered = 0
    for seed in 0..<600 as Range<UInt64> {
      var dice = Dice(seed)
      let own = reservation(&dice)
      let overhead = dice.oneIn(2) ? 0 : dice.number(1...3)
      let play = try play(own, overhead: overhead, piece: max(1, own.budget / dice.number(1...40)), seed: seed)
      if play.mostChunks > 16 { shattered += 1 }
      #expect(play.mostChunks <= ReservationServer.capacity)
      let (releases, budget) = (play.releases, Int(own.budget))
      let unordered = releases.indices.dropFirst().first { releases[$0] < releases[$0 - 1] }
      #expect(unordered == nil, "seed \(seed)")
      let early = releases.indices.dropFirst(budget).first { releases[$0] < releases[$0 - budget] + own.period }
      #expect(early == nil, "seed \(seed): \(own)")
      for (last, next) in zip(play.allowances, play.allowances.dropFirst()) {
        #expect(next >= last + own.period, "seed \(seed): an allowance at \(last) and at \(next)")
      }
    }
    #expect(shattered > 20)
  }

  @Test("Up to fifteen pieces come back to the tick, and more a sixteenth of the period late at most")
  func returns() throws {
    var counts = (exact: 0, late: 0)
    for seed in 0..<600 as Range<UInt64> {
      var dice = Dice(seed)
      let period = dice.number(60...400)
      let own = Reservation(budget: dice.number(20...period / 2), period: period)
      // One that wakes in every period: nothing is put together for its sake.
      var play = try Play(own, overhead: 0, seed: seed)
      let piece = max(1, own.budget / dice.number(2...60))
      let pause = dice.number(1...period / 4)
      while play.now < 30 * period {
        play.work(play.dice.number(1...piece))
        play.now += play.dice.number(1...pause)
        play.wake()
      }
      let late = play.mostChunks < 16 ? 0 : (period + 15) / 16 - 1
      if late == 0 { counts.exact += 1 } else { counts.late += 1 }
      let budget = Int(own.budget)
      let wrong = play.releases.indices.dropFirst(budget).first {
        play.releases[$0] > max(play.releases[$0 - budget] + period + late, play.wakes[$0])
      }
      #expect(wrong == nil, "seed \(seed): \(own)")
    }
    #expect(counts.exact > 100 && counts.late > 100, "\(counts)")
  }
}
