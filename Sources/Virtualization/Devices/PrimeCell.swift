import Architecture

/// What every Arm PrimeCell peripheral shares: eight identification bytes at the end of its 4 KiB window, one a word
/// (DDI 0183G §3.3.15 and §3.3.16), and registers that answer aligned accesses of up to a word.
struct PrimeCell {
  /// UARTPeriphID0 to 3, from the low byte up.
  var peripheral: UInt32

  /// UARTPCellID0 to 3, the same for every PrimeCell.
  private static var cell: UInt32 { 0xb105_f00d }

  /// The identification byte at `offset`, or nil where it is not in the identification area.
  func identification(at offset: UInt32) -> UInt32? {
    switch offset {
    case 0xfe0, 0xfe4, 0xfe8, 0xfec: peripheral &>> ((offset &- 0xfe0) &* 2) & 0xff
    case 0xff0, 0xff4, 0xff8, 0xffc: Self.cell &>> ((offset &- 0xff0) &* 2) & 0xff
    default: nil
    }
  }

  /// True where a PrimeCell on a 32-bit APB would take the access as one of a whole register.
  static func takes(offset: UInt32, width: AccessWidth) -> Bool { offset & 3 == 0 && width != .doubleword }
}
