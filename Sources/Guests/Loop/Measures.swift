internal import GuestEntry
internal import GuestSupport

/// Says that the measure is about to begin: whatever is to be measured has begun by now.
private func announce() { console.write("loop: measures\n") }

/// How late the loop wakes, and with a job when that is done, counted from the same instant.
func measureLateness(_ settings: Settings) {
  var late = Series()
  var answer = Series()
  var missedCount: UInt64 = 0
  var earlyCount: UInt64 = 0
  let time = SharedTime()
  var instant = time.next(period: settings.period, margin: settings.period)
  for number in 0..<(settings.warmUpCount &+ settings.periodCount) {
    if number &+ 10 == settings.warmUpCount { announce() }
    let (now, early) = sleep(until: instant)
    let isCounted = number >= settings.warmUpCount
    if isCounted {
      late.add(now &- instant)
      guest_tell(UInt32(truncatingIfNeeded: now &- instant))
      earlyCount &+= early
    }
    if settings.job > 0 {
      var running = Running()
      while running.ran < settings.job { _ = running.look() }
      if isCounted { answer.add(running.now &- instant) }
    }
    instant &+= settings.period
    // The next instant is past already.
    let passed = Counter.now &- instant
    if passed < 1 << 63 {
      let missed = passed / settings.period &+ 1
      if isCounted { missedCount &+= missed }
      instant &+= missed &* settings.period
    }
  }
  console.write("loop: lateness")
  write("periods", late.count)
  late.write("late")
  if settings.job > 0 { answer.write("answer") }
  write("missed", missedCount)
  write("early", earlyCount)
  console.write("\n")
}

/// How much a busy loop runs in each period, counted from the instant at which it was ready to run.
func measureSupply(_ settings: Settings) {
  var supply = Series()
  var gap = Series()
  let start = settings.blockCount > 0 ? block(settings) : rest(settings)
  var running = Running()
  var end = start &+ settings.period
  var number: UInt64 = 0
  while number < settings.warmUpCount &+ settings.periodCount {
    let taken = running.look()
    if taken > 0, number >= settings.warmUpCount { gap.add(taken) }
    // All that has run was before the gap. One that is longer than a period leaves periods with nothing.
    while running.now &- end < 1 << 63 {
      let ran = running.take()
      if number >= settings.warmUpCount { supply.add(ran) }
      end &+= settings.period
      number &+= 1
      if number &+ 10 == settings.warmUpCount { announce() }
    }
  }
  console.write("loop: supply")
  write("periods", supply.count)
  supply.write("supply")
  gap.write("gap")
  console.write("\n")
}

/// Sleeps for long enough to have all that it is owed.
/// - Returns: the instant at which it was ready to run again.
private func rest(_ settings: Settings) -> UInt64 {
  let start = SharedTime().next(period: settings.period, margin: 4 &* settings.period)
  _ = sleep(until: start)
  return start
}

/// Frequent sleeps, each a fiftieth of a period after a fiftieth of running.
/// - Returns: the instant at which it was ready to run again.
private func block(_ settings: Settings) -> UInt64 {
  var start = Counter.now
  for _ in 0..<settings.blockCount {
    Counter.spin(settings.period / 50)
    start = Counter.now &+ settings.period / 50
    _ = sleep(until: start)
  }
  return start
}

/// Runs and sleeps, each time for a pseudo-random length of up to an eighth of the period. What it does not use of its budget
/// comes back in pieces, which become as short as a few ticks. Nothing is measured: it comes to its end, or it does not.
func runInPieces(_ settings: Settings) {
  var state: UInt32 = 1
  func length() -> UInt64 {
    // The generator of Numerical Recipes (2nd edition, section 7.1), of which the upper bits are good.
    state = state &* 1_664_525 &+ 1_013_904_223
    return UInt64(state >> 16) &* settings.period >> 19
  }
  for _ in 0..<settings.pieceCount {
    Counter.spin(length())
    _ = sleep(until: Counter.now &+ length())
  }
  console.write("loop: pieces n=")
  console.write(decimal: settings.pieceCount)
  console.write("\n")
}

/// When the turns of a busy loop begin, each with the period's length to the next, and how much of each it runs. A turn begins
/// after a pause of more than a twentieth of the period.
func measureWindows(_ settings: Settings) {
  var late = Series()
  var ran = Series()
  var missedCount: UInt64 = 0
  let pause = settings.period / 20
  var running = Running()
  while running.look() <= pause {}
  var number: UInt64 = 0
  // Half a period from the first turn's begin, so that what begins earlier than it does not count from below zero.
  var expected = running.now &- settings.period / 2
  _ = running.take()
  while number < settings.warmUpCount &+ settings.periodCount {
    guard running.look() > pause else { continue }
    let length = running.take()
    expected &+= settings.period
    while running.now &- expected >= settings.period {
      expected &+= settings.period
      missedCount &+= 1
    }
    if number >= settings.warmUpCount {
      ran.add(length)
      late.add(running.now &- expected)
    }
    number &+= 1
    if number &+ 10 == settings.warmUpCount { announce() }
  }
  console.write("loop: window")
  write("periods", ran.count)
  write("late-most", late.most &- late.least)
  ran.write("ran")
  write("missed", missedCount)
  console.write("\n")
}
