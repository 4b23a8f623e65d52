public import Architecture

/// Round robin with a time slice, and with a short way for vCPUs that wake.
///
/// A vCPU runs until its slice is used up and then goes to the tail. One that blocks keeps the rest of its slice, and
/// while it sleeps earns its n-th part of the time, up to a whole slice, where the CPU has n vCPUs. When it wakes with a
/// rest, it preempts whoever runs in the ordinary turn (`WakeRule.preempt`): a guest that answers a timer in a few
/// microseconds must not wait out the slices of busy ones. One that needs less than an n-th of the CPU always has this
/// short way.
///
/// It starves nobody. In a time W each of the n − 1 others runs by the short way for at most a slice that it had and
/// W / n that it earned; what is left to the ordinary turn is W / n less n − 1 slices, and it takes at most another n − 1
/// slices until the turn is one's own. No ready vCPU waits for longer than 2n(n − 1) slices.
///
/// A vCPU that is preempted this way goes back to the head and keeps its slice's rest. A vCPU alone has no timer.
public struct RoundRobin: SchedulingPolicy, ~Copyable {
  private let entries: Storage<Entry>
  private let slice: Int64
  /// The least that can be left of a slice: half of the next one is taken away.
  private let overdraft: Int64
  /// A rest of a slice that is not worth another timer interrupt: a change of vCPU, which nobody's slice is charged with, lets
  /// the timer come that much too early.
  private let leftover: Int64
  private let rule: WakeRule
  private var ordinary = Turn()
  private var woken = Turn()
  /// The vCPU that was picked last and is still ready. It is in no queue.
  private var running: Reference<Entry>?
  /// The vCPU that runs got no end: what it ran over its slice took nothing from anybody.
  private var isUntimed = false

  /// Where a vCPU goes that wakes.
  public enum WakeRule: Sendable {
    /// To the tail, as in the textbook.
    case queue
    /// Before those in their ordinary turn, as long as it has a rest of its slice.
    case preempt
  }

  /// A policy for `capacity` vCPUs with slices of `slice` ticks, where a change of vCPU takes up to `overhead` ticks.
  public init<Provider: StorageProvider & ~Copyable>(
    capacity: Int, slice: UInt64, overhead: UInt64 = 0, rule: WakeRule = .preempt, in provider: inout Provider
  ) throws(OutOfMemory) {
    precondition(slice > 0 && slice < 1 << 48 && capacity >= 0 && capacity < 1 << 15)
    let full = Int64(slice)
    entries = try provider.storage(of: Entry.self, count: capacity) { Entry(number: $0, rest: full) }
    self.slice = full
    overdraft = 0 &- full / 2
    leftover = Int64(min(overhead, slice / 8))
    self.rule = rule
  }

  /// The name in system files.
  public static var name: StaticString { "round-robin" }

  /// Takes every set without reservations: nobody is promised anything.
  public static func admit(_ set: borrowing TaskSet) throws(AdmissionRefusal) {
    try set.checkSlice()
    try set.checkCount()
    try set.checkNoReservations()
  }

  /// The policy for an admitted set, with the short way for vCPUs that wake.
  public init<Provider: StorageProvider & ~Copyable>(
    _ set: borrowing TaskSet, in provider: inout Provider
  ) throws(OutOfMemory) {
    try self.init(
      capacity: set.tasks.count, slice: set.cpu.slice, overhead: set.cpu.switchOverhead, in: &provider)
  }
}

extension RoundRobin {
  /// What is known of one vCPU.
  private struct Entry {
    /// Where the vCPU is.
    enum Place {
      case absent
      case blocked
      case ordinary
      case woken
      case running
    }

    let number: Int
    /// Ticks left of the slice; negative where the vCPU ran over it.
    var rest: Int64
    /// Its neighbours in the queue that it is in.
    var next: Reference<Entry>?
    var previous: Reference<Entry>?
    var blockedSince = Instant(ticks: 0)
    var place = Place.absent
    /// The vCPU runs by the short way until it blocks or its slice is used up.
    var isWoken = false

    init(number: Int, rest: Int64) {
      self.number = number
      self.rest = rest
    }
  }

  /// A first-in first-out queue of vCPUs by what is known of them: `ReadyQueue` without the numbers, which would have to be
  /// looked up one after the other at each change of vCPU.
  private struct Turn {
    private(set) var head: Reference<Entry>?
    private var tail: Reference<Entry>?

    var isEmpty: Bool { head == nil }

    /// Puts `entry` at the back.
    @inline(__always)
    mutating func append(_ entry: Reference<Entry>) {
      entry.value.next = nil
      entry.value.previous = tail
      if let tail { tail.value.next = entry } else { head = entry }
      tail = entry
    }

    /// Puts `entry` at the front.
    mutating func prepend(_ entry: Reference<Entry>) {
      entry.value.next = head
      entry.value.previous = nil
      if let head { head.value.previous = entry } else { tail = entry }
      head = entry
    }

    /// Takes out `entry`, which is in this queue.
    mutating func remove(_ entry: Reference<Entry>) {
      let (next, previous) = (entry.value.next, entry.value.previous)
      if let previous { previous.value.next = next } else { head = next }
      if let next { next.value.previous = previous } else { tail = previous }
    }

    /// Takes out the one at the front.
    @inline(__always)
    mutating func popFirst() -> Reference<Entry>? {
      guard let first = head else { return nil }
      head = first.value.next
      if let next = first.value.next { next.value.previous = nil } else { tail = nil }
      return first
    }
  }

  /// Puts a vCPU that starts at the tail, and one that wakes where the rule says.
  public mutating func ready(_ vcpu: Int, at now: Instant) {
    let entry = entries.reference(to: vcpu)
    switch entry.value.place {
    case .ordinary, .woken, .running: return
    case .absent: enqueue(entry)
    case .blocked:
      let count = UInt64(truncatingIfNeeded: entries.count)
      let slept = min(now.ticks(since: entry.value.blockedSince), UInt64(slice) &* count)
      entry.value.rest = min(entry.value.rest &+ Int64(slept / count), slice)
      // Who comes through the tail gets a whole slice.
      if rule == .queue { entry.value.rest = min(entry.value.rest, 0) }
      guard entry.value.rest > 0 else { return enqueue(entry) }
      entry.value.place = .woken
      entry.value.isWoken = true
      woken.append(entry)
    }
  }

  /// Takes `vcpu` out of the queues and keeps the rest of its slice.
  public mutating func block(_ vcpu: Int, at now: Instant) {
    let entry = entries.reference(to: vcpu)
    guard entry.value.place != .absent && entry.value.place != .blocked else { return }
    takeOut(entry)
    entry.value.place = .blocked
    entry.value.blockedSince = now
  }

  /// Sends `vcpu` to the tail. The rest of its slice is given up.
  public mutating func yield(_ vcpu: Int, at now: Instant) {
    let entry = entries.reference(to: vcpu)
    guard entry.value.place != .absent && entry.value.place != .blocked else { return }
    takeOut(entry)
    entry.value.rest = min(entry.value.rest, 0)
    enqueue(entry)
  }

  /// Takes `vcpu` out and forgets it.
  public mutating func remove(_ vcpu: Int, at now: Instant) {
    takeOut(entries.reference(to: vcpu))
    entries[vcpu] = Entry(number: vcpu, rest: slice)
  }

  /// Takes `ticks` from the slice. What a vCPU ran over it is taken from its next one, up to half of that, so that long
  /// exits do not lengthen its share; but not where nobody else was there to run.
  @inline(__always)
  public mutating func charge(_ vcpu: Int, ran ticks: UInt64) {
    let entry = entries.reference(to: vcpu)
    guard entry.value.place != .absent else { return }
    let rest = entry.value.rest &- Int64(truncatingIfNeeded: min(ticks, 1 << 50))
    entry.value.rest = max(rest, isUntimed ? 0 : overdraft)
  }

  /// Keeps the vCPU that runs, unless its slice is used up or another has woken; else takes the next one in turn.
  public mutating func pick(at now: Instant) -> Decision {
    if let running { reconsider(running) }
    if running == nil { running = next() }
    guard let chosen = running else { return .idle(until: .never) }
    chosen.value.place = .running
    isUntimed = woken.isEmpty && ordinary.isEmpty
    let rest = UInt64(truncatingIfNeeded: max(chosen.value.rest, 1))
    return .run(vcpu: chosen.value.number, until: isUntimed ? .never : now.advanced(by: rest))
  }

  /// Puts the vCPU that runs back into a queue, where another has a better right to the CPU now.
  @inline(__always)
  private mutating func reconsider(_ entry: Reference<Entry>) {
    if entry.value.rest <= (isUntimed ? 0 : leftover) {
      running = nil
      enqueue(entry)
    } else if !woken.isEmpty && !entry.value.isWoken {
      running = nil
      entry.value.place = .ordinary
      ordinary.prepend(entry)
    }
  }

  /// Takes the next vCPU out of the queues. A used-up slice is filled here, when the ordinary turn has come.
  @inline(__always)
  private mutating func next() -> Reference<Entry>? {
    if let entry = woken.popFirst() { return entry }
    guard let entry = ordinary.popFirst() else { return nil }
    if entry.value.rest <= leftover { entry.value.rest &+= slice }
    return entry
  }

  @inline(__always)
  private mutating func enqueue(_ entry: Reference<Entry>) {
    entry.value.place = .ordinary
    entry.value.isWoken = false
    ordinary.append(entry)
  }

  private mutating func takeOut(_ entry: Reference<Entry>) {
    switch entry.value.place {
    case .absent, .blocked: break
    case .ordinary: ordinary.remove(entry)
    case .woken: woken.remove(entry)
    case .running: running = nil
    }
  }
}
