internal import Architecture

/// One vCPU's reservation at work: hands out its budget, and brings back what was used one period after it was released.
///
/// The budget lies in chunks, each with the instant from which it may be used; all chunks and what was used of the first
/// make up one budget, always. What is used of a chunk that was released at r comes back at r + period, so that each
/// single tick of the budget is a sporadic task of its own: never released twice within a period. Hence the demand of the
/// vCPU in any stretch of time is at most that of one sporadic task with this budget, period and deadline, whatever the
/// vCPU does, and the exact tests for such tasks hold for it (sporadic server; Sprunt, Sha, Lehoczky 1989, with the
/// accounting of Stanovich et al. 2010 and the deadlines of Ghazalie and Baker 1995).
///
/// The textbook's constant-bandwidth server compares budget ÷ time left with the bandwidth when a vCPU wakes. That takes
/// a 128-bit product, and it holds only where the deadline is the period.
///
/// A vCPU that wakes releases its unused ticks anew at that instant: a late one or one that slept long has a deadline
/// before it. What it used in between comes back in several chunks; chunks that would lie closer together than an eighth of
/// the period are one, at the later's instant.
struct ReservationServer: ~Copyable {
  /// Ticks that may be used from `release` on. What came first here would have come at `origin`.
  struct Chunk {
    var amount: UInt64 = 0
    var release = Instant(ticks: 0)
    var origin = Instant(ticks: 0)
  }

  /// How many chunks there can be.
  static var capacity: Int { 16 }

  let budget: UInt64
  let period: UInt64
  let deadline: UInt64
  /// What each activation costs beyond the time that it runs: the switch to it and the one back to whom it preempts.
  let activationCost: UInt64
  /// Chunks do not begin closer together than this.
  private let grain: UInt64
  /// A ring of 16 from `base` on, in the order of time. There is always one chunk at least, and none is empty. They lie
  /// with the others' in one storage: an array within this value would be copied whole to read one of them.
  private let chunks: Storage<Chunk>
  private let base: Int
  private var head = 0
  private var count = 1
  /// What was used of the first chunk.
  private var used: UInt64 = 0
  /// How often the budget was used up with work left.
  var throttleCount: UInt32 = 0

  /// A whole budget, which nothing was used of; nothing at all for a vCPU without a reservation. Each period has room for
  /// one activation beside what was reserved.
  init(_ reservation: Reservation?, switchOverhead: UInt64, chunks: Storage<Chunk>, base: Int) {
    budget = reservation.map { $0.budget + 2 * switchOverhead } ?? 0
    period = reservation?.period ?? 0
    deadline = reservation?.deadline ?? 0
    activationCost = 2 &* switchOverhead
    grain = period / 8
    precondition(budget <= deadline && deadline <= period && period <= Reservation.longestPeriod)
    precondition(reservation?.budget != 0)
    self.chunks = chunks
    self.base = base
    if reservation != nil { chunks[base].amount = budget }
  }

  /// Whether there is a reservation. Nothing else is to be asked where there is none.
  var isReserved: Bool { budget != 0 }
  /// When the first chunk may be used.
  var release: Instant { chunks[base &+ head].release }
  /// How many ticks the first chunk has.
  var remaining: UInt64 { chunks[base &+ head].amount }
  /// When the first chunk has to be used up.
  var absoluteDeadline: Instant { release.advanced(by: deadline) }

  /// Takes `ticks`, and says whether another chunk is the first now. More than eight budgets at once are forgiven: nobody
  /// waits for longer than so many periods for what was our own doing.
  mutating func use(_ ticks: UInt64) -> Bool {
    var left = min(ticks, 8 &* budget)
    var isOver = false
    while left >= chunks[base &+ head].amount {
      left &-= chunks[base &+ head].amount
      rotate()
      isOver = true
    }
    chunks[base &+ head].amount &-= left
    used &+= left
    return isOver
  }

  /// The vCPU wakes: unused ticks that were released before are released now.
  mutating func wake(at now: Instant) {
    guard release <= now else { return }
    if used > 0 {
      giveBack(used, at: release.advanced(by: period))
      used = 0
    }
    renew(at: now)
  }

  /// The vCPU begins to run on the first chunk, and pays for the switches that this will cause: however often it wakes, it
  /// takes no time from others. False where it has to wait until `release`.
  ///
  /// A chunk that nobody used until past its deadline, as after a long stop of the whole CPU, is released anew: nobody
  /// starts late, and nobody catches up on others' cost.
  mutating func activate(at now: Instant) -> Bool {
    if used == 0 {
      if absoluteDeadline <= now { renew(at: now) }
      gather()
    }
    guard release <= now else { return false }
    guard activationCost > 0, use(activationCost) else { return true }
    return release <= now
  }

  /// The first chunk is released now, together with all others that are due.
  private mutating func renew(at now: Instant) {
    chunks[base &+ head].release = now
    while count > 1 && chunks[base &+ ((head &+ 1) & 15)].release <= now {
      joinNext()
      chunks[base &+ head].release = now
    }
  }

  /// A first chunk that is hardly worth the switches waits for the next one.
  private mutating func gather() {
    while count > 1 && chunks[base &+ head].amount < 2 &* activationCost { joinNext() }
  }

  /// The first chunk comes with the second.
  private mutating func joinNext() {
    let next = (head &+ 1) & 15
    chunks[base &+ next].amount &+= chunks[base &+ head].amount
    head = next
    count &-= 1
  }

  /// The first chunk is used up, and comes back.
  private mutating func rotate() {
    let amount = used &+ chunks[base &+ head].amount
    let back = release.advanced(by: period)
    used = 0
    head = (head &+ 1) & 15
    count &-= 1
    giveBack(amount, at: back)
  }

  /// A chunk at the end, or more for the one that is there.
  private mutating func giveBack(_ amount: UInt64, at instant: Instant) {
    let last = (head &+ count &- 1) & 15
    // The grain keeps the ring from filling up, but for periods of a few ticks.
    if count > 1 && (instant.ticks(since: chunks[base &+ last].origin) < grain || count == ReservationServer.capacity) {
      chunks[base &+ last].amount &+= amount
      chunks[base &+ last].release = max(instant, chunks[base &+ last].release)
    } else {
      chunks[base &+ ((last &+ 1) & 15)] = Chunk(amount: amount, release: instant, origin: instant)
      count &+= 1
    }
  }
}
