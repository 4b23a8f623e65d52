internal import ArmRegisters

/// The UART of NXP's i.MX chips (i.MX 8M Plus Reference Manual, chapter UART).
public struct IMXPort: UARTDriver {
  private let base: UInt

  /// The port whose registers are mapped at `base`.
  public init(base: UInt) { self.base = base }

  private enum Register {
    static let received: UInt = 0x00
    static let transmitted: UInt = 0x40
    static let control1: UInt = 0x80
    static let control2: UInt = 0x84
    static let control3: UInt = 0x88
    static let control4: UInt = 0x8c
    static let fifoControl: UInt = 0x90
    static let status2: UInt = 0x98
    static let test: UInt = 0xb4
  }

  private enum Control1 {
    static let isEnabled: UInt32 = 1 << 0
    static let receiveInterrupt: UInt32 = 1 << 9
    static let transmitInterrupt: UInt32 = 1 << 13
  }

  func initialize() {
    // Every other reason for an interrupt off; the pins' multiplexers and levels beside them stay.
    device_store32(base + Register.control3, device_load32(base + Register.control3) & ~0x3879)
    device_store32(base + Register.control4, device_load32(base + Register.control4) & ~0x018f)
    // SRST (1 is no reset), RXEN, TXEN, WS (8 bits), and IRTS: nobody waits for a modem's line.
    let control2 = device_load32(base + Register.control2) & ~(1 << 3 | 1 << 4)
    device_store32(base + Register.control2, control2 | 1 << 0 | 1 << 1 | 1 << 2 | 1 << 5 | 1 << 14)
    // An interrupt as soon as one byte was received.
    device_store32(base + Register.fifoControl, device_load32(base + Register.fifoControl) & ~0x3f | 1)
    device_store32(base + Register.control1, Control1.isEnabled | Control1.receiveInterrupt)
  }

  var transmitRoom: Int { device_load32(base + Register.test) & 1 << 4 == 0 ? 1 : 0 }

  func transmit(_ byte: UInt8) { device_store32(base + Register.transmitted, UInt32(byte)) }

  func setTransmitInterrupt(_ isOn: Bool) {
    let control = Control1.isEnabled | Control1.receiveInterrupt
    device_store32(base + Register.control1, isOn ? control | Control1.transmitInterrupt : control)
  }

  func receive() -> UInt8? {
    guard device_load32(base + Register.status2) & 1 << 0 != 0 else { return nil }
    return UInt8(truncatingIfNeeded: device_load32(base + Register.received))
  }
}
