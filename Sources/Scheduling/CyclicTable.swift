public import Architecture

/// A table of windows that repeats in each major frame, as in ARINC 653: a vCPU runs in its own windows and nowhere else.
///
/// What one vCPU does changes nothing for the others, not even when they sleep: in a window whose vCPU waits, and between
/// windows, the CPU idles. Time is partitioned by the clock, so that nothing is charged, and a window that was entered
/// late ends when it ends.
///
/// Cost: a constant for each event and pick.
public struct CyclicTable: SchedulingPolicy, ~Copyable {
  private let windows: Storage<CyclicWindow>
  private let isReady: Storage<Bool>
  private let majorFrame: UInt64
  /// When the frame that `index` belongs to started.
  private var start: Instant
  /// The first window that has not ended; the count of windows where all of this frame's have.
  private var index = 0
  /// The vCPU whose window it was when that was asked last, or -1 between windows.
  private var owner = -1

  /// The policy for an admitted set.
  public init<Provider: StorageProvider & ~Copyable>(
    _ set: borrowing TaskSet, in provider: inout Provider
  ) throws(OutOfMemory) {
    let table = set.windows
    let windows = try provider.storage(of: CyclicWindow.self, count: table.count) { table[$0] }
    let isReady = try provider.storage(of: Bool.self, count: set.tasks.count) { _ in false }
    self.windows = windows
    self.isReady = isReady
    majorFrame = set.cpu.majorFrame
    start = set.cpu.epoch
    precondition(majorFrame > 0)
  }

  /// The name in system files.
  public static var name: StaticString { "cyclic" }

  /// Takes a table whose windows are in order, apart and inside the frame, and in which each vCPU has one.
  public static func admit(_ set: borrowing TaskSet) throws(AdmissionRefusal) {
    try set.checkCount()
    try set.checkNoReservations()
    try set.checkWindows()
  }
}

extension CyclicTable {
  /// The vCPU runs in its windows from now on.
  public mutating func ready(_ vcpu: Int, at now: Instant) { isReady[vcpu] = true }

  /// The vCPU's windows are idle from now on.
  public mutating func block(_ vcpu: Int, at now: Instant) { isReady[vcpu] = false }

  /// Nobody else could run.
  public mutating func yield(_ vcpu: Int, at now: Instant) {}

  /// The vCPU's windows are idle from now on.
  public mutating func remove(_ vcpu: Int, at now: Instant) { isReady[vcpu] = false }

  /// The clock decides, not what was used.
  public mutating func charge(_ vcpu: Int, ran ticks: UInt64) {}

  /// The vCPU whose window it is, or nobody, until the window ends or the next one begins.
  public mutating func pick(at now: Instant) -> Decision {
    // Before the epoch nobody's time has come.
    owner = -1
    guard now >= start else { return .idle(until: start) }
    let offset = advance(to: now)
    guard index < windows.count else { return .idle(until: start.advanced(by: majorFrame)) }
    let window = windows[index]
    guard offset >= window.offset else { return .idle(until: start.advanced(by: window.offset)) }
    let end = start.advanced(by: window.offset &+ window.length)
    guard let vcpu = window.vcpu else { return .idle(until: end) }
    owner = vcpu
    return isReady[vcpu] ? .run(vcpu: vcpu, until: end) : .idle(until: end)
  }

  /// Itself: what one does changes nothing for the others.
  public func audience(of vcpu: Int) -> Audience { Audience(vcpu..<vcpu &+ 1) }

  /// The vCPU whose window it is, and between windows nobody.
  public var idleAudience: Audience { owner < 0 ? .nobody : audience(of: owner) }

  /// Finds the frame and the window of `now`, and gives the ticks since the frame started.
  private mutating func advance(to now: Instant) -> UInt64 {
    var offset = now.ticks(since: start)
    if offset >= majorFrame {
      // A division only where the CPU was not asked for a whole frame: on ARMv7 it is a long subroutine.
      offset = offset &- majorFrame < majorFrame ? offset &- majorFrame : offset % majorFrame
      start = Instant(ticks: now.ticks &- offset)
      index = 0
    }
    while index < windows.count && offset &- windows[index].offset >= windows[index].length
      && offset >= windows[index].offset
    {
      index += 1
    }
    return offset
  }
}
