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

  /// Where boards and emulators that are known have their first one, for when there is no tree to tell: QEMU's virt, Arm's Versatile
  /// Express and models, Juno, the Raspberry Pi 4, 2 and 3, QEMU's sbsa-ref, Versal.
  public static let knownPlaces: [7 of UInt64] = [
    0x900_0000, 0x1c09_0000, 0x7ff8_0000, 0xfe20_1000, 0x3f20_1000, 0x6000_0000, 0xff00_0000,
  ]

  /// True where the registers that `load` reads, by their offsets, name a PL011 (UARTPeriphID0 and 1, UARTPCellID0 to 3).
  public static func isThere(by load: (UInt) -> UInt32) -> Bool {
    let identity: [6 of UInt32] = [0x11, 0x10, 0x0d, 0xf0, 0x05, 0xb1]
    let offsets: [6 of UInt] = [0xfe0, 0xfe4, 0xff0, 0xff4, 0xff8, 0xffc]
    for index in offsets.indices where load(offsets[index]) & 0xff != identity[index] { return false }
    return true
  }

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
