internal import Foundation

/// Draws what a simulation showed in its window: for each CPU a lane that says who ran, and below it one for each vCPU.
public struct TimelineDrawing: Sendable {
  private let result: SimulationResult
  private let title: String
  private let scale: Scale

  /// The width of what stands to the left of the timelines, and where they begin.
  private let left: Double
  private static let right = 150.0
  private static let width = 1280.0
  private static let (headHeight, laneHeight, rowHeight) = (26.0, 16.0, 34.0)
  private static let gap = 14.0

  /// A drawing of a result.
  public init(_ result: SimulationResult, title: String) {
    self.result = result
    self.title = title
    let names = result.processors.flatMap(\.virtualCPUs).flatMap { vcpu in
      [Style.width(of: vcpu.name), Style.width(of: vcpu.behaviour.description, size: 11)]
    }
    left = Picture.margin + min(max(names.max() ?? 0, 120), 320) + 14
    scale = Scale(
      Double(result.window.lowerBound)...Double(result.window.upperBound), from: left,
      to: Self.width - Picture.margin - Self.right)
  }

  /// The picture.
  public var picture: Picture {
    var picture = Picture(width: Self.width, height: 0, title: title, subtitle: subtitle)
    let legend = Legend(entries)
    let plotWidth = Self.width - 2 * Picture.margin
    picture.elements.append(legend.element(x: Picture.margin, y: picture.top - 6, width: plotWidth))
    var y = picture.top + legend.height(width: plotWidth) + 8
    var lanes: [Element] = []
    let axis = TimeAxis(scale)
    for processor in result.processors {
      lanes.append(axis.grid(top: y + Self.headHeight, bottom: y + Self.height(of: processor)))
      lanes.append(.group("cpu", draw(processor, at: y)))
      y += Self.height(of: processor) + Self.gap
    }
    let bottom = y - Self.gap / 2
    picture.elements += lanes
    picture.elements.append(axis.element(at: bottom))
    picture.height = bottom + TimeAxis.height + 10
    return picture
  }

  private var subtitle: String {
    let window = result.window
    let whole = window.lowerBound == 0 && window.upperBound == result.duration
    let total = Units.describe(time: result.duration)
    guard !whole else { return "all of the \(total) that were simulated" }
    let part = "\(Self.instant(window.lowerBound)) to \(Self.instant(window.upperBound))"
    let misses = result.processors.flatMap(\.virtualCPUs).compactMap(\.firstMiss)
    let isAboutMiss = misses.contains { window.contains($0.release) } && window.lowerBound > 0
    return "\(part) of \(total) that were simulated" + (isAboutMiss ? ": about the first missed deadline" : "")
      + "; figures at the right are about all of it"
  }

  private static func height(of processor: SimulationResult.Processor) -> Double {
    headHeight + laneHeight + 4 + rowHeight * Double(processor.virtualCPUs.count)
  }
}

extension TimelineDrawing {
  /// A CPU's heading, its lane and its vCPUs' lanes.
  private func draw(_ processor: SimulationResult.Processor, at y: Double) -> [Element] {
    let name = "CPU \(processor.number)"
    var elements: [Element] = [
      .heading(name, "\(processor.policy): \(result.summary(of: processor))", x: Picture.margin, y: y + 16)
    ]
    let lane = y + Self.headHeight
    elements.append(background(lane, Self.laneHeight))
    for vcpu in processor.virtualCPUs {
      let siblings = processor.virtualCPUs.filter { $0.machine == vcpu.machine }
      let rank = siblings.firstIndex { $0.number == vcpu.number } ?? 0
      for run in merged(vcpu.runs) {
        var bar = bar(run, lane, Self.laneHeight, Style.colour(vcpu.machine), "\(name) runs \(vcpu.name)")
        // vCPUs of one VM have its colour, in shades.
        if rank > 0 { bar.attributes.append(("fill-opacity", rank % 2 == 1 ? "0.55" : "0.8")) }
        elements.append(bar)
      }
    }
    for time in merged(processor.switches) {
      elements.append(bar(time, lane, Self.laneHeight, nil, "\(name) switches"))
    }
    for (index, vcpu) in processor.virtualCPUs.enumerated() {
      let top = lane + Self.laneHeight + 4 + Double(index) * Self.rowHeight
      elements.append(.group("vcpu", draw(vcpu, at: top)))
    }
    return elements
  }

  /// A vCPU's name, when it ran and when it waited, its jobs and its figures.
  private func draw(_ vcpu: SimulationResult.VirtualCPU, at y: Double) -> [Element] {
    let colour = Style.colour(vcpu.machine)
    let (barTop, barHeight) = (y + 9, 14.0)
    var elements: [Element] = [
      .text(vcpu.name, x: Picture.margin, y: y + 15),
      .text(vcpu.behaviour.description, x: Picture.margin, y: y + 28, style: "muted small"),
      background(barTop, barHeight),
    ]
    let limit = 0.3
    for wait in vcpu.waits where pixels(wait.time) > limit {
      var line = Element.line(
        x1: scale(Double(wait.time.lowerBound)), y1: barTop + barHeight / 2, x2: scale(Double(wait.time.upperBound)),
        y2: barTop + barHeight / 2, style: wait.isThrottled ? "throttled" : "waiting", stroke: colour,
        tooltip: "\(vcpu.name) \(wait.isThrottled ? "is out of budget" : "waits"), \(describe(wait.time))")
      line.attributes.append(("stroke-width", "2"))
      if wait.isThrottled { line.attributes.append(("stroke-dasharray", "2 3")) }
      elements.append(line)
    }
    for run in merged(vcpu.runs) {
      elements.append(bar(run, barTop, barHeight, colour, "\(vcpu.name) runs"))
    }
    elements += draw(vcpu.jobs, of: vcpu, barTop, barTop + barHeight)
    let right = Self.width - Picture.margin - Self.right + 12
    let worst = vcpu.hasJobs ? ", worst \(vcpu.worst)" : ""
    elements.append(.text("\(result.percent(vcpu.runTime))\(worst)", x: right, y: y + 15))
    if vcpu.missCount > 0 {
      elements.append(
        .text("\(vcpu.missCount) of \(vcpu.jobCount) missed", x: right, y: y + 28, style: "alarm-text small"))
    } else if vcpu.hasJobs {
      elements.append(.text("\(vcpu.jobCount) jobs", x: right, y: y + 28, style: "muted small"))
    }
    return elements
  }

  /// Releases below the bar, deadlines above it, and what came too late in the alarm's colour. Where jobs come too thick to
  /// be told apart, only those that missed are marked.
  private func draw(
    _ jobs: [(job: Job, end: UInt64?)], of vcpu: SimulationResult.VirtualCPU, _ top: Double, _ bottom: Double
  ) -> [Element] {
    var elements: [Element] = []
    let isDense = Double(jobs.count) * 5 > scale.end - scale.start
    for (job, end) in jobs {
      let tooltip = describe(job, end, vcpu)
      if !isDense, result.window.contains(job.release) {
        elements.append(Self.release(scale(Double(job.release)), bottom, tooltip))
      }
      guard let deadline = job.deadline else { continue }
      let x = scale(Double(min(deadline, result.window.upperBound)))
      let isMissed = end.map { $0 > deadline } ?? (deadline < result.duration)
      if isMissed {
        let late = max(deadline, result.window.lowerBound)..<max(deadline, min(end ?? .max, result.window.upperBound))
        let shown = late.clamped(to: result.window)
        if !shown.isEmpty {
          elements.append(
            .rectangle(
              x: scale(Double(shown.lowerBound)), y: top - 3, width: max(pixels(shown), 1), height: 3,
              style: "alarm late",
              tooltip: tooltip))
        }
        if result.window.contains(deadline) { elements.append(Self.miss(x, top, bottom, tooltip)) }
      } else if !isDense, deadline >= result.window.lowerBound, deadline <= result.window.upperBound {
        elements.append(Self.deadline(x, top, tooltip))
      }
    }
    return elements
  }

  private static func release(_ x: Double, _ y: Double, _ tooltip: String?) -> Element {
    .path("M\(number(x)) \(number(y))l3.5 6h-7z", style: "overhead release", tooltip: tooltip)
  }

  private static func deadline(_ x: Double, _ y: Double, _ tooltip: String?) -> Element {
    .path("M\(number(x)) \(number(y - 1))l3 -5.5h-6z", style: "mark deadline", tooltip: tooltip)
  }

  private static func miss(_ x: Double, _ top: Double, _ bottom: Double, _ tooltip: String?) -> Element {
    let (x, y) = (number(x), number(top - 4))
    return .path(
      "M\(x) \(number(bottom))V\(y)m-4 -4l8 8m0 -8l-8 8", style: "alarm-line miss", tooltip: tooltip)
  }

  private static func number(_ value: Double) -> String { Element.number(value) }
}

extension TimelineDrawing {
  private var entries: [Legend.Entry] {
    var entries: [Legend.Entry] = []
    let vcpus = result.processors.flatMap(\.virtualCPUs)
    var seen: Set<Int> = []
    for vcpu in vcpus.sorted(by: { $0.machine < $1.machine }) where seen.insert(vcpu.machine).inserted {
      entries.append(.colour(Style.colour(vcpu.machine), vcpu.machineName))
    }
    if result.processors.contains(where: { !$0.switches.isEmpty }) {
      entries.append(
        Legend.Entry("switching") { .rectangle(x: $0, y: $1, width: 14, height: 10, style: "overhead", radius: 2) })
    }
    if vcpus.contains(where: { $0.waits.contains { !$0.isThrottled } }) {
      entries.append(Legend.Entry("waits") { Self.sampleLine($0, $1, dashes: nil) })
    }
    if vcpus.contains(where: { $0.waits.contains(where: \.isThrottled) }) {
      entries.append(Legend.Entry("out of budget") { Self.sampleLine($0, $1, dashes: "2 3") })
    }
    if vcpus.contains(where: { !$0.jobs.isEmpty }) {
      entries.append(Legend.Entry("release") { Self.release($0 + 7, $1 + 2, nil) })
    }
    if vcpus.contains(where: { $0.jobs.contains { $0.job.deadline != nil } }) {
      entries.append(Legend.Entry("deadline") { Self.deadline($0 + 7, $1 + 9, nil) })
    }
    if vcpus.contains(where: { $0.missCount > 0 }) {
      entries.append(Legend.Entry("deadline missed, and by how much") { Self.miss($0 + 7, $1 + 5, $1 + 11, nil) })
    }
    return entries
  }

  private static func sampleLine(_ x: Double, _ y: Double, dashes: String?) -> Element {
    var line = Element.line(x1: x, y1: y + 5, x2: x + 14, y2: y + 5, stroke: "#8d8f98")
    line.attributes.append(("stroke-width", "2"))
    if let dashes { line.attributes.append(("stroke-dasharray", dashes)) }
    return line
  }

  private func background(_ y: Double, _ height: Double) -> Element {
    .rectangle(x: scale.start, y: y, width: scale.end - scale.start, height: height, style: "lane")
  }

  private func bar(_ time: Range<UInt64>, _ y: Double, _ height: Double, _ colour: String?, _ what: String) -> Element {
    .rectangle(
      x: scale(Double(time.lowerBound)), y: y, width: max(pixels(time), 0.3), height: height,
      style: colour == nil ? "overhead" : "run", fill: colour, tooltip: "\(what), \(describe(time))")
  }

  private func pixels(_ time: Range<UInt64>) -> Double {
    scale(Double(time.upperBound)) - scale(Double(time.lowerBound))
  }

  /// Stretches with less than a third of a pixel between them become one: nobody could see it, and files stay small.
  private func merged(_ times: [Range<UInt64>]) -> [Range<UInt64>] {
    var merged: [Range<UInt64>] = []
    for time in times {
      if let last = merged.last, pixels(last.upperBound..<max(last.upperBound, time.lowerBound)) < 0.33 {
        merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, time.upperBound)
      } else {
        merged.append(time)
      }
    }
    return merged
  }

  private func describe(_ time: Range<UInt64>) -> String {
    "\(Self.instant(time.lowerBound)) to \(Self.instant(time.upperBound))"
      + " (\(Units.rounded(time: Double(time.upperBound - time.lowerBound))))"
  }

  private func describe(_ job: Job, _ end: UInt64?, _ vcpu: SimulationResult.VirtualCPU) -> String {
    var text = "\(vcpu.name): released at \(Self.instant(job.release))"
    if let deadline = job.deadline { text += ", due at \(Self.instant(deadline))" }
    guard let end else { return text + ", not done" }
    return text + ", done at \(Self.instant(end)) after \(Units.rounded(time: Double(end - job.release)))"
  }

  /// An instant in milliseconds, to the nanosecond.
  static func instant(_ time: UInt64) -> String { TimeAxis.label(Double(time) / 1e6) + "ms" }
}
