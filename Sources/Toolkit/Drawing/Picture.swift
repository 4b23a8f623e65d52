/// An SVG file: elements on paper, with a title, that needs nothing outside itself and can be read in light and dark
/// surroundings.
public struct Picture: Sendable {
  /// The width in pixels.
  public var width: Double
  /// The height in pixels.
  public var height: Double
  /// What the picture shows, for screen readers and as its first line of text.
  public var title: String
  /// More about it, in the second line.
  public var subtitle: String
  /// The elements, the lowest first.
  public var elements: [Element] = []

  /// Paper with its title.
  public init(width: Double, height: Double, title: String, subtitle: String = "") {
    self.width = width
    self.height = height
    self.title = title
    self.subtitle = subtitle
  }

  /// The space around everything.
  public static var margin: Double { 20 }
  /// Where the first thing below the title goes.
  public var top: Double { subtitle.isEmpty ? 52 : 72 }

  /// The file's text.
  public var svg: String {
    let size = (Element.number(width), Element.number(height))
    var root = Element(
      "svg",
      [
        ("xmlns", "http://www.w3.org/2000/svg"), ("width", size.0), ("height", size.1),
        ("viewBox", "0 0 \(size.0) \(size.1)"), ("role", "img"),
      ])
    root.children = [
      Element("title", text: title), Element("style", text: Style.sheet),
      .rectangle(x: 0, y: 0, width: width, height: height, style: "paper", radius: 6),
      .text(title, x: Self.margin, y: 34, style: "title"),
    ]
    if !subtitle.isEmpty { root.children.append(.text(subtitle, x: Self.margin, y: 54, style: "muted")) }
    root.children += elements
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + root.xml
  }
}

/// How things look: classes that elements name, and colours.
public enum Style {
  /// The classes: `title`, `head` with `rest`, `muted`, `small` and `alarm-text` for text, `grid` and `axis` for lines,
  /// `lane` for what bars lie on, `overhead` for time that is nobody's, `mark` for outlines, `alarm` and `alarm-line` for
  /// what went wrong. A viewer that knows of dark surroundings takes the dark colours there.
  static let sheet = """
    text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; font-size: 12px; fill: #2b3138; }
    .paper { fill: #ffffff; }
    .title { font-size: 18px; font-weight: 600; }
    .head { font-size: 13px; font-weight: 600; }
    .muted, .rest { fill: #5f6b76; }
    .rest { font-size: 12px; font-weight: 400; }
    .small { font-size: 11px; }
    .grid { stroke: #8c959f; stroke-opacity: 0.28; stroke-width: 1; }
    .axis { stroke: #8c959f; stroke-width: 1; }
    .lane { fill: #8c959f; fill-opacity: 0.10; }
    .mark { stroke: #5f6b76; stroke-width: 1; fill: none; }
    .overhead { fill: #5f6b76; }
    .alarm { fill: #d1242f; stroke: none; }
    .alarm-line { stroke: #d1242f; stroke-width: 1.5; fill: none; }
    .alarm-text { fill: #d1242f; font-weight: 600; }
    @media (prefers-color-scheme: dark) {
      text { fill: #dfe4ea; }
      .paper { fill: #14181d; }
      .muted, .rest { fill: #9aa5b1; }
      .mark { stroke: #9aa5b1; }
      .overhead { fill: #9aa5b1; }
      .alarm, .alarm-text { fill: #ff6b6b; }
      .alarm-line { stroke: #ff6b6b; }
    }
    """

  /// Colours that differ on light and dark paper, for people with colour-blindness too. None is the alarm's red.
  private static let colours = [
    "#4a86c5", "#e39b3b", "#3fa37c", "#a678c0", "#b9a22e", "#4fb3bf", "#c2718e", "#8d8f98",
  ]

  /// A colour for the thing of that number: the same for the same number, and from the ninth on again.
  public static func colour(_ index: Int) -> String { colours[index % colours.count] }

  /// How wide a text is, about: viewers choose the font.
  static func width(of text: String, size: Double = 12) -> Double { Double(text.count) * size * 0.58 }
}

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
