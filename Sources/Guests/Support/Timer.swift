internal import GuestEntry

/// The generic timer's counter and its frequency.
public enum Counter {
  /// Ticks a second. CNTFRQ_EL0 is software's to set: zero is answered with QEMU's 62.5 MHz so that nothing divides by it.
  public static var frequency: UInt64 {
    let value = guest_read_cntfrq() & 0xffff_ffff
    return value == 0 ? 62_500_000 : value
  }

  /// The virtual counter.
  public static var now: UInt64 { guest_virtual_count() }

  /// `ticks` in nanoseconds, rounded down.
  public static func nanoseconds(_ ticks: UInt64) -> UInt64 {
    let frequency = Self.frequency
    return ticks / frequency &* 1_000_000_000 &+ ticks % frequency &* 1_000_000_000 / frequency
  }

  /// Spins for `ticks` of the virtual counter.
  public static func spin(_ ticks: UInt64) {
    let start = now
    while now &- start < ticks { guest_relax() }
  }
}

/// One of the two timers that EL1 has.
public enum Timer: Sendable {
  case virtual
  case physical

  /// Its private interrupt.
  public var interrupt: UInt32 {
    self == .virtual ? VirtMachine.virtualTimerInterrupt : VirtMachine.physicalTimerInterrupt
  }

  /// The counter that it compares with.
  public var now: UInt64 { self == .virtual ? guest_virtual_count() : guest_physical_count() }

  /// CTL: ENABLE, IMASK, ISTATUS from bit 0.
  public var control: UInt64 {
    get { self == .virtual ? guest_read_cntv_ctl() : guest_read_cntp_ctl() }
    nonmutating set { if self == .virtual { guest_write_cntv_ctl(newValue) } else { guest_write_cntp_ctl(newValue) } }
  }

  /// CVAL: the counter's value from which the condition holds.
  public var compareValue: UInt64 {
    get { self == .virtual ? guest_read_cntv_cval() : guest_read_cntp_cval() }
    nonmutating set { if self == .virtual { guest_write_cntv_cval(newValue) } else { guest_write_cntp_cval(newValue) } }
  }

  /// TVAL: the signed 32-bit distance from now.
  public var timerValue: UInt64 {
    get { self == .virtual ? guest_read_cntv_tval() : guest_read_cntp_tval() }
    nonmutating set { if self == .virtual { guest_write_cntv_tval(newValue) } else { guest_write_cntp_tval(newValue) } }
  }

  /// True while enabled and due.
  public var isDue: Bool { control & 5 == 5 }

  /// Interrupts from `deadline` on.
  public func arm(at deadline: UInt64) {
    compareValue = deadline
    control = 1
  }

  /// No interrupt.
  public func stop() { control = 0 }
}
