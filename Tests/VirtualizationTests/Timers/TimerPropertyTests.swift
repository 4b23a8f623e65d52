import Architecture
import Foundation
import TestSupport
import Testing
import Virtualization

/// A generic timer as the manual describes it (DDI 0487, D12.2.4), in numbers too wide to wrap by accident.
private struct SlowTimer {
  var isEnabled = false
  var isMasked = false
  var compareValue: Int128 = 0
  var offset: Int128 = 0

  static let range: Int128 = 1 << 64

  /// The remainder that is not negative.
  static func wrapped(_ value: Int128, _ range: Int128 = range) -> Int128 { ((value % range) + range) % range }

  func counter(_ now: UInt64) -> Int128 { Self.wrapped(Int128(now) - offset) }
  func isMet(_ now: UInt64) -> Bool { counter(now) - compareValue >= 0 }
  func line(_ now: UInt64) -> Bool { isEnabled && !isMasked && isMet(now) }

  func read(_ register: TimerRegister, _ now: UInt64) -> Int128 {
    switch register {
    case .control: (isEnabled ? 1 : 0) + (isMasked ? 2 : 0) + (isEnabled && isMet(now) ? 4 : 0)
    case .compareValue: compareValue
    case .timerValue: Self.wrapped(compareValue - counter(now), 1 << 32)
    }
  }

  mutating func write(_ register: TimerRegister, _ value: UInt64, _ now: UInt64) {
    switch register {
    case .control:
      isEnabled = value % 2 == 1
      isMasked = value / 2 % 2 == 1
    case .compareValue: compareValue = Int128(value)
    case .timerValue:
      let low = Int128(value % (1 << 32))
      compareValue = Self.wrapped(counter(now) + (low < 1 << 31 ? low : low - 1 << 32))
    }
  }
}

@Suite("Guest timers against a slow reference", .timeLimited) struct TimerPropertyTests {
  private static let interesting: [UInt64] = [
    0, 1, 2, 3, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_fffe, 0xffff_ffff, 0x1_0000_0000, 1 << 63, (1 << 63) - 1,
    .max, .max - 1,
  ]

  @Test("Any registers written at any time read, signal and fall due as the manual says", arguments: 0..<4)
  func randomSequences(block: Int) {
    var random = SeededGenerator(state: Soak.seed &* 4 &+ UInt64(block))
    func number(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
    /// Small, near a corner, or anything.
    func value(near now: UInt64) -> UInt64 {
      switch number(4) {
      case 0: UInt64(number(2000))
      case 1: Self.interesting[number(Self.interesting.count)] &+ UInt64(number(3)) &- 1
      case 2: now &+ UInt64(number(4000)) &- 2000
      default: random.next()
      }
    }
    for _ in 0..<(400 * Soak.factor) {
      var now = number(3) == 0 ? random.next() >> 1 : UInt64(number(100_000)) + 100_000
      // A virtual timer's offset is when its VM started; a physical one has none; a guest's counter may run ahead.
      let offset = [0, now / 2, now, 0 &- UInt64(number(1000))][number(4)]
      var timer = GuestTimer(offset: offset)
      var slow = SlowTimer(offset: Int128(Int64(bitPattern: offset)))
      for _ in 0..<60 {
        switch number(6) {
        case 0, 1:
          let register = [TimerRegister.control, .control, .compareValue, .timerValue][number(4)]
          let written = register == .control ? UInt64(number(8)) : value(near: now &- offset)
          timer.write(written, to: register, at: Instant(ticks: now))
          slow.write(register, written, now)
        case 2: now += UInt64(number(3000))
        case 3: if isReached(timer.deadline.ticks, from: now) { now = timer.deadline.ticks - 1 }
        case 4: if isReached(timer.deadline.ticks, from: now) { now = timer.deadline.ticks }
        default:
          // The vCPU leaves its CPU and comes back: the registers are all there is.
          timer = GuestTimer(
            control: timer.read(.control, at: Instant(ticks: now)), compareValue: timer.compareValue,
            offset: timer.offset)
        }
        expect(timer, slow, now)
      }
    }
  }

  /// Whether the system counter will come to `deadline` some day: it takes centuries to its end.
  private func isReached(_ deadline: UInt64, from now: UInt64) -> Bool {
    deadline > now && deadline - now < 1 << 62 && deadline < .max - 1 << 32
  }

  private func expect(_ timer: GuestTimer, _ slow: SlowTimer, _ now: UInt64) {
    let instant = Instant(ticks: now)
    for register in [TimerRegister.control, .compareValue, .timerValue] {
      let (found, expected) = (timer.read(register, at: instant), slow.read(register, now))
      if Int128(found) != expected { Issue.record("\(register) reads \(found), not \(expected): \(slow) at \(now)") }
    }
    if timer.line(at: instant) != slow.line(now) { Issue.record("line \(!slow.line(now)): \(slow) at \(now)") }
    // The deadline is the first instant at which the line is up, from the guest's counter's zero on.
    let deadline = timer.deadline.ticks
    let isDue = deadline <= now && timer.deadline != .never
    if isDue != slow.line(now) { Issue.record("due \(isDue): \(slow) at \(now), deadline \(deadline)") }
    if timer.deadline != .never, deadline > now {
      if !slow.line(deadline) || slow.line(deadline - 1) { Issue.record("deadline \(deadline): \(slow) at \(now)") }
    }
  }

  @Test("A masked or reprogrammed timer lets its line down at once, and a stopped guest's time goes on by the offset")
  func falls() {
    var timer = GuestTimer(control: 1, compareValue: 100, offset: 1_000)
    let now = Instant(ticks: 1_200)
    #expect(timer.line(at: now))
    timer.write(3, to: .control, at: now)
    #expect(!timer.line(at: now) && timer.read(.control, at: now) == 7)
    timer.write(1, to: .control, at: now)
    #expect(timer.line(at: now))
    timer.write(50, to: .timerValue, at: now)
    #expect(!timer.line(at: now) && timer.compareValue == 250)
    #expect(timer.deadline == Instant(ticks: 1_250))
    timer.write(201, to: .compareValue, at: now)
    #expect(!timer.line(at: now) && timer.line(at: Instant(ticks: 1_201)))
    timer.write(0, to: .control, at: now)
    #expect(!timer.line(at: Instant(ticks: 5_000)))
    #expect(timer.read(.timerValue, at: Instant(ticks: 1_202)) == 0xffff_ffff)
  }
}
