/// Writes the system file of an arrangement in which the others do one thing.
struct AttackSystem {
  /// The loop's period, in µs, but where the arrangement has another.
  static let period = 1000
  /// The loop's window, in µs.
  static let window = 300
  /// What a loop that answers computes, in µs: `reserve: 100us every 1ms within 120us` in an admitted set.
  static let job = 95

  var arrangement: AttackArrangement
  /// What the others do.
  var attack: AttackKind
  /// How many periods are measured.
  var periodCount = 60
  /// When the others begin, in ms of the board's time: they are all there by then. Windows of a few µs are enough for that only
  /// in many periods.
  private var start: Int {
    if arrangement.policy == .cyclic { return 200 }
    // Each vCPU begins in a turn of its own.
    if arrangement.machineCount > 4 && arrangement.vcpuCount > 1 { return 400 }
    return 25 + 3 * arrangement.machineCount
  }
  /// How many periods go before those that are measured.
  private var warmUpCount: Int { (start + 15) * 1000 / arrangement.period }

  /// The system file's text.
  var text: String {
    let text = "cpus:\n" + processors + "vms:\n"
    let disturbers = (0..<arrangement.machineCount).map(disturber).joined()
    return text + (attack.isFirst ? disturbers + loop : loop + disturbers)
  }

  private var processors: String {
    let first =
      switch arrangement.policy {
      case .deadline: "earliest-deadline"
      case .priority, .reservedPriority: "fixed-priority"
      case .own: "static"
      case .turns: "round-robin, slice: 100us"
      case .cyclic: "cyclic"
      }
    guard arrangement.policy != .cyclic else { return "  - cpu: 0\n    policy: cyclic\n    frame: 1ms\n" + windows }
    return "  - {cpu: 0, policy: \(first)\(arrangement.overhead.map { ", overhead: \($0)us" } ?? "")}\n"
  }

  /// The loop's window, and one for each other vCPU of CPU 0.
  private var windows: String {
    let others = (0..<arrangement.machineCount).flatMap { machine in
      (0..<arrangement.vcpuCount).filter { processor(of: $0) == 0 }.map { (machine, $0) }
    }
    var text = "    windows:\n      - {vm: loop, at: 0, for: \(Self.window)us}\n"
    let length = others.isEmpty ? 0 : (Self.period - Self.window) / others.count
    for (machine, vcpu) in others { text += "      - {vm: disturb\(machine), vcpu: \(vcpu), for: \(length)us}\n" }
    return text
  }

  private func processor(of vcpu: Int) -> Int {
    switch arrangement.placement {
    case .same: 0
    case .other: 1
    case .split: vcpu == 0 ? 1 : 0
    case .wide: arrangement.policy == .own ? 1 + vcpu % 2 : vcpu % 3
    }
  }

  private func disturber(_ number: Int) -> String {
    let processors = (0..<arrangement.vcpuCount).map { "\(processor(of: $0))" }.joined(separator: ", ")
    return machine(
      "disturb\(number)", program: "disturb", vcpus: processors,
      arguments: "attack=\(attack.argument) vcpus=\(arrangement.vcpuCount) number=\(number) start=\(start)000000"
        + (attack.options.map { " \($0)" } ?? ""))
  }

  private var loop: String {
    let reservation = "reserve: \(arrangement.budget)us every \(arrangement.period)us"
    let processor =
      switch (arrangement.policy, arrangement.measure) {
      case (.deadline, .answer): "{cpu: 0, reserve: 100us every 1ms within 120us}"
      case (.deadline, _): "{cpu: 0, \(reservation)}"
      case (.priority, _): "{cpu: 0, priority: 9}"
      case (.reservedPriority, _): "{cpu: 0, \(reservation), priority: 9}"
      case (.own, _), (.cyclic, _), (.turns, _): "0"
      }
    let measure =
      switch arrangement.measure {
      case .lateness: ""
      case .supply: " supply" + (arrangement.blockCount > 0 ? " blocks=\(arrangement.blockCount)" : "")
      case .window: " window"
      case .answer: " job=\(Self.job * 1000)"
      }
    return machine(
      "loop", program: "loop", vcpus: processor,
      arguments: "period=\(arrangement.period * 1000) periods=\(periodCount) warm=\(warmUpCount)\(measure)")
  }

  private func machine(_ name: String, program: String, vcpus: String, arguments: String) -> String {
    """
      - name: \(name)
        isa: \(arrangement.isa == "armv7" ? "aarch32" : "aarch64")
        memory: 4MiB
        vcpus: [\(vcpus)]
        image: "@guests/\(arrangement.isa)/\(program).elf"
        bootargs: \(arguments)

    """
  }
}
