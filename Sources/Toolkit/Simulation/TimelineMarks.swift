// The signs in a timeline, and the legend that says what they are.

extension TimelineDrawing {
  /// Releases below the bar, deadlines above it, and what came too late in the alarm's colour. Where jobs come too thick to
  /// be told apart, only those that missed are marked.
  func draw(
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
  /// The VMs' colours, and the marks that the picture has.
  var entries: [Legend.Entry] {
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
}
