/// What a console said, as plain text, and whose line each is.
public struct Transcript: Sendable {
  private var escape = Escape.none
  /// Everything, and under each speaker's name what that one said.
  private var all: [UInt8] = []
  private var streams: [String: [UInt8]] = [:]
  /// Whose the current line is; nil while it has not said, and where it never does.
  private var speaker: String?
  private var lineStart = 0
  private var hasReturned = false

  private enum Escape { case none, begun, sequence, string }

  /// An empty transcript.
  public init() {}

  /// All of the text, without terminal escapes and carriage returns.
  public var text: String { String(decoding: all, as: UTF8.self) }

  /// The text of one speaker: its lines without their `[name] `.
  ///
  /// When another speaks while a line is not done, the hypervisor shows that line again below, from its beginning. So
  /// every line is there in one piece at last, and maybe begun more than once. What a carriage return lets others write
  /// over counts as a line of its own.
  public func text(of speaker: String) -> String { String(decoding: bytes(of: speaker), as: UTF8.self) }

  /// The last lines, to show why something failed.
  public func tail(_ count: Int = 40) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).suffix(count).joined(separator: "\n")
  }

  /// The bytes of one speaker's text, or of all where nobody is named. They only ever grow at the end.
  func bytes(of speaker: String?) -> [UInt8] { speaker.map { streams[$0] ?? [] } ?? all }

  /// Takes more bytes from the console. Escape sequences may be cut anywhere.
  public mutating func append(_ bytes: some Sequence<UInt8>) {
    for byte in bytes where isText(byte) { take(byte) }
  }

  private mutating func take(_ byte: UInt8) {
    guard byte != 0x0D else {
      hasReturned = true
      return
    }
    if hasReturned {
      hasReturned = false
      if byte != 0x0A, all.count > lineStart { add(0x0A) }
    }
    add(byte)
  }

  private mutating func add(_ byte: UInt8) {
    all.append(byte)
    if let speaker { streams[speaker, default: []].append(byte) }
    if byte == 0x0A {
      speaker = nil
      lineStart = all.count
    } else if speaker == nil, byte == 0x20, all[lineStart] == 0x5B, all[all.count - 2] == 0x5D {
      let name = String(decoding: all[lineStart + 1..<all.count - 2], as: UTF8.self)
      if !name.contains(where: { $0 == "]" || $0 == " " }) { speaker = name }
    }
  }

  /// Whether a byte is text. ECMA-48: ESC [ up to a final byte 0x40–0x7E; ESC ] up to BEL; ESC and one byte.
  private mutating func isText(_ byte: UInt8) -> Bool {
    switch escape {
    case .none:
      if byte == 0x1B { escape = .begun }
      return byte >= 0x20 && byte != 0x7F || byte == 0x0A || byte == 0x0D || byte == 0x09
    case .begun:
      escape = byte == 0x5B ? .sequence : byte == 0x5D ? .string : .none
    case .sequence:
      if (0x40...0x7E).contains(byte) { escape = .none }
    case .string:
      if byte == 0x07 { escape = .none }
    }
    return false
  }
}

extension [UInt8] {
  /// The index past the first occurrence of `pattern` at or after `start`.
  func end(of pattern: [UInt8], from start: Int) -> Int? {
    guard let first = pattern.first else { return start }
    var index = start
    while index + pattern.count <= count {
      guard let next = self[index...(count - pattern.count)].firstIndex(of: first) else { return nil }
      if self[next..<next + pattern.count].elementsEqual(pattern) { return next + pattern.count }
      index = next + 1
    }
    return nil
  }
}
