/// The figures as a picture: a bar for each path on a static and on a shared CPU, the bar that it shall not pass, and
/// where the baseline was.
public struct BenchChart {
  private let result: BenchResult
  private let baseline: BenchResult?
  private let paths: [Path]

  /// One path with its bars.
  private struct Path {
    var name: String
    var bars: [(series: Int, variant: BenchVariant, figure: BenchFigure)]
    var limit: UInt64?
  }

  private static let series = [
    "CPU static", "CPU shared, round robin", "CPU shared, earliest deadline", "other variants",
  ]

  /// A chart of what the variants with the main interrupt controller measured, beside a baseline where there is one.
  public init(_ result: BenchResult, of variants: [BenchVariant], beside baseline: BenchResult?) {
    self.result = result
    self.baseline = baseline
    let shown = variants.filter { $0.isBarred && result.variants[$0.name] != nil }
    paths = Self.paths.compactMap { name in
      var bars: [(series: Int, variant: BenchVariant, figure: BenchFigure)] = []
      for variant in shown {
        guard let figure = result[variant.name, name], let series = Self.series(of: variant, name, shown, result)
        else { continue }
        bars.append((series, variant, figure))
      }
      let limit = bars.first.flatMap { BenchBar.limit(of: name, in: $0.variant) }
      return bars.isEmpty ? nil : Path(name: name, bars: bars, limit: limit)
    }
  }

  /// What costs instructions on the way between a guest and the hypervisor.
  private static var paths: [String] {
    BenchTable.order.filter {
      ![
        "memory-first-touch", "memory-later-touch", "reset-to-first-guest-instruction", "hypervisor-memory",
        "linux-to-user-space", "end-of-interrupt",
      ].contains($0)
    }
  }

  /// The plain static and shared variants have a bar each; others only where none of those has the figure.
  private static func series(
    of variant: BenchVariant, _ name: String, _ shown: [BenchVariant], _ result: BenchResult
  ) -> Int? {
    let plain = ["static-", "round-robin-", "earliest-deadline-"]
    if let index = plain.firstIndex(where: { variant.name.hasPrefix($0) }) { return index }
    let isElsewhere = shown.contains { other in
      plain.contains { other.name.hasPrefix($0) } && result[other.name, name] != nil
    }
    let first = shown.first { result[$0.name, name] != nil }
    return !isElsewhere && first?.name == variant.name ? 3 : nil
  }
}

extension BenchChart {
  private static let labelWidth = 250.0
  private static let plotWidth = 620.0
  private static let barHeight = 11.0
  private static let gap = 12.0

  /// The SVG file's text.
  public var svg: String {
    var picture = Picture(
      width: Self.labelWidth + Self.plotWidth + 110, height: 0, title: "What a guest pays for its hypervisor",
      subtitle: "instructions on the way, counted in QEMU (-icount): fewer is better; not time, which needs hardware")
    let legend = legend
    let legendHeight = legend.height(width: picture.width - 2 * Picture.margin)
    let top = picture.top + legendHeight + 16
    let height = paths.reduce(0) { $0 + self.height($1) }
    picture.height = top + height + 40
    picture.elements.append(
      legend.element(x: Picture.margin, y: picture.top, width: picture.width - 2 * Picture.margin))
    picture.elements.append(grid(top: top, bottom: top + height))
    var y = top
    for path in paths {
      picture.elements.append(row(path, at: y))
      y += self.height(path)
    }
    return picture.svg
  }

  /// Few long bars would leave no room for the others: what is longer than the scale is broken off there.
  private var scale: Scale {
    let values = paths.flatMap { path in
      path.bars.map { Double($0.figure.median) } + [Double(path.limit ?? 0)]
    }.sorted()
    let usual = values.isEmpty ? 1 : values[values.count * 3 / 4] * 1.6
    let longest = max(values.last ?? 1, 1)
    return Scale(
      0...max(min(usual, longest) * 1.05, 100), from: Self.labelWidth, to: Self.labelWidth + Self.plotWidth)
  }

  private func height(_ path: Path) -> Double { Double(path.bars.count) * (Self.barHeight + 2) + Self.gap }

  private func grid(top: Double, bottom: Double) -> Element {
    let scale = scale
    var children: [Element] = []
    for tick in scale.ticks(8) {
      children.append(.line(x1: scale(tick), y1: top - 4, x2: scale(tick), y2: bottom, style: "grid"))
      children.append(.text("\(Int(tick))", x: scale(tick), y: bottom + 18, anchor: .middle, style: "muted small"))
    }
    children.append(.line(x1: scale.start, y1: top - 4, x2: scale.start, y2: bottom, style: "axis"))
    return .group("axis-values", children)
  }

  private func row(_ path: Path, at top: Double) -> Element {
    let height = height(path) - Self.gap
    var children: [Element] = [
      .text(path.name, x: Self.labelWidth - 10, y: top + height / 2 + 4, anchor: .end, style: "ink")
    ]
    for (index, bar) in path.bars.enumerated() {
      children += self.bar(bar, in: path.name, at: top + Double(index) * (Self.barHeight + 2))
    }
    return .group(nil, children)
  }

  private func bar(
    _ bar: (series: Int, variant: BenchVariant, figure: BenchFigure), in name: String, at y: Double
  ) -> [Element] {
    let scale = scale
    let value = Double(bar.figure.median)
    let isBroken = value > scale.values.upperBound
    let end = isBroken ? scale.end : scale(value)
    let spread = bar.figure.least == bar.figure.most ? "" : ", \(bar.figure.least) to \(bar.figure.most)"
    var elements: [Element] = [
      .rectangle(
        x: scale.start, y: y, width: max(end - scale.start, 1), height: Self.barHeight,
        fill: Style.colour(bar.series), radius: 2,
        tooltip: "\(name), \(bar.variant.name): \(bar.figure.median)\(spread)")
    ]
    if isBroken {
      // Two slanted cuts say that the bar goes on.
      for x in [end - 26, end - 20] {
        elements.append(
          .path("M\(x) \(y - 1) l6 0 l-4 \(Self.barHeight + 2) l-6 0 z", style: "paper"))
      }
    }
    let limit = BenchBar.limit(of: name, in: bar.variant)
    let isAbove = limit.map { bar.figure.median > $0 } ?? false
    // A limit's line close behind the bar would cross the number.
    let mark = limit.map { scale(Double($0)) } ?? 0
    let label = mark > end && mark < end + 40 ? mark : end
    elements.append(
      .text(
        "\(bar.figure.median)", x: label + 6, y: y + Self.barHeight - 1.5, style: isAbove ? "small alarm-text" : "small"
      ))
    if let limit, Double(limit) <= scale.values.upperBound {
      elements.append(
        .line(
          x1: scale(Double(limit)), y1: y - 1, x2: scale(Double(limit)), y2: y + Self.barHeight + 1,
          style: "alarm-line", tooltip: "the bar: \(limit)"))
    }
    if let before = baseline?[bar.variant.name, name]?.median, Double(before) <= scale.values.upperBound {
      let x = scale(Double(before))
      elements.append(
        .path("M\(x - 3.5) \(y - 2) l7 0 l-3.5 5 z", style: "overhead", tooltip: "the baseline: \(before)"))
    }
    return elements
  }

  private var legend: Legend {
    let used = Set(paths.flatMap { $0.bars.map(\.series) })
    var entries = Self.series.indices.filter(used.contains).map {
      Legend.Entry.colour(Style.colour($0), Self.series[$0])
    }
    entries.append(
      Legend.Entry("the bar not to pass") {
        .line(x1: $0 + 7, y1: $1 - 2, x2: $0 + 7, y2: $1 + 12, style: "alarm-line")
      })
    if baseline != nil {
      entries.append(
        Legend.Entry("the baseline") { .path("M\($0 + 3.5) \($1 + 2) l7 0 l-3.5 5 z", style: "overhead") })
    }
    return Legend(entries)
  }
}
