public import Architecture

/// The PrimeCell real-time clock (PL031, DDI 0224) as a guest sees it: it runs from the start, as firmware would have left
/// it, and its alarm is checked whenever its owner tells it the time.
public struct PL031: Device {
  /// The clock at second zero of the owner's time.
  private let secondsAtStart: UInt32
  /// Clock minus owner's seconds, modulo 2³².
  private var offset: UInt32
  /// The owner's seconds when they were last told.
  private var seconds: UInt64 = 0
  private var match: UInt32 = 0
  private var load: UInt32 = 0
  private var isAlarmRaised = false
  private var isAlarmUnmasked = false

  /// A clock that shows `secondsAtStart` (since 1970) at second zero of its owner's time.
  public init(secondsAtStart: UInt32 = 0) {
    self.secondsAtStart = secondsAtStart
    offset = secondsAtStart
  }

  /// Puts the registers back to what reset leaves. The clock goes back to its owner's time.
  public mutating func reset() {
    let now = seconds
    self = PL031(secondsAtStart: secondsAtStart)
    seconds = now
  }

  /// Tells the clock its owner's time: whole seconds that never go back (counter ticks divided by their frequency).
  /// Call it before each access and when an alarm is due. Raises the alarm if the clock reached the match value.
  public mutating func advance(toSeconds now: UInt64) {
    guard now > seconds else { return }
    let passed = now &- seconds
    if passed >= secondsToMatch { isAlarmRaised = true }
    seconds = now
  }

  /// True while RTCINTR is up.
  public var interruptLine: Bool { isAlarmRaised && isAlarmUnmasked }

  /// The owner's second at which the line will rise, or nil where it will not rise by waiting.
  public var alarmSeconds: UInt64? {
    guard isAlarmUnmasked && !isAlarmRaised else { return nil }
    return seconds &+ secondsToMatch
  }

  /// Answers a load (DDI 0224 table 3-1).
  public mutating func read(offset: UInt32, width: AccessWidth) -> DeviceAnswer {
    guard PrimeCell.takes(offset: offset, width: width) else { return .unhandled }
    let value: UInt32
    switch offset {
    case Register.data: value = clock
    case Register.match: value = match
    case Register.load: value = load
    case Register.control: value = 1
    case Register.interruptMask: value = isAlarmUnmasked ? 1 : 0
    case Register.rawInterrupt: value = isAlarmRaised ? 1 : 0
    case Register.maskedInterrupt: value = interruptLine ? 1 : 0
    case Register.interruptClear: value = 0
    default:
      guard let byte = PL031.identity.identification(at: offset) else { return .unhandled }
      value = byte
    }
    return .handled(UInt64(value))
  }

  /// Answers a store. RTCCR cannot stop a clock that runs, and any value stored to RTCICR clears
  /// the interrupt (DDI 0224 §2.1).
  public mutating func write(_ value: UInt64, offset: UInt32, width: AccessWidth) -> DeviceAnswer {
    guard PrimeCell.takes(offset: offset, width: width) else { return .unhandled }
    let word = UInt32(truncatingIfNeeded: value & width.mask)
    switch offset {
    case Register.match:
      match = word
      if clock == match { isAlarmRaised = true }
    case Register.load:
      load = word
      self.offset = word &- UInt32(truncatingIfNeeded: seconds)
      if clock == match { isAlarmRaised = true }
    case Register.interruptMask: isAlarmUnmasked = word & 1 != 0
    case Register.interruptClear: isAlarmRaised = false
    case Register.data, Register.control, Register.rawInterrupt, Register.maskedInterrupt: break
    default: return PL031.identity.identification(at: offset) == nil ? .unhandled : .done
    }
    return .done
  }
}

extension PL031 {
  /// Offsets of the registers.
  private enum Register {
    static var data: UInt32 { 0x00 }
    static var match: UInt32 { 0x04 }
    static var load: UInt32 { 0x08 }
    static var control: UInt32 { 0x0c }
    static var interruptMask: UInt32 { 0x10 }
    static var rawInterrupt: UInt32 { 0x14 }
    static var maskedInterrupt: UInt32 { 0x18 }
    static var interruptClear: UInt32 { 0x1c }
  }

  /// Part 0x031 by Arm, revision 1.
  private static var identity: PrimeCell { PrimeCell(peripheral: 0x0014_1031) }

  /// RTCDR: the clock at the time that was last told.
  private var clock: UInt32 { UInt32(truncatingIfNeeded: seconds) &+ offset }

  /// Seconds until the clock comes to the match value, 1 to 2³².
  private var secondsToMatch: UInt64 { UInt64(match &- clock &- 1) &+ 1 }
}
