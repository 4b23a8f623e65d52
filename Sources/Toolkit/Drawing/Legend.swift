/// Which colour stands for what.
public struct Legend: Sendable {
  /// A name and how its sample is drawn, in a box of 14 by 10 pixels with the given upper left corner.
  public struct Entry: Sendable {
    /// What the sample stands for.
    public var name: String
    /// Draws the sample.
    public var sample: @Sendable (_ x: Double, _ y: Double) -> Element

    /// A name and its sample.
    public init(_ name: String, sample: @escaping @Sendable (_ x: Double, _ y: Double) -> Element) {
      self.name = name
      self.sample = sample
    }

    /// A box of a colour.
    public static func colour(_ colour: String, _ name: String) -> Entry {
      Entry(name) { .rectangle(x: $0, y: $1, width: 14, height: 10, fill: colour, radius: 2) }
    }
  }

  /// The entries, in order.
  public var entries: [Entry]

  /// A legend of entries.
  public init(_ entries: [Entry]) { self.entries = entries }

  /// How high the legend is that `element` draws.
  public func height(width: Double) -> Double { Double(rows(width: width).count) * Self.rowHeight }

  /// The legend at its place, in as many rows as its width asks for.
  public func element(x: Double, y: Double, width: Double) -> Element {
    var children: [Element] = []
    for (row, entries) in rows(width: width).enumerated() {
      var left = x
      let top = y + Double(row) * Self.rowHeight
      for entry in entries {
        children.append(entry.sample(left, top + 4))
        children.append(.text(entry.name, x: left + 20, y: top + 13))
        left += Self.width(entry)
      }
    }
    return .group("legend", children)
  }

  private static var rowHeight: Double { 20 }

  private static func width(_ entry: Entry) -> Double { 20 + Style.width(of: entry.name) + 20 }

  private func rows(width: Double) -> [[Entry]] {
    var rows: [[Entry]] = []
    var left = 0.0
    for entry in entries {
      if rows.isEmpty || left + Self.width(entry) > width {
        rows.append([])
        left = 0
      }
      rows[rows.count - 1].append(entry)
      left += Self.width(entry)
    }
    return rows
  }
}
