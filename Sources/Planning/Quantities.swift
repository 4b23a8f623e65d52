internal import Architecture

extension ByteSink where Self: ~Copyable {
  /// Writes a time in nanoseconds as "1.25 ms", "200 us" or "35 ns".
  mutating func write(time nanoseconds: UInt64) {
    if nanoseconds == .max {
      write("endless time")
    } else if nanoseconds >= 1_000_000 {
      write(thousandths: nanoseconds / 1000)
      write(" ms")
    } else if nanoseconds >= 1000 {
      write(thousandths: nanoseconds)
      write(" us")
    } else {
      write(decimal: nanoseconds)
      write(" ns")
    }
  }

  /// Writes a share as "98.4 %", rounded up, so that more than everything never reads as everything.
  mutating func write(partsPerMillion value: UInt64) {
    let tenths = value / 1000 + (value % 1000 == 0 ? 0 : 1)
    write(thousandths: tenths > .max / 100 ? .max : tenths * 100)
    write(" %")
  }

  /// Writes a number of thousandths with as many decimals as it needs.
  private mutating func write(thousandths value: UInt64) {
    write(decimal: value / 1000)
    var rest = value % 1000
    guard rest > 0 else { return }
    write(".")
    var place: UInt64 = 100
    while rest > 0 {
      write(decimal: rest / place)
      rest %= place
      place /= 10
    }
  }
}
