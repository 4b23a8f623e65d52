internal import Architecture

/// One vCPU's reservation at work: hands out its budget, and brings back what was used one period after it was released.
///
/// The budget lies in chunks, each with the instant from which it may be used; all chunks and what was used of the first
/// make up one budget, always. What is used of a chunk that was released at r comes back at r + period, so that each
/// single tick of the budget is a sporadic task of its own: never released twice within a period. A release that is put
/// off stays one; a release is never brought forward.
///
/// **The theorem.** Ticks that are each released at most once in a period and are due `deadline` after it ask for no
/// more, in any stretch of time, than one sporadic task with this budget, period and deadline does. Hence the exact tests
/// for such tasks hold whatever the vCPU does, and every tick that it wants is there by its release + deadline (sporadic
/// server; Sprunt, Sha, Lehoczky 1989, with the accounting of Stanovich et al. 2010 and the deadlines of Ghazalie and
/// Baker 1995). What this file chooses is only how far releases are put off:
///
/// - *Not at all, for who asks for no more than its budget.* Let the n-th tick that it wants come at a(n), and
///   a(n + budget) ≥ a(n) + period. The n-th tick that it uses was released at a(n) at the latest: the one used
///   budget ticks before came back at a(n − budget) + period ≤ a(n), and what lay there when the vCPU woke was released
///   then. So it never waits for budget, and is served within its deadline. (Beyond 15 wakes in a period what is used
///   comes back up to a sixteenth of the period late: there is room for so many chunks.)
/// - *Until they come together, for who is out of budget* and has been ready since it woke at t, when nothing comes back
///   before t + period. All of it comes with the last of it then: from T on it has a whole budget in each period. Who is
///   served its ticks as they come is so far before t + period, so that T < t + 2 · period; who is served late enough to
///   have ticks to use all the time, a period after it has none at the latest. Before that each tick is put off once, and
///   by less than a period: the vCPU is never behind the supply of a periodic resource (Shin, Lee 2003) by more than a
///   budget.
///
/// Who is not out of budget may be one that asks for no more than that, and its chunks are left as they are. Nor do they
/// come together sooner: a vCPU that works in short pieces would lose the time in which it does so, in every period. And
/// apart for good each of them would want a switch.
///
/// **Switches have an account of their own**, one activation for each period: with one account for both, who needs no
/// switches would run for longer than its budget. The allowance is a tick like the others: it is used together with a chunk
/// that was released no sooner than itself, and comes back a period after that. Who begins to run more often pays out of
/// its budget, and only where it is not still loaded.
///
/// The textbook's constant-bandwidth server compares budget ÷ time left with the bandwidth when a vCPU wakes. That takes
/// a 128-bit product, and it holds only where the deadline is the period, and only by deadlines.
struct ReservationServer: ~Copyable {
  /// Ticks that may be used from `release` on.
  struct Chunk {
    var amount: UInt64 = 0
    var release = Instant(ticks: 0)
  }

  /// How many chunks there can be: half of them as they come, the others a sixteenth of the period apart.
  static var capacity: Int { 32 }

  let budget: UInt64
  let period: UInt64
  let deadline: UInt64
  /// What an activation costs beyond the time that it runs: the switch to it and the one back to whom it preempts.
  let activationCost: UInt64
  /// Chunks in the second half of the ring do not begin closer together than this.
  private let grain: UInt64
  /// A ring from `base` on, in the order of time. There is always one chunk at least, and none is empty. They lie with the
  /// others' in one storage: an array within this value would be copied whole to read one of them.
  private let chunks: Storage<Chunk>
  private let base: Int
  private var head = 0
  /// How many chunks there are.
  private(set) var count = 1
  /// What was used of the first chunk.
  private var used: UInt64 = 0
  /// What was put together in the last chunk would have come from this instant on.
  private var lastOrigin = Instant(ticks: 0)
  /// From when on there is one more activation that the budget does not pay.
  private var allowance = Instant(ticks: 0)
  /// A period after the vCPU woke last.
  private var settled = Instant(ticks: 0)
  /// The vCPU is to begin, and has not yet paid for the switches.
  var owes = false
  /// How often the budget was used up with work left.
  var throttleCount: UInt32 = 0

  /// A whole budget, which nothing was used of; nothing at all for a vCPU without a reservation.
  init(_ reservation: Reservation?, switchOverhead: UInt64, chunks: Storage<Chunk>, base: Int) {
    budget = reservation?.budget ?? 0
    period = reservation?.period ?? 0
    deadline = reservation?.deadline ?? 0
    activationCost = 2 &* switchOverhead
    grain = (period &+ 15) / 16
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
}

extension ReservationServer {
  /// Takes `ticks`, and says whether another chunk is the first now. More than eight budgets at once are forgiven: nobody
  /// waits for longer than so many periods for what was our own doing.
  mutating func use(_ ticks: UInt64) -> Bool {
    guard ticks >= chunks[base &+ head].amount else {
      chunks[base &+ head].amount &-= ticks
      used &+= ticks
      return false
    }
    useUp(ticks)
    return true
  }

  /// Takes at least the first chunk.
  @inline(never)
  private mutating func useUp(_ ticks: UInt64) {
    var left = ticks
    if ticks >= budget {
      let budgets = min(ticks / budget, 8)
      putOff(by: budgets &* period)
      left = budgets == 8 ? 0 : ticks &- budgets &* budget
    }
    while left >= chunks[base &+ head].amount {
      left &-= chunks[base &+ head].amount
      rotate()
    }
    chunks[base &+ head].amount &-= left
    used &+= left
  }

  /// All that there is comes so much later.
  private mutating func putOff(by ticks: UInt64) {
    for index in 0..<count {
      let place = base &+ ((head &+ index) & 31)
      chunks[place].release = chunks[place].release.advanced(by: ticks)
    }
    lastOrigin = lastOrigin.advanced(by: ticks)
  }

  /// The vCPU wakes: unused ticks that were released before are released now. False where there are none.
  mutating func wake(at now: Instant) -> Bool {
    owes = true
    settled = now.advanced(by: period)
    let first = release
    if first.advanced(by: period) <= now {
      // No chunk comes later than a period after the first: all have come.
      head = 0
      count = 1
      used = 0
      chunks[base] = Chunk(amount: budget, release: now)
      return true
    }
    guard first <= now else { return false }
    giveBackUsed()
    renew(at: now)
    return true
  }

  /// Whether the vCPU, which has work to do, can go on with the first chunk. False where it has to wait until `release`.
  ///
  /// A chunk that nobody used until past its deadline, as after a long stop of the whole CPU, is released anew: nobody
  /// starts late, and nobody catches up on others' cost.
  mutating func activate(at now: Instant) -> Bool {
    if used == 0 && absoluteDeadline <= now { renew(at: now) }
    return release <= now
  }

  /// The vCPU is out of budget. Where it has been ready for a period, all comes back together; before, a chunk that is
  /// hardly worth its switches comes with the next one.
  mutating func settle() {
    if release >= settled {
      while count > 1 { joinNext() }
    } else {
      while count > 1 && chunks[base &+ head].amount < 2 &* activationCost && following <= settled { joinNext() }
    }
  }

  /// Pays for the switch to the vCPU and the one back, of the period's allowance or else of the first chunk. False where
  /// neither is enough: then the first chunk was put off, and it is to be seen whether the vCPU still goes first, or has
  /// to wait.
  ///
  /// Where the allowance is there by now, but came a moment after the release, the chunk is put off to it: by no more than the
  /// payment would take. A wake that was seen late once has its allowance that much after each further one.
  mutating func pay(at now: Instant) -> Bool {
    if allowance <= release {
      allowance = release.advanced(by: period)
    } else if allowance <= now && allowance.ticks(since: release) <= activationCost {
      giveBackUsed()
      renew(at: allowance)
      return false
    } else if chunks[base &+ head].amount > activationCost {
      chunks[base &+ head].amount &-= activationCost
      used &+= activationCost
    } else {
      giveBackUsed()
      postpone()
      return false
    }
    owes = false
    return true
  }

  /// The release of the second chunk.
  private var following: Instant { chunks[base &+ ((head &+ 1) & 31)].release }

  /// The first chunk comes with the second one, or with the next allowance, if that comes before.
  private mutating func postpone() {
    if count > 1 && following <= allowance { joinNext() } else { chunks[base &+ head].release = allowance }
  }

  /// The first chunk is released now, together with all others that are due.
  private mutating func renew(at now: Instant) {
    chunks[base &+ head].release = now
    while count > 1 && following <= now {
      joinNext()
      chunks[base &+ head].release = now
    }
  }

  /// The first chunk comes with the second.
  private mutating func joinNext() {
    let next = (head &+ 1) & 31
    chunks[base &+ next].amount &+= chunks[base &+ head].amount
    head = next
    count &-= 1
  }

  /// The first chunk is used up, and comes back.
  private mutating func rotate() {
    let amount = used &+ chunks[base &+ head].amount
    let back = release.advanced(by: period)
    used = 0
    head = (head &+ 1) & 31
    count &-= 1
    giveBack(amount, at: back)
  }

  /// What was used of the first chunk comes back by itself.
  private mutating func giveBackUsed() {
    guard used > 0 else { return }
    giveBack(used, at: release.advanced(by: period))
    used = 0
  }

  /// A chunk at the end, or more for the one that is there.
  private mutating func giveBack(_ amount: UInt64, at instant: Instant) {
    let last = (head &+ count &- 1) & 31
    // No chunk comes later than a period after the first, so that there is room for all that are so far apart.
    if count >= ReservationServer.capacity / 2
      && (instant.ticks(since: lastOrigin) < grain || count == ReservationServer.capacity)
    {
      chunks[base &+ last].amount &+= amount
      chunks[base &+ last].release = max(instant, chunks[base &+ last].release)
    } else {
      chunks[base &+ ((last &+ 1) & 31)] = Chunk(amount: amount, release: instant)
      lastOrigin = instant
      count &+= 1
    }
  }
}
