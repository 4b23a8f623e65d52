/// An attack, what the loop measured under it, and what it measured where others slept or were busy.
public struct AttackOutcome: Sendable {
  /// The attack.
  public var attackCase: AttackCase
  /// Beside others that sleep.
  public var idle: AttackFigure
  /// Beside others that are busy.
  public var spinner: AttackFigure
  /// Under attack.
  public var attacked: AttackFigure

  /// An outcome with every property given.
  public init(_ attackCase: AttackCase, idle: AttackFigure, spinner: AttackFigure, attacked: AttackFigure) {
    self.attackCase = attackCase
    self.idle = idle
    self.spinner = spinner
    self.attacked = attacked
  }

  /// What the loop is promised.
  public var promise: AttackPromise {
    AttackPromise(attackCase.arrangement, idle: idle.figure, spinner: spinner.figure)
  }

  /// True where the promise is kept.
  public var isKept: Bool { promise.isKept(by: attacked.figure) }
}

/// Outcomes as a table for a terminal.
public struct AttackTable: CustomStringConvertible {
  /// The lines.
  public var description: String

  /// A table of outcomes.
  public init(_ outcomes: [AttackOutcome]) {
    var table = TextTable(
      ["attack", "loop", "GIC", "ISA", "vCPUs", "at", "measure", "idle", "spin", "attacked", "bar", "missed", ""],
      textCount: 7)
    for outcome in outcomes {
      let arrangement = outcome.attackCase.arrangement
      let bar = outcome.promise.bar.map { (outcome.promise.isLeast ? "≥" : "≤") + "\($0)" } ?? "-"
      let blocking = arrangement.blockCount > 0 ? " \(arrangement.blocking)" : ""
      table.rows.append([
        outcome.attackCase.attack.name, arrangement.policy.rawValue, "\(arrangement.gic)", arrangement.isa,
        "\(arrangement.machineCount)x\(arrangement.vcpuCount)", arrangement.placement.rawValue,
        arrangement.measure.rawValue + blocking, "\(outcome.idle.figure)", "\(outcome.spinner.figure)",
        "\(outcome.attacked.figure)", bar, outcome.attacked.values["missed"].map { "\($0)" } ?? "",
        outcome.promise.bar == nil ? "" : outcome.isKept ? "kept" : "BROKEN",
      ])
    }
    description = table.lines.joined(separator: "\n")
  }
}
