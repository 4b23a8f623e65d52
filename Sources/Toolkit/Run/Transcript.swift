/// What a console said, as plain text, and whose line each is.
public struct Transcript: Sendable {
  /// All of the text, without terminal escapes and carriage returns.
  public private(set) var text = ""
  private var escape = Escape.none

  private enum Escape { case none, begun, sequence, string }

  /// An empty transcript.
  public init() {}

  /// Takes more bytes from the console. Escape sequences may be cut anywhere.
  public mutating func append(_ bytes: some Sequence<UInt8>) {
    var plain: [UInt8] = []
    for byte in bytes where take(byte) { plain.append(byte) }
    text += String(decoding: plain, as: UTF8.self)
  }

  /// Whether a byte is text. ECMA-48: ESC [ up to a final byte 0x40–0x7E; ESC ] up to BEL; ESC and one byte.
  private mutating func take(_ byte: UInt8) -> Bool {
    switch escape {
    case .none:
      if byte == 0x1B { escape = .begun }
      return byte >= 0x20 && byte != 0x7F || byte == 0x0A || byte == 0x09
    case .begun:
      escape = byte == 0x5B ? .sequence : byte == 0x5D ? .string : .none
    case .sequence:
      if (0x40...0x7E).contains(byte) { escape = .none }
    case .string:
      if byte == 0x07 { escape = .none }
    }
    return false
  }

  /// The text of one speaker: its lines without their `[name] `.
  ///
  /// When another speaks while a line is not done, the hypervisor shows that line again, from its beginning, below. So
  /// every line is there in one piece at last, and maybe begun more than once.
  public func text(of speaker: String) -> String {
    let prefix = "[\(speaker)] "
    return text.split(separator: "\n").filter { $0.hasPrefix(prefix) }.map { $0.dropFirst(prefix.count) }
      .joined(separator: "\n")
  }

  /// The last lines, to show why something failed.
  public func tail(_ count: Int = 40) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).suffix(count).joined(separator: "\n")
  }
}
