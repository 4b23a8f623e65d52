internal import Foundation

/// A piece of an SVG picture. Lengths are in pixels, from the upper left corner.
public struct Element: Sendable {
  /// The element's name, such as `rect`.
  public var name: String
  /// Its attributes, in the order in which they are written.
  public var attributes: [(name: String, value: String)]
  /// What is inside, after the text.
  public var children: [Element]
  /// The text inside.
  public var text: String?

  /// An element with what is in it.
  public init(
    _ name: String, _ attributes: [(name: String, value: String)] = [], text: String? = nil, _ children: [Element] = []
  ) {
    self.name = name
    self.attributes = attributes
    self.children = children
    self.text = text
  }

  /// The element as XML, each child on a line of its own.
  public var xml: String {
    var out = ""
    write(to: &out, indent: "")
    return out
  }

  private func write(to out: inout String, indent: String) {
    out += "\(indent)<\(name)"
    for (name, value) in attributes { out += " \(name)=\"\(Self.escaped(value))\"" }
    guard text != nil || !children.isEmpty else {
      out += "/>\n"
      return
    }
    out += ">\(Self.escaped(text ?? ""))"
    if name == "text" {
      // White space inside a text is a part of it.
      for child in children { out += child.xml.trimmingCharacters(in: .newlines) }
    } else if !children.isEmpty {
      out += "\n"
      for child in children { child.write(to: &out, indent: indent + " ") }
      out += indent
    }
    out += "</\(name)>\n"
  }

  /// A text as XML can hold it, in an attribute too. Control characters, which XML has no way to write, are left out.
  private static func escaped(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      case _ where scalar.value < 0x20 && scalar != "\n" && scalar != "\t": break
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }
}

extension Element {
  /// A rectangle. `style` names classes of `Style`; a colour given in `fill` takes their place.
  public static func rectangle(
    x: Double, y: Double, width: Double, height: Double, style: String? = nil, fill: String? = nil,
    radius: Double = 0, tooltip: String? = nil
  ) -> Element {
    var element = Element(
      "rect", [("x", number(x)), ("y", number(y)), ("width", number(width)), ("height", number(height))])
    if radius > 0 { element.attributes.append(("rx", number(radius))) }
    return element.styled(style, fill: fill, tooltip)
  }

  /// A straight line. `style` names classes of `Style`; a colour given in `stroke` takes their place.
  public static func line(
    x1: Double, y1: Double, x2: Double, y2: Double, style: String? = nil, stroke: String? = nil, tooltip: String? = nil
  ) -> Element {
    var element = Element("line", [("x1", number(x1)), ("y1", number(y1)), ("x2", number(x2)), ("y2", number(y2))])
    if let stroke { element.attributes.append(("stroke", stroke)) }
    return element.styled(style, fill: nil, tooltip)
  }

  /// A path: `data` as SVG has it.
  public static func path(_ data: String, style: String? = nil, fill: String? = nil, tooltip: String? = nil) -> Element
  {
    Element("path", [("d", data)]).styled(style, fill: fill, tooltip)
  }

  /// One line of text, whose baseline is at `y`.
  public static func text(
    _ text: String, x: Double, y: Double, anchor: Anchor = .start, style: String? = nil
  ) -> Element {
    var element = Element("text", [("x", number(x)), ("y", number(y))], text: text)
    if anchor != .start { element.attributes.append(("text-anchor", anchor.rawValue)) }
    return element.styled(style, fill: nil, nil)
  }

  /// A heading and, after it on the same line, what there is to say about it.
  public static func heading(_ text: String, _ rest: String, x: Double, y: Double) -> Element {
    var element = Element.text(text, x: x, y: y, style: "head")
    element.children.append(Element("tspan", [("dx", "10"), ("class", "rest")], text: rest))
    return element
  }

  /// Elements that belong together.
  public static func group(_ style: String? = nil, _ children: [Element]) -> Element {
    Element("g", [], children).styled(style, fill: nil, nil)
  }

  /// Which part of a text is at its place.
  public enum Anchor: String, Sendable {
    case start, middle, end
  }

  /// A length with two decimals at most.
  static func number(_ value: Double) -> String {
    let rounded = (value * 100).rounded() / 100
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }

  /// Viewers show the tooltip while the pointer is over the element.
  private func styled(_ style: String?, fill: String?, _ tooltip: String?) -> Element {
    var element = self
    if let style { element.attributes.append(("class", style)) }
    if let fill { element.attributes.append(("fill", fill)) }
    if let tooltip { element.children.append(Element("title", text: tooltip)) }
    return element
  }
}
