/// What a YAML text is refused for before a parser sees it: what would take it very long, much memory, or more stack than there
/// is. No file that a person writes comes near.
enum YAMLLimits {
  private static let size = 16 << 20
  /// Levels of `[` and `{`, and columns before a line's first word, which levels by indentation need.
  private static let flowDepth = 64
  private static let indentation = 200
  /// Two to this power are the copies that aliases of aliases may make.
  private static let copies = 20.0

  /// Where and why the text is refused; nil where it may be read. The counts are bounds: quotes are not looked at.
  static func excess(in text: String) -> (Position, String)? {
    guard text.utf8.count <= size else { return (.start, "the file has more than 16MiB; give a shorter one") }
    var scan = Scan()
    let bytes = Array(text.utf8)
    for index in bytes.indices {
      if let message = scan.take(bytes[index]) { return (Position(line: scan.line, column: scan.column), message) }
    }
    guard scan.copyLogarithm <= copies else {
      return (.start, "the file has too many anchors (&) and aliases (*) of one another; write them out")
    }
    return nil
  }

  /// The walk through the bytes.
  private struct Scan {
    var line = 1
    var column = 0
    private var depth = 0
    private var isBlank = true
    private var isComment = false
    private var before = UInt8(ascii: "\n")
    private var beforeThat = UInt8(ascii: "\n")
    private var anchorCount = 0
    private var aliasCount = 0

    /// Takes the next byte; returns what is wrong there.
    mutating func take(_ byte: UInt8) -> String? {
      defer { (beforeThat, before) = (before, byte) }
      if byte == 0x0A {
        (line, column, isBlank, isComment) = (line + 1, 0, true, false)
        return nil
      }
      column += 1
      if isComment { return nil }
      if before == 0x26 || before == 0x2A { note(byte) }
      switch byte {
      case 0x20, 0x09, 0x2D, 0x3F, 0x3A: return nil  // Space, tab, - ? : may stand before a line's first word.
      case 0x23 where before <= 0x20:
        isComment = true
        return nil
      case 0x5B, 0x7B: depth += 1  // [ {
      case 0x5D, 0x7D: depth = max(0, depth - 1)  // ] }
      default: break
      }
      if depth > YAMLLimits.flowDepth { return "lists and mappings lie too deep in one another; keep to a few levels" }
      guard isBlank else { return nil }
      isBlank = false
      return column > YAMLLimits.indentation ? "this is indented too deep; keep to a few levels" : nil
    }

    /// Behind `&` or `*`: a name makes an anchor or an alias of it, where a value may begin.
    private mutating func note(_ byte: UInt8) {
      guard byte > 0x20 else { return }
      switch beforeThat {
      case 0...0x20, 0x5B, 0x7B, 0x2C, 0x3A: break  // White space, [ { , :
      default: return
      }
      if before == 0x26 { anchorCount += 1 } else { aliasCount += 1 }
    }

    /// The logarithm of how many copies of something the aliases can make at the most: they share themselves among as many levels
    /// as makes the product greatest, and each level has an anchor.
    var copyLogarithm: Double {
      let levels = min(anchorCount, max(1, aliasCount * 10 / 27))
      guard levels > 0, aliasCount > levels else { return 0 }
      return Double(levels) * logarithm(Double(aliasCount) / Double(levels))
    }

    /// To base 2, from above.
    private func logarithm(_ value: Double) -> Double {
      let exponent = Double(value.exponent)
      return exponent + (value.significand - 1) + 0.0861
    }
  }
}
