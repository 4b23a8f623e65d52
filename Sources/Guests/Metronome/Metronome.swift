internal import GuestEntry
internal import GuestSupport

/// The ticking itself: an absolute series of deadlines on the virtual timer.
struct Metronome {
  /// Counter ticks between deadlines.
  var period: UInt64 = 1
  private var deadline: UInt64 = 0
  /// Since the last report.
  private(set) var window = Lateness()
  /// Since the start, or the last reset.
  private(set) var total = Lateness()

  /// Arms the first deadline, one period from now.
  mutating func start(period: UInt64) {
    self.period = period
    deadline = Counter.now &+ period
    Timer.virtual.arm(at: deadline)
  }

  /// The timer's interrupt: notes how late it is, and arms the next deadline of the series that is still ahead.
  mutating func tick(now: UInt64) {
    // Before its time it is somebody else's interrupt, and no reason to move the series.
    guard now &- deadline < 1 << 63 else {
      window.recordEarly()
      total.recordEarly()
      return
    }
    let late = now &- deadline
    let missed = late / period
    window.record(late, missed: missed)
    total.record(late, missed: missed)
    deadline &+= (missed &+ 1) &* period
    Timer.virtual.compareValue = deadline
  }

  /// The window's figures, and a new window.
  mutating func takeWindow() -> Lateness {
    defer { window = Lateness() }
    return window
  }

  /// Forgets all figures.
  mutating func forget() {
    window = Lateness()
    total = Lateness()
  }
}

/// Shared with the interrupt handler: touched with interrupts masked only.
nonisolated(unsafe) var metronome = Metronome()

@c(guest_interrupt)
func handleInterrupt(number: UInt32) {
  let now = Counter.now
  switch number {
  case VirtMachine.virtualTimerInterrupt: unsafe metronome.tick(now: now)
  case VirtMachine.uartInterrupt: obeyInput()
  default: break
  }
}
