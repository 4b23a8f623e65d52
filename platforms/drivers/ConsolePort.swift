/// The host's UART that the console is at, whichever the device tree named.
public enum ConsolePort: Sendable {
  case pl011(PL011Port)
  case ns16550(NS16550Port)
  case cadence(CadencePort)
  case imx(IMXPort)
  case layout(LayoutPort)
}

// What the console does with it.

extension ConsolePort {
  /// Turns the port on, with received characters as interrupts.
  public func initialize() {
    switch self {
    case .pl011(let port): port.initialize()
    case .ns16550(let port): port.initialize()
    case .cadence(let port): port.initialize()
    case .imx(let port): port.initialize()
    case .layout(let port): port.initialize()
    }
  }

  /// How many bytes can be written now: 0 where the FIFO is full, else as many as are sure to fit.
  public var transmitRoom: Int {
    switch self {
    case .pl011(let port): port.transmitRoom
    case .ns16550(let port): port.transmitRoom
    case .cadence(let port): port.transmitRoom
    case .imx(let port): port.transmitRoom
    case .layout(let port): port.transmitRoom
    }
  }

  /// Writes a byte, for which there must be room.
  public func transmit(_ byte: UInt8) {
    switch self {
    case .pl011(let port): port.transmit(byte)
    case .ns16550(let port): port.transmit(byte)
    case .cadence(let port): port.transmit(byte)
    case .imx(let port): port.transmit(byte)
    case .layout(let port): port.transmit(byte)
    }
  }

  /// Asks for an interrupt when there is room again, or no longer.
  public func setTransmitInterrupt(_ isOn: Bool) {
    switch self {
    case .pl011(let port): port.setTransmitInterrupt(isOn)
    case .ns16550(let port): port.setTransmitInterrupt(isOn)
    case .cadence(let port): port.setTransmitInterrupt(isOn)
    case .imx(let port): port.setTransmitInterrupt(isOn)
    case .layout(let port): port.setTransmitInterrupt(isOn)
    }
  }

  /// An interrupt of the port is about to be served: forgets that it came, where the port remembers.
  public func acknowledgeInterrupt() {
    switch self {
    case .pl011(let port): port.acknowledgeInterrupt()
    case .ns16550(let port): port.acknowledgeInterrupt()
    case .cadence(let port): port.acknowledgeInterrupt()
    case .imx(let port): port.acknowledgeInterrupt()
    case .layout(let port): port.acknowledgeInterrupt()
    }
  }

  /// The next byte received, or nil.
  public func receive() -> UInt8? {
    switch self {
    case .pl011(let port): port.receive()
    case .ns16550(let port): port.receive()
    case .cadence(let port): port.receive()
    case .imx(let port): port.receive()
    case .layout(let port): port.receive()
    }
  }
}
