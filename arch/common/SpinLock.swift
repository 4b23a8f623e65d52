internal import ArmRegisters
internal import Synchronization

/// A lock for a few dozen instructions, first come first served: who waits has the others' critical sections before it
/// and nothing else, so that the wait is bounded by their number.
///
/// Taken with interrupts masked, as all of the hypervisor runs. What it protects, and its place in the order of locks, is
/// said where it is declared.
public struct SpinLock: ~Copyable {
  private let nextTicket = Atomic<UInt32>(0)
  private let served = Atomic<UInt32>(0)
  /// The number of the CPU that holds it plus one, or 0: only that CPU may rely on it.
  private let holder = Atomic<UInt32>(0)

  /// A lock that nobody holds.
  public init() {}

  /// Waits for the lock and takes it for the CPU of that number.
  @inline(__always)
  public borrowing func acquire(by cpu: Int) {
    let ticket = nextTicket.wrappingAdd(1, ordering: .relaxed).oldValue
    if served.load(ordering: .acquiring) != ticket { wait(for: ticket) }
    holder.store(UInt32(truncatingIfNeeded: cpu) &+ 1, ordering: .relaxed)
  }

  @inline(never)
  private borrowing func wait(for ticket: UInt32) {
    while served.load(ordering: .acquiring) != ticket { spin_hint() }
  }

  /// Gives the lock to the next in line.
  @inline(__always)
  public borrowing func release() {
    holder.store(0, ordering: .relaxed)
    served.store(served.load(ordering: .relaxed) &+ 1, ordering: .releasing)
  }

  /// Gives the lock back if the CPU of that number holds it: for a CPU that failed in the middle of something.
  ///
  /// Says whether it did.
  @discardableResult
  public borrowing func releaseIfHeld(by cpu: Int) -> Bool {
    guard holder.load(ordering: .relaxed) == UInt32(truncatingIfNeeded: cpu) &+ 1 else { return false }
    release()
    return true
  }
}
