internal import Foundation

/// Draws for each vCPU how long it took from a wake until it ran: a histogram by powers of two, on scales that all share.
public struct HistogramDrawing: Sendable {
  /// Those that woke: others have nothing to show.
  private let lines: [StatisticsLine]
  private let sleepers: [String]
  private let machines: [String]
  private let title: String

  private static let width = 1120.0
  private static let panelHeight = 190.0
  private static let gutter = 52.0

  /// A drawing of what a log says.
  public init(_ log: StatisticsLog, title: String) {
    lines = log.lines.filter { $0.wakeCount > 0 }
    sleepers = log.lines.filter { $0.wakeCount == 0 }.map(\.name)
    var machines: [String] = []
    for name in log.lines.map(\.machine) where !machines.contains(name) { machines.append(name) }
    self.machines = machines
    self.title = title
  }

  /// The picture.
  public var picture: Picture {
    let columns = lines.count > 2 ? 2 : 1
    var picture = Picture(
      width: Self.width, height: 0, title: title,
      subtitle: "from each wake of a vCPU until it ran; each bar counts up to twice as long times as the one before it")
    let panelWidth = (Self.width - 2 * Picture.margin) / Double(columns)
    for (index, line) in lines.enumerated() {
      let x = Picture.margin + panelWidth * Double(index % columns)
      let y = picture.top + Double(index / columns) * (Self.panelHeight + 50)
      picture.elements.append(.group("panel", draw(line, x: x, y: y, width: panelWidth - 16)))
    }
    let rows = (lines.count + columns - 1) / columns
    picture.height = picture.top + Double(rows) * (Self.panelHeight + 50)
    if !sleepers.isEmpty {
      let text = "no wakes: \(sleepers.joined(separator: ", "))"
      picture.elements.append(.text(text, x: Picture.margin, y: picture.height + 4, style: "muted small"))
      picture.height += 24
    }
    return picture
  }

  /// The buckets that any panel needs, with the one before the first: a bar has its neighbours to be compared with.
  private var buckets: Range<Int> {
    let used = lines.flatMap { line in line.wakes.indices.filter { line.wakes[$0] > 0 } }
    guard let first = used.min(), let last = used.max() else { return 0..<8 }
    return max(0, first - 1)..<max(last + 2, first + 8)
  }

  private func draw(_ line: StatisticsLine, x: Double, y: Double, width: Double) -> [Element] {
    let (left, right) = (x + Self.gutter, x + width)
    // The worst's line and words begin above the highest bar's count.
    let (top, bottom) = (y + 34, y + Self.panelHeight)
    let greatest = lines.flatMap(\.wakes).max() ?? 1
    let axis = CountAxis(greatest: greatest, bottom: bottom, top: top + 30)
    var elements: [Element] = [
      .heading(line.name, summary(of: line), x: x, y: y + 14),
      axis.element(left: left, right: right),
    ]
    let buckets = buckets
    let step = (right - left) / Double(buckets.count)
    for bucket in buckets {
      let start = left + Double(bucket - buckets.lowerBound) * step
      let count = bucket < line.wakes.count ? line.wakes[bucket] : 0
      if count > 0 {
        let height = axis(count)
        elements.append(
          .rectangle(
            x: start + 1, y: height, width: step - 2, height: bottom - height, style: "bar", fill: colour(of: line),
            radius: 1, tooltip: "\(count) wakes: \(extent(of: bucket, line))"))
        elements.append(.text(Self.short(count), x: start + step / 2, y: height - 4, anchor: .middle, style: "small"))
      }
      elements += label(bucket, line, x: start, step, bottom)
    }
    elements.append(.line(x1: left, y1: bottom, x2: right, y2: bottom, style: "axis"))
    if line.wakeCount > 0 { elements.append(worst(line, left, step, top, bottom, axis)) }
    return elements
  }

  /// Where the worst latency is, on the same logarithmic scale. The line ends above the counts that it would cross.
  private func worst(
    _ line: StatisticsLine, _ left: Double, _ step: Double, _ top: Double, _ bottom: Double, _ axis: CountAxis
  ) -> Element {
    let place = line.worst == 0 ? 0.5 : log2(Double(line.worst)) + 1
    let x = min(left + (place - Double(buckets.lowerBound)) * step, left + step * Double(buckets.count))
    var end = bottom
    for bucket in buckets where bucket < line.wakes.count && line.wakes[bucket] > 0 {
      let middle = left + (Double(bucket - buckets.lowerBound) + 0.5) * step
      let half = max(step / 2, Style.width(of: Self.short(line.wakes[bucket]), size: 11) / 2 + 2)
      if abs(x - middle) <= half { end = min(end, axis(line.wakes[bucket]) - 16) }
    }
    return .group(
      "worst",
      [
        .line(x1: x, y1: top, x2: x, y2: end, style: "alarm-line"),
        .text(
          "worst \(Units.rounded(time: line.nanoseconds(line.worst)))", x: x - 5, y: top + 4, anchor: .end,
          style: "alarm-text small"),
      ])
  }

  /// A tick and a time where a bucket begins; not at every one where they would meet.
  private func label(_ bucket: Int, _ line: StatisticsLine, x: Double, _ step: Double, _ bottom: Double) -> [Element] {
    var elements: [Element] = [.line(x1: x, y1: bottom, x2: x, y2: bottom + 4, style: "axis")]
    let every = max(1, Int((46 / step).rounded(.up)))
    guard (bucket - buckets.lowerBound) % every == 0 else { return elements }
    let start = bucket == 0 ? 0 : line.nanoseconds(StatisticsLine.end(ofBucket: bucket - 1))
    elements.append(.text(Units.rounded(time: start), x: x, y: bottom + 17, anchor: .middle, style: "muted small"))
    return elements
  }

  private func extent(of bucket: Int, _ line: StatisticsLine) -> String {
    guard bucket > 0 else { return "not a tick" }
    let start = Units.rounded(time: line.nanoseconds(StatisticsLine.end(ofBucket: bucket - 1)))
    guard bucket + 1 < StatisticsLine.bucketLimit else { return "\(start) and more" }
    return "\(start) to \(Units.rounded(time: line.nanoseconds(StatisticsLine.end(ofBucket: bucket))))"
  }

  private func summary(of line: StatisticsLine) -> String {
    let bound = line.bound(of: 0.99).map { ", 99% below \(Units.rounded(time: $0))" } ?? ""
    return "on CPU \(line.processor): \(line.wakeCount) wakes\(bound)"
  }

  private func colour(of line: StatisticsLine) -> String {
    Style.colour(machines.firstIndex(of: line.machine) ?? 0)
  }

  /// A count in few characters.
  private static func short(_ count: UInt64) -> String {
    for (unit, factor) in [("G", 1e9), ("M", 1e6), ("k", 1e3)] where Double(count) >= factor * 10 {
      return "\(Int(Double(count) / factor))\(unit)"
    }
    return "\(count)"
  }
}
