public import Architecture

/// The PrimeCell UART (PL011 r1p5, DDI 0183G) as a guest sees it: transmission takes no time, reception is paced by whoever
/// feeds it, and the wire is never noisy.
///
/// It moves characters whether or not UARTCR enables it, because a guest's early console and small bare-metal programs
/// rely on firmware having enabled the UART before them, and here there is no firmware.
public struct PL011: Device {
  private var fifo = ReceiveFIFO()
  /// A character written and not yet taken by the caller.
  private var transmitted: UInt8?
  /// The line cannot keep up: the transmit FIFO is full (UARTFR.TXFF), and its interrupt waits until it is not.
  public var isTransmitterHeld = false {
    didSet {
      if oldValue && !isTransmitterHeld { rawInterrupts |= Interrupt.transmit }
      flags = flagsNow
    }
  }
  /// UARTFR, as the last change left it.
  private(set) var flags: UInt16 = PL011.flagsAtReset
  private var lastCharacter: UInt16 = 0
  private var receiveStatus: UInt16 = 0
  private var rawInterrupts: UInt16 = 0
  private var interruptMask: UInt16 = 0
  private var control: UInt16 = PL011.controlAtReset
  private var lineControl: UInt16 = 0
  private var fifoLevels: UInt16 = PL011.fifoLevelsAtReset
  private var integerBaudRate: UInt16 = 0
  private var fractionalBaudRate: UInt16 = 0
  private var lowPowerCounter: UInt16 = 0
  private var dmaControl: UInt16 = 0

  /// A UART as it is after reset.
  public init() {}

  /// Puts every register and the FIFO back to what reset leaves (DDI 0183G table 3-1).
  public mutating func reset() { self = PL011() }

  /// True while an interrupt is raised and not masked: UARTINTR, the OR of all (DDI 0183G §2.8).
  public var interruptLine: Bool { rawInterrupts & interruptMask != 0 }

  /// True while the receiver listens to the wire, which it does not in loopback, and has room for one more character.
  public var canReceive: Bool { hasRoom && !isLoopedBack }

  /// Takes a character from the wire. False means that it cannot now and that the caller keeps it, so that no input is
  /// lost however slow the guest is.
  public mutating func receive(_ byte: UInt8) -> Bool {
    guard canReceive else { return false }
    store(byte)
    flags = flagsNow
    return true
  }

  /// Hands over what the last store to UARTDR sent, once. One access sends one character at most, so a caller that asks
  /// after each access misses none.
  public mutating func takeTransmitted() -> UInt8? {
    defer { transmitted = nil }
    return transmitted
  }

  /// Answers a load. Registers are those of DDI 0183G table 3-1; reserved offsets are unhandled.
  public mutating func read(offset: UInt32, width: AccessWidth) -> DeviceAnswer {
    guard PrimeCell.takes(offset: offset, width: width) else { return .unhandled }
    guard let register = Register(rawValue: offset) else {
      guard let byte = PL011.identity.identification(at: offset) else { return .unhandled }
      return .handled(UInt64(byte))
    }
    defer { if register == .data { flags = flagsNow } }
    return .handled(UInt64(value(of: register)))
  }

  /// Answers a store. Stores to read-only registers are ignored; reserved offsets are unhandled.
  public mutating func write(_ value: UInt64, offset: UInt32, width: AccessWidth) -> DeviceAnswer {
    guard PrimeCell.takes(offset: offset, width: width) else { return .unhandled }
    guard let register = Register(rawValue: offset) else {
      return PL011.identity.identification(at: offset) == nil ? .unhandled : .done
    }
    set(register, to: UInt16(truncatingIfNeeded: value & width.mask))
    flags = flagsNow
    return .done
  }
}

extension PL011 {
  /// The registers by their offsets.
  private enum Register: UInt32 {
    case data = 0x00
    case receiveStatus = 0x04
    case flags = 0x18
    case lowPowerCounter = 0x20
    case integerBaudRate = 0x24
    case fractionalBaudRate = 0x28
    case lineControl = 0x2c
    case control = 0x30
    case fifoLevels = 0x34
    case interruptMask = 0x38
    case rawInterrupts = 0x3c
    case maskedInterrupts = 0x40
    case interruptClear = 0x44
    case dmaControl = 0x48
  }

  /// Part 0x011 by Arm, revision 3: the revision whose FIFOs are 32 deep, which drivers conclude from it.
  private static var identity: PrimeCell { PrimeCell(peripheral: 0x0034_1011) }
  /// Where UARTFR is.
  static var flagsOffset: UInt64 { UInt64(Register.flags.rawValue) }
  /// Nothing to send (TXFE), nothing received (RXFE), and a terminal that is there (DCD, DSR, CTS).
  private static var flagsAtReset: UInt16 { 1 << 7 | 1 << 4 | 0b111 }
  private static var controlAtReset: UInt16 { 0x300 }
  private static var fifoLevelsAtReset: UInt16 { 0x12 }

  private mutating func value(of register: Register) -> UInt16 {
    switch register {
    case .data: takeReceived()
    case .receiveStatus: receiveStatus
    case .flags: flags
    case .lowPowerCounter: lowPowerCounter
    case .integerBaudRate: integerBaudRate
    case .fractionalBaudRate: fractionalBaudRate
    case .lineControl: lineControl
    case .control: control
    case .fifoLevels: fifoLevels
    case .interruptMask: interruptMask
    case .rawInterrupts: rawInterrupts
    case .maskedInterrupts: rawInterrupts & interruptMask
    case .interruptClear: 0
    case .dmaControl: dmaControl
    }
  }

  private mutating func set(_ register: Register, to value: UInt16) {
    switch register {
    case .data: transmit(UInt8(truncatingIfNeeded: value))
    case .receiveStatus: receiveStatus = 0
    case .flags, .rawInterrupts, .maskedInterrupts: break
    case .lowPowerCounter: lowPowerCounter = value & 0xff
    case .integerBaudRate: integerBaudRate = value
    case .fractionalBaudRate: fractionalBaudRate = value & 0x3f
    case .lineControl: changeTrigger { $0.setLineControl(value & 0xff) }
    case .control: setControl(value)
    case .fifoLevels: changeTrigger { $0.fifoLevels = value & 0x3f }
    case .interruptMask: interruptMask = value & 0x7ff
    case .interruptClear: rawInterrupts &= ~value
    case .dmaControl: dmaControl = value & 7
    }
  }
}

/// Interrupt bits of UARTRIS, UARTMIS, UARTIMSC and UARTICR.
private enum Interrupt {
  static var ringIndicator: UInt16 { 1 << 0 }
  static var clearToSend: UInt16 { 1 << 1 }
  static var carrierDetect: UInt16 { 1 << 2 }
  static var dataSetReady: UInt16 { 1 << 3 }
  static var receive: UInt16 { 1 << 4 }
  static var transmit: UInt16 { 1 << 5 }
  static var receiveTimeout: UInt16 { 1 << 6 }
  static var breakCondition: UInt16 { 1 << 9 }
  static var overrun: UInt16 { 1 << 10 }
}

extension PL011 {
  /// How many characters the receiver holds: 32, or one while UARTLCR_H.FEN is 0.
  private var capacity: UInt8 { lineControl & 1 << 4 != 0 ? 32 : 1 }

  private var hasRoom: Bool { fifo.count < capacity }

  /// The level that raises the receive interrupt: an eighth, a quarter, a half, three quarters or seven eighths of the
  /// FIFO by UARTIFLS.RXIFLSEL (DDI 0183G §3.3.9); reserved values act as the highest.
  private var receiveTrigger: UInt8 {
    guard capacity > 1 else { return 1 }
    switch fifoLevels &>> 3 & 7 {
    case 0: return 4
    case 1: return 8
    case 2: return 16
    case 3: return 24
    default: return 28
    }
  }

  private var isLoopedBack: Bool { control & 1 << 7 != 0 }

  /// UARTFR: the transmitter is empty (TXFE) and never busy, unless it is held: then it is full (TXFF) and busy.
  private var flagsNow: UInt16 {
    (isTransmitterHeld ? 1 << 5 | 1 << 3 : 1 << 7) | (fifo.count == 0 ? 1 << 4 : 0) | (hasRoom ? 0 : 1 << 6)
      | modemFlags
  }

  /// The modem inputs as UARTFR shows them. A terminal is always there and ready; in loopback they are the UART's own
  /// outputs: RTS gives CTS, DTR gives DSR, Out1 gives DCD, Out2 gives RI (DDI 0183G §2.4.7).
  private var modemFlags: UInt16 {
    guard isLoopedBack else { return 0b111 }
    return (control &>> 11 & 1) | (control &>> 10 & 1) &<< 1 | (control &>> 12 & 1) &<< 2 | (control &>> 13 & 1) &<< 8
  }

  /// The transmit FIFO passes through every trigger level at once, because the character is gone at once: the transmit
  /// interrupt rises after each character, and not before the first (DDI 0183G §2.8.3).
  private mutating func transmit(_ byte: UInt8) {
    if !isTransmitterHeld { rawInterrupts |= Interrupt.transmit }
    guard isLoopedBack else {
      transmitted = byte
      return
    }
    loopBack(byte)
  }

  /// A character goes round; one that finds no room is lost, and its loss is an overrun (DDI 0183G §3.3.2, §2.8.6).
  private mutating func loopBack(_ byte: UInt8, errors: UInt16 = 0) {
    guard hasRoom else {
      fifo.lose()
      receiveStatus |= 1 << 3
      rawInterrupts |= Interrupt.overrun
      return
    }
    store(byte, errors: errors)
  }

  /// A store to UARTLCR_H. A break (BRK) that begins while the line is looped back comes in as one character of zero with
  /// the break error, however long it lasts (DDI 0183G §3.3.1, §3.3.7); on the line outside nobody would see it.
  private mutating func setLineControl(_ value: UInt16) {
    let hasBegun = value & ~lineControl & 1 != 0
    lineControl = value
    guard hasBegun && isLoopedBack else { return }
    loopBack(0, errors: ReceiveFIFO.breakCondition)
    rawInterrupts |= Interrupt.breakCondition
  }

  /// Makes a change after which another count of characters may raise the receive interrupt: the level that waiting
  /// characters already reach raises it at once (DDI 0183G §2.8.2).
  private mutating func changeTrigger(_ change: (inout PL011) -> Void) {
    let wasReached = fifo.count >= receiveTrigger
    change(&self)
    let isReached = fifo.count >= receiveTrigger
    if isReached && !wasReached { rawInterrupts |= Interrupt.receive }
    if wasReached && !isReached { rawInterrupts &= ~Interrupt.receive }
  }

  /// A character arrives. The 32 bit periods of silence that the receive timeout waits for are over at once: what comes
  /// next may come much later, and Linux waits for this interrupt while the FIFO is below its trigger level.
  private mutating func store(_ byte: UInt8, errors: UInt16 = 0) {
    fifo.push(byte, errors: errors)
    rawInterrupts |= Interrupt.receiveTimeout
    if fifo.count >= receiveTrigger { rawInterrupts |= Interrupt.receive }
  }

  /// A load of UARTDR: interrupts fall as the FIFO empties (DDI 0183G §2.8.2, §2.8.4). While characters remain the
  /// timeout rises again even where the guest has cleared it, so that no character can be stranded.
  private mutating func takeReceived() -> UInt16 {
    guard let entry = fifo.pop() else { return lastCharacter }
    lastCharacter = entry
    receiveStatus = receiveStatus & 1 << 3 | entry &>> 8
    if fifo.count < receiveTrigger { rawInterrupts &= ~Interrupt.receive }
    if fifo.count == 0 {
      rawInterrupts &= ~Interrupt.receiveTimeout
    } else {
      rawInterrupts |= Interrupt.receiveTimeout
    }
    return entry
  }

  /// A store to UARTCR; a modem input that changes with it raises its interrupt.
  private mutating func setControl(_ value: UInt16) {
    let before = modemFlags
    control = value & 0xff87
    let changed = before ^ modemFlags
    if changed & 1 << 0 != 0 { rawInterrupts |= Interrupt.clearToSend }
    if changed & 1 << 1 != 0 { rawInterrupts |= Interrupt.dataSetReady }
    if changed & 1 << 2 != 0 { rawInterrupts |= Interrupt.carrierDetect }
    if changed & 1 << 8 != 0 { rawInterrupts |= Interrupt.ringIndicator }
  }
}
