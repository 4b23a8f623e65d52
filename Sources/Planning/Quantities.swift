internal import Architecture

extension ByteSink where Self: ~Copyable {
  /// Writes a time in nanoseconds as "1.25 ms", "200 us" or "35 ns".
  mutating func write(time nanoseconds: UInt64) {
    if nanoseconds == .max {
      write("endless time")
    } else if nanoseconds >= 1_000_000 {
      write(nanoseconds, in: 1_000_000, " ms")
    } else if nanoseconds >= 1000 {
      write(nanoseconds, in: 1000, " us")
    } else {
      write(nanoseconds, in: 1, " ns")
    }
  }

  /// Writes a share as "98.4 %", rounded, but so that more than everything never reads as everything.
  mutating func write(partsPerMillion value: UInt64) {
    let tenths = value / 1000 + (value % 1000 < 500 ? 0 : 1)
    write(value > 1_000_000 ? max(tenths, 1001) : tenths, in: 10, " %")
  }

  /// Writes a number in a unit, a power of ten, with as many decimals as it needs.
  private mutating func write(_ value: UInt64, in unit: UInt64, _ name: StaticString) {
    write(decimal: value / unit)
    var (rest, place) = (value % unit, unit / 10)
    if rest > 0 { write(".") }
    while rest > 0 {
      write(decimal: rest / place)
      rest %= place
      place /= 10
    }
    write(name)
  }
}
