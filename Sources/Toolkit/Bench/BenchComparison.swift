internal import Foundation

/// Two results beside each other. Fewer is better everywhere.
public struct BenchComparison: Sendable {
  /// One figure that both have.
  public struct Row: Equatable, Sendable {
    /// The variant.
    public var variant: String
    /// The figure's name.
    public var name: String
    /// The median then.
    public var before: UInt64
    /// The median now.
    public var now: UInt64

    /// How the figure has changed: 0.02 for two per cent more.
    public var change: Double {
      before == now ? 0 : before == 0 ? .infinity : Double(now) / Double(before) - 1
    }
  }

  /// The figures that both have, by variant and name.
  public var rows: [Row]
  /// Figures that the variants which were run had before and do not have now, as `variant/name`.
  public var missing: [String]

  /// Compares `now` with what was `before`. Only variants that were run now count, and `names` where it is not empty.
  public init(_ now: BenchResult, to before: BenchResult, names: Set<String> = []) {
    rows = []
    missing = []
    for (variant, figures) in now.variants.sorted(by: { $0.key < $1.key }) {
      for (name, old) in (before.variants[variant] ?? [:]).sorted(by: { $0.key < $1.key })
      where names.isEmpty || names.contains(name) {
        if let new = figures[name] {
          rows.append(Row(variant: variant, name: name, before: old.median, now: new.median))
        } else {
          missing.append("\(variant)/\(name)")
        }
      }
    }
  }

  /// What a quotient may be off by.
  private static let rounding = 1e-9

  /// The figures that grew by more than `tolerance`. Where so few are counted that one more is beyond it, one is allowed:
  /// a change of the compiler's moves it from path to path.
  public func worse(than tolerance: Double) -> [Row] {
    rows.filter { $0.change > tolerance + Self.rounding && $0.now > $0.before + 1 }
  }

  /// The figures that shrank by more than `tolerance`: the baseline no longer holds the line there.
  public func better(than tolerance: Double) -> [Row] {
    rows.filter { $0.change < -tolerance - Self.rounding && $0.now + 1 < $0.before }
  }

  /// A change in per cent, with its sign.
  public static func percent(_ change: Double) -> String {
    change.isFinite ? String(format: "%+.1f%%", change * 100) : "new"
  }
}
