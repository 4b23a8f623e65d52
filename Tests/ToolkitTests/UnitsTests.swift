import TestSupport
import Testing
import Toolkit

@Suite("Units", .timeLimited)
struct UnitsTests {
  @Test(
    "a size is a number with a binary unit or a plain number of bytes",
    arguments: [
      ("256MiB", 268_435_456), ("1GiB", 1_073_741_824), ("64KiB", 65_536), ("64 KiB", 65_536), ("4096", 4096),
      ("12B", 12), ("0x1000", 4096), ("0x4000_0000", 1_073_741_824),
    ] as [(String, UInt64)])
  func sizes(text: String, bytes: UInt64) {
    #expect(Units.size(text) == bytes)
  }

  @Test(
    "what is no size is refused, not guessed",
    arguments: ["256MB", "256M", "MiB", "-1MiB", "1.5GiB", "", "+3", "0x", "0x+1", "17179869184GiB", "_1", "0x10MiB"])
  func badSizes(text: String) {
    #expect(Units.size(text) == nil)
  }

  @Test(
    "a frequency is a number with Hz, kHz, MHz or GHz",
    arguments: [("48MHz", 48_000_000), ("32768Hz", 32_768), ("19200kHz", 19_200_000), ("1GHz", 1_000_000_000)]
      as [(String, UInt64)])
  func frequencies(text: String, hertz: UInt64) {
    #expect(Units.frequency(text) == hertz)
    #expect(Units.frequency(text.replacing("Hz", with: "")) == nil)
  }

  @Test(
    "a time is a number with ns, us, ms or s",
    arguments: [("1ms", 1_000_000), ("500us", 500_000), ("2s", 2_000_000_000), ("30ns", 30), ("0", 0)]
      as [(String, UInt64)])
  func durations(text: String, nanoseconds: UInt64) {
    #expect(Units.duration(text) == nanoseconds)
  }

  @Test("a time without a unit means nothing", arguments: ["1", "1m", "ms", "18446744074s", "-1s"])
  func badDurations(text: String) {
    #expect(Units.duration(text) == nil)
  }

  @Test("a size is described in the largest unit that leaves it whole")
  func description() {
    #expect(Units.describe(size: 1 << 30) == "1GiB")
    #expect(Units.describe(size: 1536 << 20) == "1536MiB")
    #expect(Units.describe(size: 4096) == "4KiB")
    #expect(Units.describe(size: 4097) == "4097B")
  }

  @Test("a time is described in the largest unit that leaves it whole, a measured one with three digits")
  func times() {
    #expect([2_000_000_000, 1_500_000, 999, 0].map(Units.describe(time:)) == ["2s", "1500us", "999ns", "0ns"])
    let measured: [Double] = [0, 16, 999, 1234, 45_678, 204_990, 999_999, 1_000_000, 12_345_678, 1e9, 3.5e9]
    #expect(
      measured.map(Units.rounded(time:)) == [
        "0ns", "16ns", "999ns", "1.23us", "45.7us", "205us", "1ms", "1ms", "12.3ms", "1s", "3.5s",
      ])
  }
}
