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
