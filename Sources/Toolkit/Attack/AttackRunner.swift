internal import Foundation

/// Runs attacks in QEMU, where every instruction is counted, and nothing else.
public actor AttackRunner {
  /// The checkout.
  private let project: Project
  /// How long one run may take: only a hang takes longer.
  private let patience: Duration
  private let periodCount: Int
  /// The hypervisor's command line.
  private let arguments: String?
  /// Counts one CPU's own instructions, once it is compiled.
  private var plugin: Task<OwnTimePlugin, any Error>?
  /// What the loop measures where nothing happens, which several attacks are compared with.
  private var references: [AttackCase: Task<AttackFigure, any Error>] = [:]

  /// A runner in a checkout, which measures so many periods.
  public init(
    project: Project, periods periodCount: Int = 60, patience: Duration = .seconds(480), arguments: String? = nil
  ) {
    self.project = project
    self.patience = patience
    self.periodCount = periodCount
    self.arguments = arguments
  }

  /// Runs an attack, and before it what it is compared with unless that has been run already.
  public func run(_ attackCase: AttackCase) async throws -> AttackOutcome {
    async let idle = reference(.idle, attackCase.arrangement)
    async let spinner = reference(.spin, attackCase.arrangement)
    async let attacked =
      [.idle, .spin].contains(attackCase.attack)
      ? reference(attackCase.attack, attackCase.arrangement) : measure(attackCase)
    return try await AttackOutcome(attackCase, idle: idle, spinner: spinner, attacked: attacked)
  }

  private func reference(_ attack: AttackKind, _ arrangement: AttackArrangement) async throws -> AttackFigure {
    let attackCase = AttackCase(attack: attack, arrangement: arrangement)
    let known = references[attackCase]
    let task = known ?? Task { try await self.measure(attackCase) }
    references[attackCase] = task
    return try await task.value
  }

  /// What the loop measures under an attack.
  /// - Throws: `Failure` with the console's last lines where it hangs or fails, or where the attack began too late.
  private func measure(_ attackCase: AttackCase) async throws -> AttackFigure {
    var launch = try launch(for: attackCase.arrangement)
    // QEMU's CPUs share one count of instructions: what another one has its turn for is not the loop's lateness.
    let report =
      attackCase.arrangement.countsOwn ? "\(project.runs)/\(Self.fileName(of: attackCase)).own" : nil
    if let report { launch.emulation.options += try await ownTimePlugin().options(reportingTo: report) }
    let command = try await command(for: attackCase, launch)
    let patience = patience
    let transcript: Transcript
    do {
      transcript = try await QEMUSession.run(command) { console in
        try await withThrowingTaskGroup(of: Void.self) { group in
          if let typed = attackCase.attack.typed { group.addTask { try await console.attack(by: typed) } }
          defer { group.cancelAll() }
          try await console.expect("loop: done", from: "loop", within: patience, unless: Launch.end)
        }
        return await console.transcript
      }
    } catch let failure as Failure {
      throw Failure("\(attackCase.name): \(await launch.explained(failure.description))")
    }
    guard !Launch.hasPanicked(transcript.text) else {
      throw Failure("\(attackCase.name): the hypervisor failed:\n\(await launch.explained(transcript.tail()))")
    }
    var figure = try figure(of: attackCase, in: transcript)
    if let report { figure.values["own-most"] = try OwnTimePlugin.mostOwn(in: report) }
    return figure
  }

  private func ownTimePlugin() async throws -> OwnTimePlugin {
    let project = project
    let task = plugin ?? Task { try await OwnTimePlugin(in: project) }
    plugin = task
    return try await task.value
  }

  /// What the files of a run are named after.
  private static func fileName(of attackCase: AttackCase) -> String {
    "attack-" + attackCase.name.replacingOccurrences(of: "[ /+]", with: "-", options: .regularExpression)
  }

  private func figure(of attackCase: AttackCase, in transcript: Transcript) throws -> AttackFigure {
    let measure = attackCase.arrangement.measure
    let lines = transcript.text(of: "loop").split(separator: "\n")
    guard let figure = lines.lazy.compactMap({ AttackFigure(reading: $0, measure: measure) }).first else {
      throw Failure("\(attackCase.name): the loop has measured nothing:\n\(transcript.tail())")
    }
    let before = transcript.text.components(separatedBy: "loop: measures")[0]
    let sign = attackCase.attack.sign ?? "disturb: begins, vcpus=\(attackCase.arrangement.vcpuCount)\n"
    let count = before.components(separatedBy: sign).count - 1
    guard count >= attackCase.arrangement.machineCount else {
      throw Failure("\(attackCase.name): the loop measured before the attack began:\n\(transcript.tail())")
    }
    return figure
  }

  private func launch(for arrangement: AttackArrangement) throws -> Launch {
    let board = try project.board(named: "qemu-virt-\(arrangement.isa)")
    var emulation = try Emulation(
      board, model: arrangement.isa == "armv7" ? "cortex-a15" : "cortex-a57", gicVersion: arrangement.gic,
      processorCount: arrangement.placement.processorCount, memory: 1 << 30)
    emulation.countsInstructions = true
    return Launch(project: project, emulation: emulation)
  }

  private func command(for attackCase: AttackCase, _ launch: Launch) async throws -> Command {
    var system = AttackSystem(arrangement: attackCase.arrangement, attack: attackCase.attack)
    system.periodCount = periodCount * attackCase.attack.patience
    let bundler = Bundler(project: project)
    let bundle = try await bundler.bundle(
      SystemFile(parsing: SourceText(path: "\(attackCase.name).yaml", text: system.text)))
    try await bundler.check(bundle, on: launch.emulation)
    return try launch.command(
      booting: bundle, as: Self.fileName(of: attackCase), arguments: arguments, console: .pipe)
  }
}

extension QEMUSession {
  /// Types while the loop measures, and no longer: who types without an end leaves the console to nobody.
  func attack(by typed: AttackKind.Typed) async throws {
    try await expect("loop: measures")
    switch typed {
    case .keys(let keys, let answer, let count):
      for _ in 0..<count {
        try await type(keys)
        try await expect(answer, from: "tvisor")
      }
    case .pasted(let text, let count):
      for _ in 0..<count {
        try await paste(text)
        try await Task.sleep(for: .milliseconds(50))
      }
    }
  }
}
