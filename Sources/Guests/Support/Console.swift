internal import GuestEntry

/// The PL011 as a polled console (Arm DDI 0183).
public struct Console: Sendable {
  private enum Register {
    static let data: UInt64 = 0x00
    static let flags: UInt64 = 0x18
    static let lineControl: UInt64 = 0x2c
    static let control: UInt64 = 0x30
    static let interruptMask: UInt64 = 0x38
    static let interruptClear: UInt64 = 0x44
  }

  private var registers: RegisterBlock { RegisterBlock(VirtMachine.uart) }

  /// The console of the machine.
  public init() {}

  /// Enables the UART: 8 bits, FIFOs on, no interrupt.
  public func start() {
    registers[Register.control] = 0
    registers[Register.interruptMask] = 0
    registers[Register.interruptClear] = 0x7ff
    registers[Register.lineControl] = 0x70
    registers[Register.control] = 0x301
  }

  /// Lets the UART interrupt for received bytes: at the FIFO's level, and after its timeout.
  public func interruptOnInput() { registers[Register.interruptMask] = 0x50 }

  /// The next received byte, if there is one; reading the last one ends the interrupt.
  public func read() -> UInt8? {
    guard registers[Register.flags] & 0x10 == 0 else {
      registers[Register.interruptClear] = 0x50
      return nil
    }
    return UInt8(truncatingIfNeeded: registers[Register.data])
  }

  /// Writes one byte when the transmit FIFO has room.
  public func write(_ byte: UInt8) {
    while registers[Register.flags] & 0x20 != 0 { guest_relax() }
    registers[Register.data] = UInt32(byte)
  }

  /// Writes a literal; a line feed gets its carriage return.
  public func write(_ text: StaticString) {
    let start = unsafe text.utf8Start
    for index in 0..<text.utf8CodeUnitCount {
      let byte = unsafe start[index]
      if byte == UInt8(ascii: "\n") { write(UInt8(ascii: "\r")) }
      write(byte)
    }
  }

  /// Writes `value` in decimal.
  public func write(decimal value: UInt64) {
    var divisor: UInt64 = 1
    while value / divisor >= 10 { divisor &*= 10 }
    while divisor > 0 {
      write(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value / divisor % 10))
      divisor /= 10
    }
  }

  /// Writes `value` in hexadecimal after `0x`, without leading zeros.
  public func write(hexadecimal value: UInt64) {
    write("0x")
    var digits = max(1, (67 &- value.leadingZeroBitCount) / 4)
    while digits > 0 {
      digits &-= 1
      let nibble = UInt8(truncatingIfNeeded: value &>> UInt64(digits &* 4)) & 15
      write(nibble < 10 ? UInt8(ascii: "0") &+ nibble : UInt8(ascii: "a") &+ nibble &- 10)
    }
  }
}

/// The console that every guest writes to.
public let console = Console()
