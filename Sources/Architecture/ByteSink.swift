/// Takes text byte by byte: a UART, a console line, or a test's buffer.
public protocol ByteSink: ~Copyable {
  /// Takes one byte.
  mutating func write(_ byte: UInt8)
  /// Takes many bytes as they are.
  mutating func write(_ text: Span<UInt8>)
}

// Messages are many and none is on a guest's way: a call is smaller than a loop at each place.
extension ByteSink where Self: ~Copyable {
  /// Writes a literal.
  @inline(never)
  public mutating func write(_ text: StaticString) {
    let count = text.utf8CodeUnitCount
    let start = unsafe text.utf8Start
    for index in 0..<count { unsafe write(start[index]) }
  }

  /// One byte after the other, for who knows no better.
  @inline(never)
  public mutating func write(_ text: Span<UInt8>) {
    for index in text.indices { write(text[index]) }
  }

  /// Writes `value` in decimal.
  @inline(never)
  public mutating func write(decimal value: UInt64) {
    var divisor: UInt64 = 1
    while value / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      write(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
      divisor /= 10
    }
  }

  /// Writes `value` in decimal, with blanks before it up to `width` bytes.
  @inline(never)
  public mutating func write(decimal value: UInt64, width: Int) {
    var (digits, rest) = (1, value)
    while rest >= 10 { (digits, rest) = (digits &+ 1, rest / 10) }
    while digits < width {
      write(UInt8(ascii: " "))
      digits &+= 1
    }
    write(decimal: value)
  }

  /// Writes `value` in hexadecimal with `0x` before it and at least `digits` digits.
  @inline(never)
  public mutating func write(hexadecimal value: UInt64, digits: Int = 1) {
    write("0x")
    var remaining = max(digits, 1, (64 - value.leadingZeroBitCount + 3) / 4)
    while remaining > 0 {
      remaining -= 1
      let nibble = UInt8(truncatingIfNeeded: value >> UInt64(remaining &* 4)) & 15
      write(nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10)
    }
  }
}
