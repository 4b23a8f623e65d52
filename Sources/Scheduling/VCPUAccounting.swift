public import Architecture

/// What one vCPU did with its CPU. Each event takes a handful of instructions, no division and no memory beyond this.
public struct VCPUAccounting: Sendable {
  /// Time that it ran, in ticks.
  public private(set) var runTime: UInt64 = 0
  /// How often its registers were loaded.
  public private(set) var switchCount: UInt64 = 0
  /// How often its budget was used up before its work was done.
  public private(set) var throttleCount: UInt64 = 0
  /// From each time that it woke until it ran.
  public private(set) var latency = LatencyHistogram()
  private var wokenAt = Instant(ticks: 0)
  private var isWaiting = false

  /// Nothing has happened yet.
  public init() {}

  /// It has work to do from now on. Counts once until it runs.
  public mutating func woke(at now: Instant) {
    guard !isWaiting else { return }
    isWaiting = true
    wokenAt = now
  }

  /// It goes on, with its registers loaded or still there. Ends the wait that `woke` began.
  @inline(__always)
  public mutating func resumed(at now: Instant) {
    if isWaiting { endWait(at: now) }
  }

  @inline(never)
  private mutating func endWait(at now: Instant) {
    isWaiting = false
    latency.add(now.ticks(since: wokenAt), at: now)
  }

  /// Its registers were loaded in place of another's, and it goes on.
  @inline(__always)
  public mutating func switchedIn(at now: Instant) {
    switchCount &+= 1
    resumed(at: now)
  }

  /// It ran for `ticks`.
  public mutating func ran(_ ticks: UInt64) { runTime &+= ticks }

  /// Its budget was used up.
  public mutating func throttled() { throttleCount &+= 1 }

  /// It was turned off: what it waited for is not waited for any more. The counts stay.
  public mutating func stopped() { isWaiting = false }
}

/// How often latencies of each magnitude were seen, and the worst one.
public struct LatencyHistogram: Sendable {
  /// How many buckets there are. The last takes all that is longer.
  public static var bucketCount: Int { 40 }

  private var counts = InlineArray<40, UInt32>(repeating: 0)
  /// The longest latency in ticks.
  public private(set) var worst: UInt64 = 0
  /// When the longest latency ended.
  public private(set) var worstAt = Instant(ticks: 0)

  /// Nothing was measured yet.
  public init() {}

  /// Counts a latency that ended now.
  public mutating func add(_ ticks: UInt64, at now: Instant) {
    let bucket = min(64 &- ticks.leadingZeroBitCount, LatencyHistogram.bucketCount &- 1)
    counts[bucket] &+= 1
    if ticks > worst {
      worst = ticks
      worstAt = now
    }
  }

  /// How many latencies of 2^(bucket − 1) ticks or more were below 2^bucket ticks; in bucket 0, how many were of none.
  public func count(inBucket bucket: Int) -> UInt32 { counts[bucket] }

  /// How many buckets there are up to the last one with anything in it.
  public var usedBucketCount: Int {
    var count = Self.bucketCount
    while count > 0, counts[count &- 1] == 0 { count &-= 1 }
    return count
  }

  /// The least latency in ticks that `bucket` counts.
  public static func lowerBound(ofBucket bucket: Int) -> UInt64 { bucket == 0 ? 0 : 1 << UInt64(bucket &- 1) }

  /// How many latencies were counted.
  public var total: UInt64 {
    var sum: UInt64 = 0
    for bucket in 0..<LatencyHistogram.bucketCount { sum &+= UInt64(counts[bucket]) }
    return sum
  }
}
