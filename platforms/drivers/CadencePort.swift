internal import ArmRegisters

/// Cadence's UART, which Xilinx' Zynq chips have (UG1087, module UART).
public struct CadencePort: UARTDriver {
  private let base: UInt

  /// The port whose registers are mapped at `base`.
  public init(base: UInt) { self.base = base }

  private enum Register {
    static let control: UInt = 0x00
    static let interruptEnable: UInt = 0x08
    static let interruptDisable: UInt = 0x0c
    static let interruptStatus: UInt = 0x14
    static let receiveTrigger: UInt = 0x20
    static let status: UInt = 0x2c
    static let data: UInt = 0x30
  }

  private static let receiveInterrupt: UInt32 = 1 << 0
  private static let transmitInterrupt: UInt32 = 1 << 3

  func initialize() {
    // RXEN and TXEN, without the bits that turn them off.
    device_store32(base + Register.control, 1 << 2 | 1 << 4)
    device_store32(base + Register.receiveTrigger, 1)
    device_store32(base + Register.interruptDisable, 0x1fff)
    device_store32(base + Register.interruptStatus, 0x1fff)
    device_store32(base + Register.interruptEnable, Self.receiveInterrupt)
  }

  var transmitRoom: Int { device_load32(base + Register.status) & 1 << 4 == 0 ? 1 : 0 }

  func transmit(_ byte: UInt8) { device_store32(base + Register.data, UInt32(byte)) }

  func setTransmitInterrupt(_ isOn: Bool) {
    device_store32(base + (isOn ? Register.interruptEnable : Register.interruptDisable), Self.transmitInterrupt)
  }

  /// The port remembers each interrupt until it is told to forget; done before the FIFOs are looked at, so that what comes
  /// meanwhile is not forgotten.
  func acknowledgeInterrupt() {
    device_store32(base + Register.interruptStatus, Self.receiveInterrupt | Self.transmitInterrupt)
  }

  func receive() -> UInt8? {
    guard device_load32(base + Register.status) & 1 << 1 == 0 else { return nil }
    return UInt8(truncatingIfNeeded: device_load32(base + Register.data))
  }
}
