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

  /// A colour for the thing of that number: the same for the same number, and another for each. After the first eight they go
  /// round the circle by the golden angle, which keeps neighbours apart, and past the alarm's red.
  public static func colour(_ index: Int) -> String {
    guard index >= colours.count else { return colours[max(index, 0)] }
    let turn = (Double(index) * 0.618_033_988_749_895).truncatingRemainder(dividingBy: 1)
    let hue = 25 + turn * 310
    let lightness = [0.45, 0.6, 0.52][index % 3]
    return hexadecimalColour(hue: hue, saturation: 0.45, lightness: lightness)
  }

  /// A colour of the HSL model (CSS Color 4, §7.1) as `#rrggbb`.
  private static func hexadecimalColour(hue: Double, saturation: Double, lightness: Double) -> String {
    let reach = saturation * min(lightness, 1 - lightness)
    let parts = [0.0, 8, 4].map { offset -> String in
      let place = (offset + hue / 30).truncatingRemainder(dividingBy: 12)
      let value = lightness - reach * max(-1, min(place - 3, 9 - place, 1))
      let digits = String(Int((value * 255).rounded()), radix: 16)
      return digits.count == 1 ? "0\(digits)" : digits
    }
    return "#" + parts.joined()
  }

  /// How wide a text is, about: viewers choose the font.
  static func width(of text: String, size: Double = 12) -> Double { Double(text.count) * size * 0.58 }
}
