import Architecture
import TestSupport
import Testing

@Suite("The rate of a counter", .timeLimited)
struct TickRateTests {
  @Test(
    "turns nanoseconds into ticks, rounded down",
    arguments: [
      (62_500_000, 1_000_000, 62_500), (62_500_000, 15, 0), (62_500_000, 16, 1),
      (19_200_000, 1_000_000_000, 19_200_000),
      (24_000_000, 5_000, 120), (1_000_000_000, 12_345, 12_345), (54_000_000, 10_000_000_000, 540_000_000),
    ] as [(UInt32, UInt64, UInt64)])
  func ticks(frequency: UInt32, nanoseconds: UInt64, ticks: UInt64) {
    #expect(TickRate(perSecond: frequency).ticks(nanoseconds: nanoseconds) == ticks)
  }

  @Test("turns ticks into nanoseconds, and numbers that are too large into the largest")
  func back() {
    #expect(TickRate(perSecond: 62_500_000).nanoseconds(ticks: 62_500) == 1_000_000)
    #expect(TickRate(perSecond: 3).nanoseconds(ticks: 1) == 333_333_333)
    #expect(TickRate(perSecond: 1).nanoseconds(ticks: .max) == .max)
    #expect(TickRate(perSecond: .max).ticks(nanoseconds: .max) == .max)
    #expect(TickRate.nanoseconds.ticks(nanoseconds: .max) == .max)
    #expect(TickRate(perSecond: 0).perSecond == 1)
    // Whole seconds still fit, and the rest of one more does or does not: 2^64 ns are 18,446,744,073.709551616 s.
    let rate = TickRate(perSecond: 62_500_000)
    let seconds: UInt64 = 18_446_744_073
    #expect(rate.nanoseconds(ticks: seconds * 62_500_000 + 44_000_000) == 18_446_744_073_704_000_000)
    #expect(rate.nanoseconds(ticks: seconds * 62_500_000 + 45_000_000) == .max)
  }
}
