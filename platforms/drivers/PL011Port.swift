internal import ArmRegisters

/// A physical PL011 as the hypervisor's console (DDI 0183G). The speed and format stay as the firmware set them.
public struct PL011Port: Sendable {
  private let base: UInt

  /// The port whose registers are mapped at `base`.
  public init(base: UInt) { self.base = base }

  /// The `compatible` string that this driver serves.
  public static var compatible: StaticString { "arm,pl011" }

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

  /// Turns the port on, with its FIFOs and 8-bit characters, and received characters as interrupts.
  public func initialize() {
    device_store32(base + Register.interruptClear, 0x7ff)
    device_store32(base + Register.lineControl, device_load32(base + Register.lineControl) | 0b111 << 4)
    device_store32(base + Register.control, 1 << 0 | 1 << 8 | 1 << 9)
    device_store32(base + Register.interruptMask, Self.receiveInterrupts)
  }

  /// True where another byte can be written now.
  public var canTransmit: Bool { device_load32(base + Register.flags) & 1 << 5 == 0 }

  /// Writes a byte, for which there must be room.
  public func transmit(_ byte: UInt8) { device_store32(base + Register.data, UInt32(byte)) }

  /// Asks for an interrupt when there is room again, or no longer.
  public func setTransmitInterrupt(_ isOn: Bool) {
    device_store32(
      base + Register.interruptMask, isOn ? Self.receiveInterrupts | Self.transmitInterrupt : Self.receiveInterrupts)
  }

  /// The next byte received, or nil.
  public func receive() -> UInt8? {
    guard device_load32(base + Register.flags) & 1 << 4 == 0 else { return nil }
    return UInt8(truncatingIfNeeded: device_load32(base + Register.data))
  }
}
