internal import Architecture

/// The reservations of one CPU's vCPUs, whatever the order in which a policy runs those that can: who has budget, and who
/// waits for it.
struct ReservationTable: ~Copyable {
  /// By vCPU, those without a reservation too.
  private let servers: Storage<ReservationServer>
  /// Those that could run if they had budget, by the instant at which it comes back.
  private var throttled: DeadlineQueue
  /// The vCPU that was picked last, or -1.
  private(set) var running = -1
  /// The vCPU that ran last: its registers are still there, or -1 where nobody's are worth anything.
  private var loaded = -1
  /// The one that runs came to the end of a chunk.
  private var isSpent = false

  init<Provider: StorageProvider & ~Copyable>(
    _ set: borrowing TaskSet, in provider: inout Provider
  ) throws(OutOfMemory) {
    let overhead = set.cpu.switchOverhead
    let tasks = set.tasks
    var reservedCount = 0
    for vcpu in tasks.indices where tasks[vcpu].reservation != nil { reservedCount += 1 }
    let capacity = ReservationServer.capacity
    let chunks = try provider.storage(of: ReservationServer.Chunk.self, count: reservedCount * capacity) { _ in
      ReservationServer.Chunk()
    }
    var next = 0
    let servers = try provider.storage(of: ReservationServer.self, count: tasks.count) {
      let base = next
      if tasks[$0].reservation != nil { next += capacity }
      return ReservationServer(tasks[$0].reservation, switchOverhead: overhead, chunks: chunks, base: base)
    }
    let throttled = try DeadlineQueue(capacity: tasks.count, in: &provider)
    self.servers = servers
    self.throttled = throttled
  }

  func isReserved(_ vcpu: Int) -> Bool { servers[vcpu].isReserved }

  /// When what `vcpu` may use now has to be used up.
  func deadline(of vcpu: Int) -> Instant { servers[vcpu].absoluteDeadline }

  /// Until when `vcpu` has budget if it runs from now on.
  func end(of vcpu: Int, from now: Instant) -> Instant {
    !servers[vcpu].isReserved ? .never : now.advanced(by: servers[vcpu].remaining)
  }

  /// When the next one of the throttled has its budget again.
  var nextRelease: Instant { throttled.earliest }

  func throttleCount(of vcpu: Int) -> UInt32 { servers[vcpu].throttleCount }

  /// `vcpu` has work to do, or goes on with another deadline: what it has of its budget is released now. False where it
  /// has to wait for its budget.
  mutating func wake(_ vcpu: Int, at now: Instant) -> Bool {
    guard servers[vcpu].isReserved else { return true }
    _ = takeSpent(vcpu)
    if servers[vcpu].wake(at: now) { return true }
    throttle(vcpu)
    return false
  }

  /// `vcpu` waits for its budget no more: it has no work.
  mutating func forget(_ vcpu: Int) { throttled.remove(vcpu) }

  /// `vcpu` was stopped: what it ran is nobody's.
  mutating func remove(_ vcpu: Int) {
    throttled.remove(vcpu)
    if running == vcpu { run(-1) }
    if loaded == vcpu { loaded = -1 }
  }

  /// One of those that can run again because their budget has come back.
  @inline(__always)
  mutating func nextReleased(at now: Instant) -> Int? {
    throttled.isEmpty ? nil : takeReleased(at: now)
  }

  @inline(never)
  private mutating func takeReleased(at now: Instant) -> Int? {
    while throttled.earliest <= now, let vcpu = throttled.first {
      throttled.remove(vcpu)
      if activate(vcpu, at: now) { return vcpu }
    }
    return nil
  }

  /// Takes `ticks` from the budget of the one that runs.
  mutating func charge(_ vcpu: Int, ran ticks: UInt64) {
    guard vcpu == running && servers[vcpu].isReserved else { return }
    if servers[vcpu].use(ticks) { isSpent = true }
  }

  /// Whether `vcpu` runs and came to the end of a chunk since this was asked last. If it has work left, it is to be
  /// activated again.
  mutating func takeSpent(_ vcpu: Int) -> Bool {
    guard isSpent && vcpu == running else { return false }
    isSpent = false
    return true
  }

  /// `vcpu` begins anew with its first chunk, and is to pay for that. False where it has to wait for it.
  mutating func activate(_ vcpu: Int, at now: Instant) -> Bool {
    guard servers[vcpu].isReserved else { return true }
    servers[vcpu].owes = true
    return goOn(vcpu, at: now)
  }

  /// `vcpu`, which has a reservation, goes on with its first chunk. False where it has to wait for it.
  mutating func goOn(_ vcpu: Int, at now: Instant) -> Bool {
    if servers[vcpu].activate(at: now) { return true }
    throttle(vcpu)
    return false
  }

  /// `vcpu` goes first, and pays for the switches where there are any. False where it has less budget than that: then it is
  /// to `goOn` with a later chunk.
  @inline(__always)
  mutating func begin(_ vcpu: Int, at now: Instant) -> Bool { servers[vcpu].owes ? pay(vcpu, at: now) : true }

  /// The policy has decided that `vcpu` runs, or nobody (-1).
  @inline(__always)
  mutating func run(_ vcpu: Int) {
    if vcpu != running { isSpent = false }
    running = vcpu
    if vcpu >= 0 { loaded = vcpu }
  }

  private mutating func pay(_ vcpu: Int, at now: Instant) -> Bool {
    guard loaded != vcpu && servers[vcpu].activationCost > 0 else {
      servers[vcpu].owes = false
      return true
    }
    return servers[vcpu].pay(at: now)
  }

  private mutating func throttle(_ vcpu: Int) {
    servers[vcpu].throttleCount &+= 1
    servers[vcpu].settle()
    throttled.set(vcpu, to: servers[vcpu].release)
  }
}
