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

  /// The ticks' lines from `top` to `bottom`, and labels with the unit below.
  public func element(top: Double, bottom: Double, label: String = "time") -> Element {
    let unit = unit
    let ticks = scale.ticks(max(4, Int((scale.end - scale.start) / 90)))
    var children: [Element] = []
    for tick in ticks {
      children.append(.line(x1: scale(tick), y1: top, x2: scale(tick), y2: bottom, style: "grid"))
      let text = Self.label(tick / unit.nanoseconds)
      children.append(.text(text, x: scale(tick), y: bottom + 16, anchor: .middle, style: "muted small"))
    }
    children.append(.line(x1: scale.start, y1: bottom, x2: scale.end, y2: bottom, style: "axis"))
    let middle = (scale.start + scale.end) / 2
    children.append(.text("\(label) in \(unit.name)", x: middle, y: bottom + 34, anchor: .middle, style: "muted"))
    return .group("time-axis", children)
  }

  /// How much room the labels need below `bottom`.
  public static var height: Double { 40 }

  /// A number with as many decimals as it has, up to six.
  static func label(_ value: Double) -> String {
    var text = String(format: "%.6f", value)
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text == "-0" ? "0" : text
  }
}
