import Architecture
import TestSupport
import Testing

@testable import Scheduling

private func at(_ ticks: UInt64) -> Instant { Instant(ticks: ticks) }

@Suite("Accounting", .timeLimited)
struct AccountingTests {
  @Test("A latency is counted from the first wake until the vCPU runs, once")
  func latency() {
    var accounting = VCPUAccounting()
    accounting.switchedIn(at: at(5))
    #expect(accounting.latency.total == 0)
    accounting.woke(at: at(10))
    accounting.woke(at: at(90))
    accounting.switchedIn(at: at(110))
    accounting.resumed(at: at(200))
    #expect(accounting.latency.total == 1)
    #expect(accounting.latency.count(inBucket: 7) == 1)
    #expect(accounting.latency.worst == 100 && accounting.latency.worstAt == at(110))
    #expect(accounting.switchCount == 2)
    accounting.woke(at: at(300))
    accounting.resumed(at: at(300))
    #expect(accounting.latency.count(inBucket: 0) == 1 && accounting.switchCount == 2)
    accounting.woke(at: at(400))
    accounting.stopped()
    accounting.switchedIn(at: at(9_000))
    #expect(accounting.latency.total == 2 && accounting.latency.worst == 100)
  }

  @Test("Of equal latencies the first one was the worst")
  func firstWorst() {
    var histogram = LatencyHistogram()
    for (latency, instant) in [(3, 1), (7, 2), (7, 3), (5, 4)] as [(UInt64, UInt64)] {
      histogram.add(latency, at: at(instant))
    }
    #expect(histogram.worst == 7 && histogram.worstAt == at(2))
  }

  @Test("Each bucket counts from its lower bound to below the next one's, and the last all that is longer")
  func buckets() {
    for bucket in 1..<LatencyHistogram.bucketCount {
      var histogram = LatencyHistogram()
      let least = LatencyHistogram.lowerBound(ofBucket: bucket)
      histogram.add(least, at: at(0))
      histogram.add(bucket == LatencyHistogram.bucketCount - 1 ? .max : 2 * least - 1, at: at(1))
      #expect(histogram.count(inBucket: bucket) == 2 && histogram.total == 2)
      histogram.add(least - 1, at: at(2))
      #expect(histogram.count(inBucket: bucket - 1) == 1)
    }
    #expect(LatencyHistogram.lowerBound(ofBucket: 0) == 0 && LatencyHistogram.lowerBound(ofBucket: 1) == 1)
  }

  @Test("A clock that went backwards counts as no latency, and sums wrap around")
  func noTraps() {
    var accounting = VCPUAccounting()
    accounting.woke(at: .never)
    accounting.switchedIn(at: at(0))
    #expect(accounting.latency.count(inBucket: 0) == 1)
    accounting.ran(.max)
    accounting.ran(3)
    #expect(accounting.runTime == 2)
    accounting.throttled()
    #expect(accounting.throttleCount == 1)
  }
}
