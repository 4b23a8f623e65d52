internal import ArmRegisters

/// A physical PL011 (DDI 0183G), or what the SBSA keeps of one: there the registers that set it up ignore writes.
public struct PL011Port: UARTDriver {
  private let base: UInt

  /// The port whose registers are mapped at `base`.
  public init(base: UInt) { self.base = base }

  private enum Register {
    static let data: UInt = 0x00
    static let flags: UInt = 0x18
    static let lineControl: UInt = 0x2c
    static let control: UInt = 0x30
    static let interruptMask: UInt = 0x38
    static let interruptClear: UInt = 0x44
  }

  private static let receiveInterrupts: UInt32 = 1 << 4 | 1 << 6
  private static let transmitInterrupt: UInt32 = 1 << 5

  func initialize() {
    device_store32(base + Register.interruptClear, 0x7ff)
    // FIFOs and 8-bit characters.
    device_store32(base + Register.lineControl, device_load32(base + Register.lineControl) | 0b111 << 4)
    device_store32(base + Register.control, 1 << 0 | 1 << 8 | 1 << 9)
    device_store32(base + Register.interruptMask, Self.receiveInterrupts)
  }

  var transmitRoom: Int { device_load32(base + Register.flags) & 1 << 5 == 0 ? 1 : 0 }

  func transmit(_ byte: UInt8) { device_store32(base + Register.data, UInt32(byte)) }

  func setTransmitInterrupt(_ isOn: Bool) {
    device_store32(
      base + Register.interruptMask, isOn ? Self.receiveInterrupts | Self.transmitInterrupt : Self.receiveInterrupts)
  }

  func receive() -> UInt8? {
    guard device_load32(base + Register.flags) & 1 << 4 == 0 else { return nil }
    return UInt8(truncatingIfNeeded: device_load32(base + Register.data))
  }
}
