/// An attack on a loop: one row of the table.
public struct AttackCase: Hashable, Sendable {
  /// What is done.
  public var attack: AttackKind
  /// Where, and to whom.
  public var arrangement: AttackArrangement

  /// Its name, by which a figure of it is kept.
  public var name: String { "\(attack.name) \(arrangement.name)" }

  /// The system file that boots it.
  public var systemFile: String { AttackSystem(arrangement: arrangement, attack: attack).text }

  /// A row with every property given.
  public init(attack: AttackKind, arrangement: AttackArrangement) {
    self.attack = attack
    self.arrangement = arrangement
  }
}

/// What the loop has measured.
public struct AttackFigure: Equatable, Sendable {
  /// What the loop said, by the names that it gives.
  public var values: [String: UInt64]
  /// What of it the case is about.
  public var measure: AttackArrangement.Measure

  /// Reads the line of the loop: `loop: KIND name=value name=value`.
  /// - Returns: nil for any other line.
  public init?(reading line: some StringProtocol, measure: AttackArrangement.Measure) {
    let words = line.split(separator: " ")
    guard words.first == "loop:", words.count > 2 else { return nil }
    values = [:]
    self.measure = measure
    for word in words.dropFirst(2) {
      let parts = word.split(separator: "=")
      guard parts.count == 2, let value = UInt64(parts[1]) else { return nil }
      values[String(parts[0])] = value
    }
    guard keys.allSatisfy({ values[$0] != nil }) else { return nil }
  }

  private var keys: [String] {
    switch measure {
    case .lateness: ["late-most", "missed"]
    case .supply: ["supply-least"]
    case .window: ["late-most", "ran-least"]
    case .answer: ["answer-most"]
    }
  }

  /// The figure that counts, in instructions.
  public var figure: UInt64 {
    switch measure {
    // In the loop's CPU's own instructions, where others have their turns meanwhile.
    case .lateness: values["own-most"] ?? values["late-most"] ?? .max
    case .supply: values["supply-least"] ?? 0
    case .window:
      max(values["late-most"] ?? .max, UInt64(AttackSystem.window * 1000).subtractingOrZero(values["ran-least"] ?? 0))
    case .answer: values["answer-most"] ?? .max
    }
  }
}

extension UInt64 {
  func subtractingOrZero(_ other: UInt64) -> UInt64 { self > other ? self - other : 0 }
}

/// What the loop is promised, and whether a figure keeps it.
public struct AttackPromise: Equatable, Sendable {
  /// The figure's limit; nil where nothing is promised.
  public var bar: UInt64?
  /// True where the figure has to be at least the bar, and not at most.
  public var isLeast: Bool

  /// The promise of an arrangement in which the loop has measured that much beside others that sleep, and beside others that are
  /// busy.
  public init(_ arrangement: AttackArrangement, idle: UInt64, spinner: UInt64) {
    isLeast = arrangement.measure == .supply
    switch (arrangement.measure, arrangement.policy) {
    case (_, .turns): bar = nil
    // By one in a hundred the instant of its activation may wander.
    case (.supply, _): bar = UInt64(arrangement.budget) * 990
    // Counted as the loop's CPU's own instructions: a busy neighbour on another CPU costs it nothing that an attack may add to.
    case (.lateness, .own): bar = spinner + 200
    case (.lateness, _): bar = max(idle, Self.idleBar(arrangement)) + (arrangement.isa == "armv7" ? 2500 : 2000)
    case (.window, _): bar = 3000
    case (.answer, _): bar = 120_000
    }
  }

  /// How late a loop on a shared CPU may be beside others that sleep. Where it is less late than that, what an attack may take
  /// besides does not become less.
  private static func idleBar(_ arrangement: AttackArrangement) -> UInt64 {
    arrangement.policy == .priority ? 1527 : 1680
  }

  /// True where the figure is as promised.
  public func isKept(by figure: UInt64) -> Bool {
    guard let bar else { return true }
    return isLeast ? figure >= bar : figure <= bar
  }
}
