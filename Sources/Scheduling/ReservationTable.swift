internal import Architecture

/// The reservations of one CPU's vCPUs, whatever the order in which a policy runs those that can: who has budget, who
/// waits for it, and who pays for switches.
struct ReservationTable: ~Copyable {
  /// By vCPU, those without a reservation too.
  private let servers: Storage<ReservationServer>
  /// Those that could run if they had budget, by the instant at which it comes back.
  private var throttled: DeadlineQueue
  private let switchOverhead: UInt64
  /// The vCPU that was picked last, or -1.
  private(set) var running = -1
  /// What the one that runs may still run at the cost of the one that had preempted it.
  private var allowance: UInt64 = 0
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
    switchOverhead = overhead
  }

  func isReserved(_ vcpu: Int) -> Bool { servers[vcpu].isReserved }

  /// When what `vcpu` may use now has to be used up.
  func deadline(of vcpu: Int) -> Instant { servers[vcpu].absoluteDeadline }

  /// Until when `vcpu` has budget if it runs from now on.
  func end(of vcpu: Int, from now: Instant) -> Instant {
    !servers[vcpu].isReserved ? .never : now.advanced(by: servers[vcpu].remaining &+ allowance)
  }

  /// When the next one of the throttled has its budget again.
  var nextRelease: Instant { throttled.earliest }

  func throttleCount(of vcpu: Int) -> UInt32 { servers[vcpu].throttleCount }

  /// `vcpu` has work to do. False where it has to wait for its budget.
  mutating func wake(_ vcpu: Int, at now: Instant) -> Bool {
    guard servers[vcpu].isReserved else { return true }
    servers[vcpu].wake(at: now)
    return activate(vcpu, at: now)
  }

  /// `vcpu` gives up the deadline that it has for the one that it would have if it woke now. False where it has to wait.
  mutating func yield(_ vcpu: Int, at now: Instant) -> Bool {
    guard servers[vcpu].isReserved else { return true }
    servers[vcpu].wake(at: now)
    return goOn(vcpu, at: now)
  }

  /// `vcpu` waits for its budget no more: it has no work.
  mutating func forget(_ vcpu: Int) { throttled.remove(vcpu) }

  /// `vcpu` was stopped: what it ran is nobody's.
  mutating func remove(_ vcpu: Int) {
    throttled.remove(vcpu)
    if running == vcpu { running = -1 }
  }

  /// One of those that can run again because their budget has come back.
  mutating func nextReleased(at now: Instant) -> Int? {
    while throttled.earliest <= now, let vcpu = throttled.first {
      throttled.remove(vcpu)
      if activate(vcpu, at: now) { return vcpu }
    }
    return nil
  }

  /// Takes `ticks` from the budget of the one that runs. Who was preempted does not pay for being brought back: the one
  /// that preempted it has.
  mutating func charge(_ vcpu: Int, ran ticks: UInt64) {
    guard vcpu == running && servers[vcpu].isReserved else { return }
    let waived = min(allowance, ticks)
    allowance &-= waived
    if servers[vcpu].use(ticks &- waived) { isSpent = true }
  }

  /// The vCPU that ran, where it came to the end of a chunk since this was asked last. `goOn` is to be asked for it.
  mutating func takeSpent() -> Int? {
    guard isSpent else { return nil }
    isSpent = false
    return running >= 0 ? running : nil
  }

  /// `vcpu` has work left and a new first chunk. False where it has to wait for it.
  mutating func goOn(_ vcpu: Int, at now: Instant) -> Bool {
    // It pays itself for being brought back from here on: nobody preempted it.
    servers[vcpu].hasStarted = false
    if servers[vcpu].isReleased(at: now) { return true }
    throttle(vcpu)
    return false
  }

  /// The policy has decided that `vcpu` runs, or nobody (-1).
  mutating func run(_ vcpu: Int) {
    guard vcpu != running else { return }
    running = vcpu
    allowance = 0
    guard vcpu >= 0 && servers[vcpu].isReserved else { return }
    if servers[vcpu].hasStarted { allowance = switchOverhead }
    servers[vcpu].hasStarted = true
  }

  private mutating func activate(_ vcpu: Int, at now: Instant) -> Bool {
    if servers[vcpu].activate(at: now) { return true }
    throttle(vcpu)
    return false
  }

  private mutating func throttle(_ vcpu: Int) {
    servers[vcpu].throttleCount &+= 1
    throttled.set(vcpu, to: servers[vcpu].release)
  }
}
