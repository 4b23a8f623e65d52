import Architecture
import TestSupport
import Testing

@testable import Virtualization

private func at(_ ticks: UInt64) -> Instant { Instant(ticks: ticks) }

@Suite("Guest timer", .timeLimited)
struct GuestTimerTests {
  @Test("Nothing is up after reset")
  func reset() {
    let timer = GuestTimer()
    #expect(!timer.line(at: at(1_000)))
    #expect(timer.deadline == .never)
    #expect(timer.control(at: at(1_000)) == 0)
  }

  @Test("The condition is met from the compare value on, not before")
  func condition() {
    let timer = GuestTimer(control: 1, compareValue: 500)
    #expect(!timer.line(at: at(499)))
    #expect(timer.line(at: at(500)))
    #expect(timer.line(at: at(501)))
    #expect(timer.deadline == at(500))
    #expect(timer.control(at: at(499)) == 0b001)
    #expect(timer.control(at: at(500)) == 0b101)
  }

  @Test("A masked timer shows its status and keeps its line down; a disabled one shows nothing")
  func mask() {
    var timer = GuestTimer(control: 3, compareValue: 500)
    #expect(!timer.line(at: at(600)))
    #expect(timer.control(at: at(600)) == 0b111)
    #expect(timer.deadline == .never)
    timer.setControl(0b110)
    #expect(timer.control(at: at(600)) == 0b010)
    #expect(!timer.line(at: at(600)))
  }

  @Test("The comparison is unsigned: a compare value near 2⁶⁴ is far away, and half the range is nothing special")
  func unsigned() {
    let far = GuestTimer(control: 1, compareValue: .max)
    #expect(!far.line(at: at(5)))
    #expect(!far.line(at: at(1 << 63)))
    #expect(far.deadline == .never)
    let past = GuestTimer(control: 1, compareValue: 1)
    #expect(past.line(at: at(1 << 63 + 2)))
  }

  @Test("TimerValue reads as the distance in 32 bits, also when it has passed")
  func timerValueReads() {
    let timer = GuestTimer(control: 1, compareValue: 0x1_0000_0010)
    #expect(timer.timerValue(at: at(0x1_0000_0000)) == 0x10)
    #expect(timer.timerValue(at: at(0x1_0000_0011)) == 0xffff_ffff)
    #expect(timer.timerValue(at: at(0)) == 0x10)
  }

  @Test(
    "TimerValue is written as a signed 32-bit distance",
    arguments: [
      (0x10, 1_016), (0xffff_fff0, 984), (0xdead_beef_0000_0010, 1_016), (0x7fff_ffff, 0x8000_03e7),
      (0xffff_fc00, 0xffff_ffff_ffff_ffe8),
    ] as [(UInt64, UInt64)])
  func timerValueWrites(value: UInt64, compareValue: UInt64) {
    var timer = GuestTimer(control: 1)
    timer.write(value, to: .timerValue, at: at(1_000))
    #expect(timer.compareValue == compareValue)
    #expect(timer.read(.compareValue, at: at(1_000)) == compareValue)
  }

  @Test("A virtual timer compares with a counter that lags behind by its offset")
  func offset() {
    var timer = GuestTimer(control: 1, compareValue: 500, offset: 10_000)
    #expect(timer.counter(at: at(10_100)) == 100)
    #expect(!timer.line(at: at(10_499)))
    #expect(timer.line(at: at(10_500)))
    #expect(timer.deadline == at(10_500))
    timer.setTimerValue(7, at: at(10_100))
    #expect(timer.compareValue == 107)
  }

  @Test("A counter that runs ahead is an offset below zero")
  func negativeOffset() {
    let timer = GuestTimer(control: 1, compareValue: 5_000, offset: 0 &- 1_000)
    #expect(timer.deadline == at(4_000))
    #expect(!timer.line(at: at(3_999)))
    #expect(timer.line(at: at(4_000)))
    #expect(GuestTimer(control: 1, compareValue: 10, offset: 0 &- 1_000).deadline == at(0))
  }

  @Test("A deadline beyond the system counter's end is never")
  func unreachable() {
    #expect(GuestTimer(control: 1, compareValue: 0xffff_ffff_ffff_fff0, offset: 100).deadline == .never)
  }
}
