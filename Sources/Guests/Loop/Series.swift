internal import GuestSupport

/// The count, the extremes and the mean of a series of figures.
struct Series {
  private(set) var count: UInt64 = 0
  private(set) var least: UInt64 = .max
  private(set) var most: UInt64 = 0
  private var sum: UInt64 = 0

  mutating func add(_ value: UInt64) {
    count &+= 1
    least = min(least, value)
    most = max(most, value)
    sum &+= value
  }

  /// ` NAME-least=… NAME-mean=… NAME-most=…`.
  func write(_ name: StaticString) {
    write(name, "-least=", count == 0 ? 0 : least)
    write(name, "-mean=", count == 0 ? 0 : sum / count)
    write(name, "-most=", most)
  }

  private func write(_ name: StaticString, _ what: StaticString, _ value: UInt64) {
    console.write(UInt8(ascii: " "))
    console.write(name)
    console.write(what)
    console.write(decimal: value)
  }
}

/// ` NAME=…`.
func write(_ name: StaticString, _ value: UInt64) {
  console.write(UInt8(ascii: " "))
  console.write(name)
  console.write(UInt8(ascii: "="))
  console.write(decimal: value)
}
