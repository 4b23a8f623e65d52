internal import Foundation

/// Numbers as people write them: `256MiB`, `1ms`, `0x4000_0000`.
public enum Units {
  /// A number in decimal or hexadecimal (`0x`), with `_` between digits as one likes; nil where it is none or too big.
  public static func number(_ text: String) -> UInt64? {
    let digits = text.filter { $0 != "_" }
    guard let first = text.first, first != "_", digits.first != "+" else { return nil }
    if digits.hasPrefix("0x") || digits.hasPrefix("0X") {
      let rest = digits.dropFirst(2)
      return rest.first == "+" || rest.first == "-" ? nil : UInt64(rest, radix: 16)
    }
    return UInt64(digits)
  }

  /// Bytes: a number with `KiB`, `MiB` or `GiB`, or a plain number of bytes.
  public static func size(_ text: String) -> UInt64? {
    scaled(text, by: [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1)]) ?? number(text)
  }

  /// Nanoseconds: a number with `ns`, `us`, `ms` or `s`; a plain `0` too.
  public static func duration(_ text: String) -> UInt64? {
    text == "0" ? 0 : scaled(text, by: [("ns", 1), ("us", 1000), ("ms", 1_000_000), ("s", 1_000_000_000)])
  }

  /// Hertz: a number with `Hz`, `kHz`, `MHz` or `GHz`.
  public static func frequency(_ text: String) -> UInt64? {
    scaled(text, by: [("kHz", 1000), ("MHz", 1_000_000), ("GHz", 1_000_000_000), ("Hz", 1)])
  }

  /// A size in the largest unit that leaves a whole number.
  public static func describe(size: UInt64) -> String {
    for (unit, factor) in [("GiB", UInt64(1) << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
    where size >= factor && size % factor == 0 {
      return "\(size / factor)\(unit)"
    }
    return "\(size)B"
  }

  /// A time in nanoseconds in the largest unit that leaves a whole number.
  public static func describe(time: UInt64) -> String {
    for (unit, factor) in [("s", UInt64(1_000_000_000)), ("ms", 1_000_000), ("us", 1000)]
    where time >= factor && time % factor == 0 {
      return "\(time / factor)\(unit)"
    }
    return "\(time)ns"
  }

  /// A measured time in nanoseconds with a unit and three digits, for people to read: `1.23ms`.
  public static func rounded(time: Double) -> String {
    for (unit, factor) in [("s", 1e9), ("ms", 1e6), ("us", 1e3)] where time >= factor * 0.9995 {
      return "\(digits(time / factor))\(unit)"
    }
    return "\(digits(time))ns"
  }

  /// A number with three digits, and without zeros at the end of its fraction.
  private static func digits(_ value: Double) -> String {
    let places = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
    var text = String(format: "%.\(places)f", value)
    if places > 0 {
      while text.last == "0" { text.removeLast() }
      if text.last == "." { text.removeLast() }
    }
    return text
  }

  private static func scaled(_ text: String, by units: [(suffix: String, factor: UInt64)]) -> UInt64? {
    guard let unit = units.first(where: { text.hasSuffix($0.suffix) }) else { return nil }
    var digits = text.dropLast(unit.suffix.count)
    while digits.last == " " { digits.removeLast() }
    guard !digits.hasPrefix("0x"), let count = number(String(digits)) else { return nil }
    let (product, overflow) = count.multipliedReportingOverflow(by: unit.factor)
    return overflow ? nil : product
  }
}

/// A number as `0x` and lower-case hexadecimal digits.
public func hexadecimal(_ value: UInt64, digits: Int = 1) -> String {
  let text = String(value, radix: 16)
  return "0x" + String(repeating: "0", count: max(0, digits - text.count)) + text
}
