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
  private let links: Storage<QueueLink>
  private let slice: Int64
  /// A rest of a slice that is not worth another timer interrupt: a change of vCPU, which nobody's slice is charged with, lets
  /// the timer come that much too early.
  private let leftover: Int64
  private let rule: WakeRule
  private var ordinary = ReadyQueue()
  private var woken = ReadyQueue()
  /// The vCPU that was picked last and is still ready, or -1. It is in no queue.
  private var running: Int = -1
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
    let entries = try provider.storage(of: Entry.self, count: capacity) { _ in Entry(rest: full) }
    let links = try provider.storage(of: QueueLink.self, count: capacity) { _ in QueueLink() }
    self.entries = entries
    self.links = links
    self.slice = full
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
  struct Entry {
    /// Where the vCPU is.
    enum Place {
      case absent
      case blocked
      case ordinary
      case woken
      case running
    }

    var place = Place.absent
    /// The vCPU runs by the short way until it blocks or its slice is used up.
    var isWoken = false
    /// Ticks left of the slice; negative where the vCPU ran over it.
    var rest: Int64
    var blockedSince = Instant(ticks: 0)
  }

  /// Puts a vCPU that starts at the tail, and one that wakes where the rule says.
  public mutating func ready(_ vcpu: Int, at now: Instant) {
    switch entries[vcpu].place {
    case .ordinary, .woken, .running: return
    case .absent: enqueue(vcpu)
    case .blocked:
      let count = UInt64(truncatingIfNeeded: entries.count)
      let slept = min(now.ticks(since: entries[vcpu].blockedSince), UInt64(slice) &* count)
      entries[vcpu].rest = min(entries[vcpu].rest &+ Int64(slept / count), slice)
      // Who comes through the tail gets a whole slice.
      if rule == .queue { entries[vcpu].rest = min(entries[vcpu].rest, 0) }
      guard entries[vcpu].rest > 0 else { return enqueue(vcpu) }
      entries[vcpu].place = .woken
      entries[vcpu].isWoken = true
      woken.append(vcpu, links)
    }
  }

  /// Takes `vcpu` out of the queues and keeps the rest of its slice.
  public mutating func block(_ vcpu: Int, at now: Instant) {
    guard entries[vcpu].place != .absent && entries[vcpu].place != .blocked else { return }
    takeOut(vcpu)
    entries[vcpu].place = .blocked
    entries[vcpu].blockedSince = now
  }

  /// Sends `vcpu` to the tail. The rest of its slice is given up.
  public mutating func yield(_ vcpu: Int, at now: Instant) {
    guard entries[vcpu].place != .absent && entries[vcpu].place != .blocked else { return }
    takeOut(vcpu)
    entries[vcpu].rest = min(entries[vcpu].rest, 0)
    enqueue(vcpu)
  }

  /// Takes `vcpu` out and forgets it.
  public mutating func remove(_ vcpu: Int, at now: Instant) {
    takeOut(vcpu)
    entries[vcpu] = Entry(rest: slice)
  }

  /// Takes `ticks` from the slice. What a vCPU ran over it is taken from its next one, up to half of that, so that long
  /// exits do not lengthen its share; but not where nobody else was there to run.
  public mutating func charge(_ vcpu: Int, ran ticks: UInt64) {
    guard entries[vcpu].place != .absent else { return }
    let least = isUntimed ? 0 : 0 &- slice / 2
    let rest = entries[vcpu].rest &- Int64(truncatingIfNeeded: min(ticks, 1 << 50))
    entries[vcpu].rest = max(rest, least)
  }

  /// Keeps the vCPU that runs, unless its slice is used up or another has woken; else takes the next one in turn.
  public mutating func pick(at now: Instant) -> Decision {
    if running >= 0 { reconsider(running) }
    if running < 0 { running = next() }
    guard running >= 0 else { return .idle(until: .never) }
    entries[running].place = .running
    isUntimed = woken.isEmpty && ordinary.isEmpty
    let rest = UInt64(truncatingIfNeeded: max(entries[running].rest, 1))
    return .run(vcpu: running, until: isUntimed ? .never : now.advanced(by: rest))
  }

  /// Puts the vCPU that runs back into a queue, where another has a better right to the CPU now.
  private mutating func reconsider(_ vcpu: Int) {
    if entries[vcpu].rest <= (isUntimed ? 0 : leftover) {
      running = -1
      enqueue(vcpu)
    } else if !woken.isEmpty && !entries[vcpu].isWoken {
      running = -1
      entries[vcpu].place = .ordinary
      ordinary.prepend(vcpu, links)
    }
  }

  /// Takes the next vCPU out of the queues, or -1. A used-up slice is filled here, when the ordinary turn has come.
  private mutating func next() -> Int {
    if let vcpu = woken.popFirst(links) { return vcpu }
    guard let vcpu = ordinary.popFirst(links) else { return -1 }
    if entries[vcpu].rest <= leftover { entries[vcpu].rest &+= slice }
    return vcpu
  }

  private mutating func enqueue(_ vcpu: Int) {
    entries[vcpu].place = .ordinary
    entries[vcpu].isWoken = false
    ordinary.append(vcpu, links)
  }

  private mutating func takeOut(_ vcpu: Int) {
    switch entries[vcpu].place {
    case .absent, .blocked: break
    case .ordinary: ordinary.remove(vcpu, links)
    case .woken: woken.remove(vcpu, links)
    case .running: running = -1
    }
  }
}
