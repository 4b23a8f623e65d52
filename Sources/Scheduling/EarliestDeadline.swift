public import Architecture

/// Reservations by the earliest deadline; in the time that they leave, the others in round robin.
///
/// A vCPU with a reservation gets its budget within its deadline after it began to need it, and again in each period,
/// whatever the others do; and it never gets more, even where nobody else wants the CPU (`ReservationServer`). A set that
/// `admit` let pass keeps all of this: the test is exact.
///
/// Cost: log₂(n) steps for each event and pick, and one event more for each time that a used-up budget comes back.
public struct EarliestDeadline: SchedulingPolicy, ~Copyable {
  private enum Place {
    case absent
    case blocked
    case ready
    case throttled
    /// It has no reservation: the background knows.
    case background
  }

  private let places: Storage<Place>
  private var reservations: ReservationTable
  /// Those that can run, by their deadlines.
  private var eligible: DeadlineQueue
  private var background: RoundRobin
  /// Those with a reservation, then the others.
  private let standings: Standings

  /// The policy for an admitted set.
  public init<Provider: StorageProvider & ~Copyable>(
    _ set: borrowing TaskSet, in provider: inout Provider
  ) throws(OutOfMemory) {
    let tasks = set.tasks
    let places = try provider.storage(of: Place.self, count: tasks.count) {
      tasks[$0].reservation == nil ? .background : .absent
    }
    let reservations = try ReservationTable(set, in: &provider)
    let eligible = try DeadlineQueue(capacity: tasks.count, in: &provider)
    let background = try RoundRobin(capacity: tasks.count, slice: set.cpu.slice, in: &provider)
    let standings = try Standings(capacity: tasks.count, in: &provider) { tasks[$0].reservation == nil ? 1 : 0 }
    self.places = places
    self.reservations = reservations
    self.eligible = eligible
    self.background = background
    self.standings = standings
  }

  /// The name in system files.
  public static var name: StaticString { "earliest-deadline" }

  /// Takes a set whose reservations are always kept, as the demand-bound test finds.
  public static func admit(_ set: borrowing TaskSet) throws(AdmissionRefusal) {
    try set.checkSlice()
    try set.checkCount()
    try set.checkReservations()
    try set.checkDemand()
  }
}

extension EarliestDeadline {
  /// Releases what is left of the budget with a new deadline, or waits for the budget to come back.
  public mutating func ready(_ vcpu: Int, at now: Instant) {
    switch places[vcpu] {
    case .background: background.ready(vcpu, at: now)
    case .ready, .throttled: break
    case .absent, .blocked: place(vcpu, canRun: reservations.wake(vcpu, at: now))
    }
  }

  /// Takes `vcpu` out; its budget goes on to come back.
  public mutating func block(_ vcpu: Int, at now: Instant) {
    switch places[vcpu] {
    case .background: return background.block(vcpu, at: now)
    case .absent, .blocked: return
    case .ready: eligible.remove(vcpu)
    case .throttled: reservations.forget(vcpu)
    }
    places[vcpu] = .blocked
  }

  /// Gives `vcpu` the deadline that it would have if it woke now, so that those with an earlier one go first.
  public mutating func yield(_ vcpu: Int, at now: Instant) {
    switch places[vcpu] {
    case .background: background.yield(vcpu, at: now)
    case .absent, .blocked, .throttled: break
    case .ready: place(vcpu, canRun: reservations.wake(vcpu, at: now))
    }
  }

  /// Takes `vcpu` out. A new one in its place has the rest of the same budget.
  public mutating func remove(_ vcpu: Int, at now: Instant) {
    reservations.remove(vcpu)
    if places[vcpu] == .background { return background.remove(vcpu, at: now) }
    eligible.remove(vcpu)
    places[vcpu] = .absent
  }

  /// Takes `ticks` from the budget, or from the slice of one in the background.
  public mutating func charge(_ vcpu: Int, ran ticks: UInt64) {
    guard vcpu == reservations.running else { return }
    if places[vcpu] == .background { return background.charge(vcpu, ran: ticks) }
    reservations.charge(vcpu, ran: ticks)
  }

  /// The eligible vCPU with the earliest deadline, as long as its budget lasts; else the background's turn.
  public mutating func pick(at now: Instant) -> Decision {
    let last = reservations.running
    if reservations.takeSpent(last) && places[last] == .ready {
      place(last, canRun: reservations.activate(last, at: now))
    }
    while let vcpu = reservations.nextReleased(at: now) { place(vcpu, canRun: true) }
    while let first = eligible.first {
      // Among equal deadlines the one that runs stays.
      let isTied = last >= 0 && eligible.deadline(of: last) == eligible.earliest
      let next = isTied ? last : first
      guard reservations.begin(next, at: now) else {
        place(next, canRun: reservations.goOn(next, at: now))
        continue
      }
      reservations.run(next)
      return .run(vcpu: next, until: min(reservations.end(of: next, from: now), reservations.nextRelease))
    }
    return pickBackground(at: now)
  }

  /// How often the budget of `vcpu` was used up before its work was done.
  public func throttleCount(of vcpu: Int) -> UInt32 { reservations.throttleCount(of: vcpu) }

  /// Those with a reservation stand before the others.
  public func standing(of vcpu: Int) -> Int { standings.standing(of: vcpu) }

  /// Those with a reservation, whose deadlines a wake compares; and everybody in the time that they leave.
  public func audience(of vcpu: Int) -> Audience {
    reservations.isReserved(vcpu) ? standings.notBelow(vcpu) : .everybody
  }

  private mutating func pickBackground(at now: Instant) -> Decision {
    switch background.pick(at: now) {
    case .run(let vcpu, let until):
      reservations.run(vcpu)
      return .run(vcpu: vcpu, until: min(until, reservations.nextRelease))
    case .idle:
      reservations.run(-1)
      return .idle(until: reservations.nextRelease)
    }
  }

  private mutating func place(_ vcpu: Int, canRun: Bool) {
    places[vcpu] = canRun ? .ready : .throttled
    if canRun { eligible.set(vcpu, to: reservations.deadline(of: vcpu)) } else { eligible.remove(vcpu) }
  }
}
