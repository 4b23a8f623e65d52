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
  public mutating func write(decimal value: UInt64) { write(decimal: value, width: 1) }

  /// Writes `value` in decimal, with blanks before it up to `width` bytes.
  @inline(never)
  public mutating func write(decimal value: UInt64, width: Int) {
    var digits: [20 of UInt8] = .init(repeating: UInt8(ascii: " "))
    var first = 20
    // In pieces of nine digits: what divides 64 bits is a long subroutine on ARMv7.
    var rest = value
    repeat {
      let isLast = rest <= UInt64(UInt32.max)
      let upper = isLast ? 0 : rest / 1_000_000_000
      var piece = UInt32(truncatingIfNeeded: isLast ? rest : rest &- upper &* 1_000_000_000)
      var digitCount = 0
      while isLast ? (piece > 0 || first == 20) : digitCount < 9 {
        first &-= 1
        digits[first] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: piece % 10)
        piece /= 10
        digitCount &+= 1
      }
      rest = upper
    } while rest > 0
    for _ in 0..<max(width &- 20, 0) { write(UInt8(ascii: " ")) }
    write(digits.span.extracting(min(first, max(20 &- width, 0))..<20))
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
