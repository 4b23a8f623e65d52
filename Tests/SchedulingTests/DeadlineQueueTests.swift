import Architecture
import TestSupport
import Testing

@testable import Scheduling

@Suite("Deadline queue", .timeLimited)
struct DeadlineQueueTests {
  @Test("It finds the earliest deadline as a sorted list does", arguments: [1, 2, 3, 7, 64])
  func sorted(capacity: Int) throws {
    var arena = TestArena()
    var queue = try DeadlineQueue(capacity: capacity, in: &arena)
    var plain: [Int: UInt64] = [:]
    var dice = Dice(UInt64(capacity))
    for _ in 0..<1_500 {
      let slot = dice.index(below: capacity)
      if dice.oneIn(3) {
        queue.remove(slot)
        plain[slot] = nil
      } else {
        let deadline = dice.oneIn(20) ? UInt64.max : dice.number(0...40)
        queue.set(slot, to: Instant(ticks: deadline))
        plain[slot] = deadline
      }
      #expect(queue.count == plain.count && queue.isEmpty == plain.isEmpty)
      #expect(queue.earliest.ticks == plain.values.min() ?? .max)
      if let first = queue.first { #expect(plain[first] == queue.earliest.ticks) } else { #expect(plain.isEmpty) }
      #expect(queue.contains(slot) == (plain[slot] != nil))
      #expect(queue.deadline(of: slot)?.ticks == plain[slot])
    }
    // What is left comes out in order.
    var last: UInt64 = 0
    while let first = queue.first {
      #expect(queue.earliest.ticks >= last && plain[first] == queue.earliest.ticks)
      last = queue.earliest.ticks
      queue.remove(first)
    }
  }
}
