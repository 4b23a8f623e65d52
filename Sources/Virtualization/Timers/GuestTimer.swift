public import Architecture

/// One generic timer of a vCPU: the EL1 physical timer that is trapped and emulated, or the saved registers of the EL1
/// virtual timer. `offset` is what the guest's counter lags behind the system counter: zero for the physical timer,
/// CNTVOFF_EL2 for the virtual one.
public struct GuestTimer: Equatable, Sendable {
  /// CNTx_CTL_EL0 without ISTATUS: ENABLE in bit 0, IMASK in bit 1.
  @usableFromInline var enableAndMask: UInt64
  /// CNTx_CVAL_EL0, in ticks of the guest's counter.
  public var compareValue: UInt64
  /// What the guest's counter lags behind the system counter, in ticks modulo 2⁶⁴.
  public var offset: UInt64

  /// A timer with registers as given; all zero, as after reset, where none are.
  @inlinable public init(control: UInt64 = 0, compareValue: UInt64 = 0, offset: UInt64 = 0) {
    enableAndMask = control & 3
    self.compareValue = compareValue
    self.offset = offset
  }

  /// The guest's counter at `now`.
  @inlinable public func counter(at now: Instant) -> UInt64 { now.ticks &- offset }

  /// True where the timer condition is met: (Counter − Offset) − CompareValue ≥ 0 with all three unsigned and 64 bits
  /// wide, so a compare value near 2⁶⁴ is simply far away (DDI 0487, D11.2.4.1).
  @inlinable public func isConditionMet(at now: Instant) -> Bool { counter(at: now) >= compareValue }

  /// The level of the timer's interrupt: enabled, not masked, and the condition is met.
  @inlinable public func line(at now: Instant) -> Bool { isArmed && isConditionMet(at: now) }

  /// The first instant at which the line is up, or `never` where only the guest can change that.
  @inlinable public var deadline: Instant {
    guard isArmed else { return .never }
    guard Int64(bitPattern: offset) < 0 else { return Instant(ticks: compareValue).advanced(by: offset) }
    let lead = 0 &- offset
    return Instant(ticks: compareValue > lead ? compareValue &- lead : 0)
  }

  /// True where the timer is enabled and its interrupt is not masked.
  @inlinable public var isArmed: Bool { enableAndMask == 1 }

  /// What a load of CNTx_CTL_EL0 gives. ISTATUS (bit 2) is shown while the timer is enabled.
  @inlinable public func control(at now: Instant) -> UInt64 {
    enableAndMask | (enableAndMask & 1 != 0 && isConditionMet(at: now) ? 4 : 0)
  }

  /// A store to CNTx_CTL_EL0. ISTATUS is read-only.
  @inlinable public mutating func setControl(_ value: UInt64) { enableAndMask = value & 3 }

  /// What a load of CNTx_TVAL_EL0 gives: the low 32 bits of compare value minus counter (DDI 0487, D11.2.4.2).
  @inlinable public func timerValue(at now: Instant) -> UInt64 { (compareValue &- counter(at: now)) & 0xffff_ffff }

  /// A store to CNTx_TVAL_EL0: the compare value becomes the counter plus the sign-extended low 32 bits.
  @inlinable public mutating func setTimerValue(_ value: UInt64, at now: Instant) {
    let ticks = Int64(Int32(truncatingIfNeeded: value))
    compareValue = counter(at: now) &+ UInt64(bitPattern: ticks)
  }
}

/// The registers of one generic timer.
public enum TimerRegister: Sendable {
  case control
  case compareValue
  case timerValue
}

extension GuestTimer {
  /// What a load of `register` gives at `now`.
  @inlinable public func read(_ register: TimerRegister, at now: Instant) -> UInt64 {
    switch register {
    case .control: control(at: now)
    case .compareValue: compareValue
    case .timerValue: timerValue(at: now)
    }
  }

  /// A store of `value` to `register` at `now`. The line and the deadline may have changed after it.
  @inlinable public mutating func write(_ value: UInt64, to register: TimerRegister, at now: Instant) {
    switch register {
    case .control: setControl(value)
    case .compareValue: compareValue = value
    case .timerValue: setTimerValue(value, at: now)
    }
  }
}
