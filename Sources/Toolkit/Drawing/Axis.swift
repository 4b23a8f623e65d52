internal import Foundation

/// Turns values into pixels, in proportion.
public struct Scale: Sendable {
  /// The values from the first pixel to the last.
  public var values: ClosedRange<Double>
  /// The first pixel, where the least value is. Higher values may be at lower pixels.
  public var start: Double
  /// The last pixel.
  public var end: Double

  /// A scale of values and pixels.
  public init(_ values: ClosedRange<Double>, from start: Double, to end: Double) {
    self.values = values
    self.start = start
    self.end = end
  }

  /// Where a value is.
  public func callAsFunction(_ value: Double) -> Double {
    let extent = values.upperBound - values.lowerBound
    return extent > 0 ? start + (value - values.lowerBound) / extent * (end - start) : start
  }

  /// Round values, one, two or five times a power of ten apart, about `count` of them.
  public func ticks(_ count: Int) -> [Double] {
    let step = step(count)
    guard step > 0 else { return [values.lowerBound] }
    let first = (values.lowerBound / step - 1e-9).rounded(.up)
    let last = (values.upperBound / step + 1e-9).rounded(.down)
    return first <= last ? stride(from: first, through: last, by: 1).map { $0 * step } : []
  }

  private func step(_ count: Int) -> Double {
    let raw = (values.upperBound - values.lowerBound) / Double(max(count, 1))
    guard raw > 0 else { return 0 }
    let power = pow(10, floor(log10(raw)))
    let factor = [1, 2, 5, 10].first { Double($0) * power >= raw * 0.999 } ?? 10
    return Double(factor) * power
  }
}

/// A time in nanoseconds along the horizontal, in the unit that suits it.
public struct TimeAxis: Sendable {
  /// From nanoseconds to pixels.
  public var scale: Scale

  /// An axis on a scale.
  public init(_ scale: Scale) { self.scale = scale }

  /// The unit of the labels.
  public var unit: (name: String, nanoseconds: Double) {
    let longest = scale.values.upperBound
    return [("s", 1e9), ("ms", 1e6), ("us", 1e3)].first { longest >= $0.1 } ?? ("ns", 1)
  }

  /// Lines at the ticks from `top` to `bottom`, to lie under what is drawn there.
  public func grid(top: Double, bottom: Double) -> Element {
    .group("grid-lines", ticks.map { .line(x1: scale($0), y1: top, x2: scale($0), y2: bottom, style: "grid") })
  }

  /// The axis itself at `y`, and the ticks' labels with the unit below it.
  public func element(at y: Double, label: String = "time") -> Element {
    let unit = unit
    var children: [Element] = [.line(x1: scale.start, y1: y, x2: scale.end, y2: y, style: "axis")]
    for tick in ticks {
      let text = Self.label(tick / unit.nanoseconds)
      children.append(.line(x1: scale(tick), y1: y, x2: scale(tick), y2: y + 4, style: "axis"))
      children.append(.text(text, x: scale(tick), y: y + 17, anchor: .middle, style: "muted small"))
    }
    let middle = (scale.start + scale.end) / 2
    children.append(.text("\(label) in \(unit.name)", x: middle, y: y + 34, anchor: .middle, style: "muted"))
    return .group("time-axis", children)
  }

  private var ticks: [Double] { scale.ticks(max(4, Int((scale.end - scale.start) / 90))) }

  /// How much room the labels need below the axis.
  public static var height: Double { 40 }

  /// A number with as many decimals as it has, up to six.
  static func label(_ value: Double) -> String {
    var text = String(format: "%.6f", value)
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text == "-0" ? "0" : text
  }
}

/// A number of things along the vertical, by powers of ten: one is seen beside a million. Nothing has no height.
public struct CountAxis: Sendable {
  /// The next power of ten above the greatest number.
  private let top: Double
  /// From logarithms to pixels; the lower end is half of one thing.
  private let scale: Scale

  /// An axis for numbers up to `greatest`, from `bottom` up to `top`.
  public init(greatest: UInt64, bottom: Double, top: Double) {
    let power = max(1, ceil(log10(Double(max(greatest, 1))) + 1e-9))
    self.top = pow(10, power)
    scale = Scale(log10(0.5)...power, from: bottom, to: top)
  }

  /// Where a number is.
  public func callAsFunction(_ count: UInt64) -> Double { count == 0 ? scale.start : scale(log10(Double(count))) }

  /// Lines at the powers of ten from `left` to `right`, with their numbers at the left.
  public func element(left: Double, right: Double) -> Element {
    var children: [Element] = []
    var (power, step) = (1.0, scale.values.upperBound > 4 ? 100.0 : 10.0)
    if scale.values.upperBound > 8 { step = 1000 }
    while power <= top {
      let y = scale(log10(power))
      children.append(.line(x1: left, y1: y, x2: right, y2: y, style: "grid"))
      children.append(.text(Self.label(power), x: left - 6, y: y + 4, anchor: .end, style: "muted small"))
      power *= step
    }
    return .group("count-axis", children)
  }

  /// A power of ten in few characters.
  private static func label(_ value: Double) -> String {
    if value >= 1e9 { return "\(Int(value / 1e9))G" }
    if value >= 1e6 { return "\(Int(value / 1e6))M" }
    return value >= 1e3 ? "\(Int(value / 1e3))k" : "\(Int(value))"
  }
}
