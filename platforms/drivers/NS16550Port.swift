internal import ArmRegisters

/// A UART of the 16550 family (TI TL16C550D §8), with its registers as far apart and as wide as the chip's makers chose:
/// Synopsys' DesignWare, the mini UART of the Raspberry Pi's chips (BCM2835 ARM Peripherals §2.2), and others.
public struct NS16550Port: UARTDriver {
  private let base: UInt
  private let shift: UInt
  private let width: UInt32
  private let depth: Int

  /// The port whose registers are mapped at `base`, 2 to the power of `shift` bytes apart, for accesses of `width` bytes. An
  /// empty FIFO takes `depth` bytes.
  public init(base: UInt, shift: UInt32, width: UInt32, depth: Int) {
    self.base = base
    self.shift = UInt(shift)
    self.width = width
    self.depth = depth
  }

  private enum Register: UInt {
    case data = 0
    case interruptEnable = 1
    case interruptIdentification = 2
    case lineStatus = 5
    case designWareStatus = 31
  }

  /// Received data, and line status, as Linux has them: the BCM2835's mini UART needs bit 2 to interrupt for what it receives, though
  /// its manual does not care (its errata, AUX_MU_IER_REG).
  private static let receiveInterrupt: UInt32 = 1 << 0 | 1 << 2
  private static let transmitInterrupt: UInt32 = 1 << 1

  func initialize() { store(.interruptEnable, Self.receiveInterrupt) }

  var transmitRoom: Int {
    guard load(.lineStatus) & 1 << 5 != 0 else { return 0 }
    guard depth > 1 else { return 1 }
    // Bits 7 and 6 say that the firmware turned the FIFOs on.
    return load(.interruptIdentification) & 0xc0 == 0xc0 ? depth : 1
  }

  func transmit(_ byte: UInt8) { store(.data, UInt32(byte)) }

  func setTransmitInterrupt(_ isOn: Bool) {
    store(.interruptEnable, isOn ? Self.receiveInterrupt | Self.transmitInterrupt : Self.receiveInterrupt)
  }

  func acknowledgeInterrupt() {
    switch load(.interruptIdentification) & 0xf {
    // DesignWare's times out with nothing to receive, now and then, until somebody reads all the same.
    case 0xc where load(.lineStatus) & 1 << 0 == 0: _ = load(.data)
    // An error on the line, which is over when it has been looked at.
    case 0x6: _ = load(.lineStatus)
    // DesignWare's again: a write met it busy.
    case 0x7: _ = load(.designWareStatus)
    default: break
    }
  }

  func receive() -> UInt8? {
    guard load(.lineStatus) & 1 << 0 != 0 else { return nil }
    return UInt8(truncatingIfNeeded: load(.data))
  }

  private func load(_ register: Register) -> UInt32 {
    let address = base + register.rawValue << shift
    switch width {
    case 1: return UInt32(device_load8(address))
    case 2: return UInt32(device_load16(address))
    default: return device_load32(address)
    }
  }

  private func store(_ register: Register, _ value: UInt32) {
    let address = base + register.rawValue << shift
    switch width {
    case 1: device_store8(address, UInt8(truncatingIfNeeded: value))
    case 2: device_store16(address, UInt16(truncatingIfNeeded: value))
    default: device_store32(address, value)
    }
  }
}
