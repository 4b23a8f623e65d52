public import Architecture

/// The most urgent runnable vCPU, at once; among equals, round robin with a slice.
///
/// A vCPU with a reservation is as urgent as it is only while its budget lasts, and then waits until it comes back
/// (`ReservationServer`). Among equals its budget is its slice: shorter turns would cost switches that nobody pays for. One without runs for as long as it likes, so that it may starve all that are less urgent: it is
/// what was asked for, but no reservation is admitted below one.
///
/// A vCPU that wakes goes behind its equals; one that is preempted stays before them, with what it had of its slice.
///
/// Cost: a constant for each event and pick, and log₂(n) steps where a budget is used up or comes back.
public struct FixedPriority: SchedulingPolicy, ~Copyable {
  private struct Entry {
    enum Place {
      case absent
      case blocked
      case queued
      case running
      case throttled
    }

    var place = Place.absent
    let priority: UInt8
    /// Ticks left of the slice.
    var rest: UInt64 = 0
  }

  private let entries: Storage<Entry>
  private var reservations: ReservationTable
  private var queues: PriorityQueues
  private let slice: UInt64
  /// By priority.
  private let standings: Standings
  /// The vCPU that was picked last and can still run, or -1. It is in no queue.
  private var running = -1

  /// The policy for an admitted set.
  public init<Provider: StorageProvider & ~Copyable>(
    _ set: borrowing TaskSet, in provider: inout Provider
  ) throws(OutOfMemory) {
    let tasks = set.tasks
    let entries = try provider.storage(of: Entry.self, count: tasks.count) { Entry(priority: tasks[$0].priority) }
    let reservations = try ReservationTable(set, in: &provider)
    let queues = try PriorityQueues(capacity: tasks.count, in: &provider)
    let standings = try Standings(capacity: tasks.count, in: &provider) { 255 - Int(tasks[$0].priority) }
    self.entries = entries
    self.reservations = reservations
    self.queues = queues
    slice = set.cpu.slice
    self.standings = standings
  }

  /// The name in system files.
  public static var name: StaticString { "fixed-priority" }

  /// Takes a set whose reservations are always kept, as the response-time analysis finds.
  public static func admit(_ set: borrowing TaskSet) throws(AdmissionRefusal) {
    try set.checkSlice()
    try set.checkCount()
    try set.checkReservations()
    try set.checkResponseTimes()
  }
}

extension FixedPriority {
  /// Puts `vcpu` behind its equals, where it has budget.
  public mutating func ready(_ vcpu: Int, at now: Instant) {
    switch entries[vcpu].place {
    case .queued, .running, .throttled: break
    case .absent, .blocked: place(vcpu, canRun: reservations.wake(vcpu, at: now))
    }
  }

  /// Takes `vcpu` out; its budget goes on to come back.
  public mutating func block(_ vcpu: Int, at now: Instant) {
    guard entries[vcpu].place != .absent else { return }
    takeOut(vcpu)
    reservations.forget(vcpu)
    entries[vcpu].place = .blocked
  }

  /// Puts `vcpu` behind its equals. Less urgent ones still have to wait.
  public mutating func yield(_ vcpu: Int, at now: Instant) {
    guard entries[vcpu].place == .queued || entries[vcpu].place == .running else { return }
    takeOut(vcpu)
    _ = reservations.takeSpent(vcpu)
    place(vcpu, canRun: reservations.activate(vcpu, at: now))
  }

  /// Takes `vcpu` out. A new one in its place has the rest of the same budget.
  public mutating func remove(_ vcpu: Int, at now: Instant) {
    takeOut(vcpu)
    reservations.remove(vcpu)
    entries[vcpu].place = .absent
  }

  /// Takes `ticks` from the slice and from the budget.
  public mutating func charge(_ vcpu: Int, ran ticks: UInt64) {
    // Whose time passes while another has its turn loses nothing of the next one of its own.
    if vcpu == running { entries[vcpu].rest &-= min(entries[vcpu].rest, ticks) }
    reservations.charge(vcpu, ran: ticks)
  }

  /// The vCPU that runs, unless its budget or slice is used up or a more urgent one can run; else the most urgent one.
  public mutating func pick(at now: Instant) -> Decision {
    if running >= 0 && reservations.takeSpent(running) && !reservations.goOn(running, at: now) {
      entries[running].place = .throttled
      running = -1
    }
    while let vcpu = reservations.nextReleased(at: now) { place(vcpu, canRun: true) }
    if running >= 0 { reconsider(running) }
    if running < 0 { running = next() }
    while running >= 0 && !reservations.begin(running, at: now) {
      place(running, canRun: reservations.goOn(running, at: now))
      running = next()
    }
    reservations.run(running)
    guard running >= 0 else { return .idle(until: reservations.nextRelease) }
    // The end of a slice matters only to equals.
    var end = min(reservations.end(of: running, from: now), reservations.nextRelease)
    if !queues.isEmpty(Int(entries[running].priority)) { end = min(end, now.advanced(by: entries[running].rest)) }
    return .run(vcpu: running, until: end)
  }

  /// How often the budget of `vcpu` was used up before its work was done.
  public func throttleCount(of vcpu: Int) -> UInt32 { reservations.throttleCount(of: vcpu) }

  /// By priority.
  public func standing(of vcpu: Int) -> Int { standings.standing(of: vcpu) }

  /// Those who are as urgent, and the more urgent ones.
  public func audience(of vcpu: Int) -> Audience { standings.notBelow(vcpu) }

  /// Puts the vCPU that runs back into its queue, where another has a better right to the CPU now.
  private mutating func reconsider(_ vcpu: Int) {
    let priority = Int(entries[vcpu].priority)
    if entries[vcpu].rest == 0 {
      if queues.isEmpty(priority) {
        entries[vcpu].rest = wholeSlice(of: vcpu)
      } else {
        running = -1
        return place(vcpu, canRun: true)
      }
    }
    if queues.highest > priority {
      running = -1
      entries[vcpu].place = .queued
      queues.prepend(vcpu, at: priority)
    }
  }

  private mutating func next() -> Int {
    let priority = queues.highest
    guard priority >= 0, let vcpu = queues.popFirst(at: priority) else { return -1 }
    entries[vcpu].place = .running
    return vcpu
  }

  /// Puts `vcpu`, which is in no queue, behind its equals with a whole slice, or among those that wait for budget.
  private mutating func place(_ vcpu: Int, canRun: Bool) {
    entries[vcpu].place = canRun ? .queued : .throttled
    guard canRun else { return }
    entries[vcpu].rest = wholeSlice(of: vcpu)
    queues.append(vcpu, at: Int(entries[vcpu].priority))
  }

  private func wholeSlice(of vcpu: Int) -> UInt64 { reservations.isReserved(vcpu) ? .max : slice }

  private mutating func takeOut(_ vcpu: Int) {
    switch entries[vcpu].place {
    case .absent, .blocked, .throttled: break
    case .queued: queues.remove(vcpu, at: Int(entries[vcpu].priority))
    case .running: running = -1
    }
  }
}
