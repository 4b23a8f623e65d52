internal import GuestEntry
internal import GuestSupport

/// The instants for which a vCPU lies in wait: multiples of the period, and a phase, which may move.
private struct Instants {
  private let settings: Settings
  private let lead: UInt64
  private var offset: UInt64 = 0
  private(set) var next: UInt64 = 0

  init(_ settings: Settings, of timer: Timer) {
    self.settings = settings
    lead = timer == .virtual ? settings.time.lead : 0
    advance(timer.now)
  }

  /// On to the first instant that is far enough ahead to be asleep by then.
  mutating func advance(_ now: UInt64) {
    let phase = settings.phase &+ offset
    let from = now &+ lead &+ settings.period / 20 &- phase
    next = (from / settings.period &+ 1) &* settings.period &+ phase &- lead
    offset = settings.range == 0 ? 0 : (offset &+ settings.sweep) % settings.range
  }
}

/// Sleeps until each instant.
func lieInWait(as vcpu: VCPU, _ settings: Settings, _ timer: Timer) -> Never {
  vcpu.enable(timer.interrupt)
  var instants = Instants(settings, of: timer)
  while true {
    timer.arm(at: instants.next)
    while !timer.isDue { guest_wait_for_interrupt() }
    timer.stop()
    _ = InterruptController.current.drain(limit: 4)
    instants.advance(timer.now)
  }
}

/// Sleeps until each instant, at which both timers are due.
func lieInWaitTwice(as vcpu: VCPU, _ settings: Settings) -> Never {
  vcpu.enable(Timer.virtual.interrupt)
  vcpu.enable(Timer.physical.interrupt)
  var instants = Instants(settings, of: .virtual)
  while true {
    Timer.physical.arm(at: instants.next &+ settings.time.lead)
    Timer.virtual.arm(at: instants.next)
    while !Timer.virtual.isDue { guest_wait_for_interrupt() }
    Timer.virtual.stop()
    Timer.physical.stop()
    _ = InterruptController.current.drain(limit: 4)
    instants.advance(Timer.virtual.now)
  }
}

/// Is busy while its physical timer comes due at each instant.
func beDueWhileBusy(as vcpu: VCPU, _ settings: Settings) -> Never {
  let timer = Timer.physical
  vcpu.enable(timer.interrupt)
  var instants = Instants(settings, of: timer)
  while true {
    timer.arm(at: instants.next)
    while timer.now &- instants.next >= 1 << 63 {
      disturb_spin(50)
      guest_relax()
    }
    timer.stop()
    _ = InterruptController.current.drain(limit: 4)
    instants.advance(timer.now)
  }
}
