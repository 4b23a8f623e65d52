/// One measured path: how many samples there were, and the smallest, the middle and the largest of them.
public struct BenchFigure: Codable, Equatable, Sendable {
  /// How many samples.
  public var count: UInt64
  /// The smallest sample.
  public var least: UInt64
  /// The middle one, by which figures are compared.
  public var median: UInt64
  /// The largest.
  public var most: UInt64
  /// What they count: `instructions`, `ticks` or `bytes`.
  public var unit: String

  enum CodingKeys: String, CodingKey {
    case count = "n"
    case least = "min"
    case median
    case most = "max"
    case unit
  }

  /// A figure with every property given.
  public init(count: UInt64, least: UInt64, median: UInt64, most: UInt64, unit: String) {
    self.count = count
    self.least = least
    self.median = median
    self.most = most
    self.unit = unit
  }

  /// A figure of something that was counted once.
  public init(once value: UInt64, unit: String) {
    self.init(count: 1, least: value, median: value, most: value, unit: unit)
  }

  /// Reads the line that a bench guest writes: `bench: name=… n=… min=… median=… max=… unit=…`, in this order.
  /// - Returns: nil for any other line.
  public static func reading(_ line: some StringProtocol) -> (name: String, figure: BenchFigure)? {
    var words = line.split(separator: " ")[...]
    guard words.popFirst() == "bench:" else { return nil }
    func value(_ key: String) -> Substring? {
      guard let word = words.first, word.hasPrefix(key + "=") else { return nil }
      words.removeFirst()
      return Substring(word.dropFirst(key.count + 1))
    }
    guard let name = value("name"), let count = value("n").flatMap({ UInt64($0) }),
      let least = value("min").flatMap({ UInt64($0) }), let median = value("median").flatMap({ UInt64($0) }),
      let most = value("max").flatMap({ UInt64($0) }), let unit = value("unit"), words.isEmpty, !name.isEmpty
    else { return nil }
    return (
      String(name), BenchFigure(count: count, least: least, median: median, most: most, unit: String(unit))
    )
  }
}
