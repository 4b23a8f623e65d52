internal import GuestSupport

/// How late ticks came: the count, the extremes, the sum and a histogram, all in counter ticks.
struct Lateness {
  /// One bucket for each power of two of nanoseconds: bucket n counts lateness below 2^n, from 2^(n-1).
  static let bucketCount = 32

  private(set) var count: UInt64 = 0
  private(set) var missed: UInt64 = 0
  private var earlyCount: UInt64 = 0
  private(set) var least: UInt64 = .max
  private(set) var most: UInt64 = 0
  private var sum: UInt64 = 0
  private var buckets = [32 of UInt64](repeating: 0)

  mutating func record(_ ticks: UInt64, missed further: UInt64) {
    count &+= 1
    missed &+= further
    least = min(least, ticks)
    most = max(most, ticks)
    sum &+= ticks
    let bucket = 64 &- Counter.nanoseconds(ticks).leadingZeroBitCount
    buckets[min(bucket, Self.bucketCount &- 1)] &+= 1
  }

  /// An interrupt that came before its deadline.
  mutating func recordEarly() { earlyCount &+= 1 }

  var mean: UInt64 { count == 0 ? 0 : sum / count }

  /// One line of figures, without its end.
  func write() {
    console.write("metronome: ticks=")
    console.write(decimal: count)
    console.write(" missed=")
    console.write(decimal: missed)
    console.write(" late min=")
    console.write(decimal: count == 0 ? 0 : Counter.nanoseconds(least))
    console.write(" mean=")
    console.write(decimal: Counter.nanoseconds(mean))
    console.write(" max=")
    console.write(decimal: Counter.nanoseconds(most))
    console.write(" ns")
    guard earlyCount > 0 else { return }
    console.write(" early=")
    console.write(decimal: earlyCount)
  }

  /// The histogram: a line for each bucket between the first and the last used one, its bar at most 50 wide.
  func writeHistogram() {
    guard count > 0 else { return }
    var first = Self.bucketCount &- 1
    var last = 0
    var largest: UInt64 = 1
    for index in 0..<Self.bucketCount where buckets[index] > 0 {
      first = min(first, index)
      last = index
      largest = max(largest, buckets[index])
    }
    for index in first...max(first, last) {
      console.write("metronome: below ")
      console.write(decimal: 1 << UInt64(index))
      console.write(" ns ")
      writeBar(buckets[index], of: largest)
      console.write(decimal: buckets[index])
      console.write("\n")
    }
  }

  private func writeBar(_ value: UInt64, of largest: UInt64) {
    // Anything that happened at all shows.
    let width = value == 0 ? 0 : max(1, value &* 50 / largest)
    for _ in 0..<width { console.write(UInt8(ascii: "#")) }
    if width > 0 { console.write(UInt8(ascii: " ")) }
  }
}
