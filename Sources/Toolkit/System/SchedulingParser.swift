internal import Scheduling
internal import Yams

// The parts of a system file that are about time: who shares a physical CPU, and how.

/// An entry of `cpus:`.
func processor(_ node: Node, _ reader: YAMLReader) -> SystemFile.Processor? {
  guard let fields = reader.fields(of: node, .processor) else { return nil }
  let policy = fields.phrase("policy", PolicyKind.init(reading:))
  let slice = fields.duration("slice")
  let overhead = fields.duration("overhead")
  let frame = fields.duration("frame")
  var end = Located<UInt64>(0, at: fields.position(of: "windows"))
  let windows = fields.list("windows").compactMap { node in
    let window = window(node, after: end, reader)
    if let window { end = window.length.map { window.start.value.saturating(plus: $0) } }
    return window
  }
  if policy?.value == .cyclic, !fields.has("frame") || !fields.has("windows") {
    let example = "`frame: 10ms` and `windows: [{vm: linux, at: 0, for: 4ms}]`"
    reader.report(at: fields.position(of: "policy"), "cyclic needs a table; add for example \(example)")
  }
  guard let number = fields.number("cpu") else { return nil }
  return SystemFile.Processor(
    number: number, policy: policy ?? Located(.roundRobin, at: fields.position(of: "policy")), slice: slice,
    overhead: overhead, frame: frame, windows: windows)
}

/// An entry of `windows:`. Where it does not say `at`, it begins where the one before it ends.
private func window(_ node: Node, after end: Located<UInt64>, _ reader: YAMLReader) -> SystemFile.Window? {
  guard let fields = reader.fields(of: node, .window) else { return nil }
  let start = fields.duration("at")
  let virtualCPU = fields.number("vcpu") ?? Located(0, at: fields.position)
  guard let machine = fields.text("vm"), let length = fields.duration("for") else { return nil }
  return SystemFile.Window(
    position: fields.position, machine: machine, virtualCPU: virtualCPU,
    start: start ?? Located(end.value, at: fields.position), length: length)
}

/// An entry of a VM's `vcpus:`: the number of a CPU, or a mapping with more.
func virtualCPU(_ node: Node, _ machine: Fields) -> SystemFile.VirtualCPU? {
  let reader = machine.reader
  guard node.mapping != nil else {
    guard let number = machine.number(node, key: "vcpus") else { return nil }
    return SystemFile.VirtualCPU(position: number.position, processor: number)
  }
  guard let fields = reader.fields(of: node, .virtualCPU) else { return nil }
  let reservation = fields.phrase("reserve", ReservationPhrase.init)
  let priority = fields.number("priority")
  let behaviour = fields.phrase("simulate", Behaviour.init)
  guard let number = fields.number("cpu") else { return nil }
  return SystemFile.VirtualCPU(
    position: fields.position, processor: number, reservation: reservation, priority: priority, behaviour: behaviour)
}

/// Keys that belong to other policies are mistakes, and windows belong to vCPUs that there are.
func checkPolicies(_ processors: [SystemFile.Processor], _ machines: [SystemFile.Machine], _ reader: YAMLReader) {
  for processor in processors {
    let policy = processor.policy.value
    if policy != .cyclic, let stray = processor.frame?.position ?? processor.windows.first?.position {
      reader.report(at: stray, "'frame' and 'windows' are for `policy: cyclic`; choose that, or take them out")
    }
    if let slice = processor.slice, policy == .static || policy == .cyclic {
      reader.report(at: slice.position, "nobody takes turns under \(policy.text), so there is no slice; take it out")
    }
    for window in processor.windows { checkWindow(window, machines, reader) }
  }
}

private func checkWindow(_ window: SystemFile.Window, _ machines: [SystemFile.Machine], _ reader: YAMLReader) {
  let names = machines.map(\.name.value)
  guard let machine = machines.first(where: { $0.name.value == window.machine.value }) else {
    let hint = Suggestion.hint(for: window.machine.value, among: names)
    return reader.report(at: window.machine.position, "there is no VM '\(window.machine.value)'; \(hint)")
  }
  let count = machine.virtualCPUs.count
  if window.virtualCPU.value >= count {
    let vcpus = "\(count) vCPU\(count == 1 ? "" : "s")"
    reader.report(
      at: window.virtualCPU.position,
      "there is no vCPU \(window.virtualCPU.value); \(machine.name.value) has \(vcpus), counted from 0")
  }
}

extension PolicyKind {
  /// All policies, in the order in which the scheduler lists them.
  static var all: [PolicyKind] { (0..<count).compactMap(PolicyKind.init(number:)) }

  /// The policy's name.
  var text: String { "\(name)" }

  /// The policy that a person names.
  init(reading text: String) throws(Failure) {
    guard let kind = PolicyKind(name: Array(text.utf8).span) else {
      throw Failure("'\(text)' is no policy; \(Suggestion.hint(for: text, among: Self.all.map(\.text)))")
    }
    self = kind
  }
}

extension UInt64 {
  /// The sum, or the largest number where that would pass it.
  func saturating(plus other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
