/// A UART as the hypervisor's console. Drivers leave the speed and the format as the firmware set them.
protocol UARTDriver: Sendable {
  /// Turns the port on, with received characters as interrupts.
  func initialize()

  /// How many bytes can be written now: 0 where the FIFO is full, else as many as are sure to fit.
  var transmitRoom: Int { get }

  /// Writes a byte, for which there must be room.
  func transmit(_ byte: UInt8)

  /// Asks for an interrupt when there is room again, or no longer.
  func setTransmitInterrupt(_ isOn: Bool)

  /// An interrupt of the port is about to be served: forgets that it came, where the port remembers.
  func acknowledgeInterrupt()

  /// The next byte received, or nil.
  func receive() -> UInt8?
}

extension UARTDriver {
  /// Most ports hold their line up for as long as there is a reason, and remember nothing.
  func acknowledgeInterrupt() {}
}
