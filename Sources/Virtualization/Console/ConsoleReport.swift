public import Architecture

// The hypervisor's own messages: literals, and the few things that a literal cannot hold.

extension ConsoleMultiplexer {
  /// Shows the name of VM `vm` in the hypervisor's own message.
  public mutating func reportName(of vm: Int, to sink: inout some ByteSink & ~Copyable) {
    for index in 0..<lines[vm].name.count { report(lines[vm].name[index], to: &sink) }
  }

  /// Shows `value` in hexadecimal in the hypervisor's own message.
  public mutating func report(hexadecimal value: UInt64, to sink: inout some ByteSink & ~Copyable) {
    var shift = max(0, (63 - value.leadingZeroBitCount) / 4 * 4)
    report("0x", to: &sink)
    while shift >= 0 {
      let digit = UInt8(truncatingIfNeeded: value &>> UInt64(shift)) & 15
      report(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10, to: &sink)
      shift -= 4
    }
  }
}
