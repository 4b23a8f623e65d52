/// Collects one escape sequence (ECMA-48 §5.4), so that it is shown whole or not at all.
struct EscapeSequence {
  private(set) var bytes: [48 of UInt8] = .init(repeating: 0)
  /// How many bytes are collected.
  private(set) var count = 0
  private var stage = Stage.none

  private enum Stage {
    case none
    /// ESC and perhaps intermediate bytes.
    case escape
    /// A control sequence: ESC [ and parameters.
    case control
    /// A control sequence that is too long to be kept.
    case overlong
    /// A string for the terminal (title and the like), up to BEL or ESC \: it is thrown away.
    case string
    /// ESC within a string.
    case stringEscape
  }

  /// What a byte means while sequences are looked for.
  enum Step {
    /// The byte is text.
    case text
    /// The byte belongs to a sequence that goes on.
    case taken
    /// The byte ended a sequence, which now stands in `bytes`.
    case complete
  }

  init() {}

  /// True while the collected sequence sets colours and the like (SGR: ESC [ … m). With more than numbers in it it would be
  /// another one: `ESC [ ? 4 m` asks the terminal something, which answers as if somebody typed.
  var isGraphicRendition: Bool {
    guard count >= 3, bytes[1] == UInt8(ascii: "["), bytes[count - 1] == UInt8(ascii: "m") else { return false }
    for index in 2..<(count - 1) where !(UInt8(ascii: "0")...UInt8(ascii: ";") ~= bytes[index]) { return false }
    return true
  }

  /// How many columns the cursor shall go to the left, as a program that edits a line says it (CUB: ESC [ n D); 0 where it does
  /// not.
  var columnsToTheLeft: Int { bytes[count - 1] == UInt8(ascii: "D") ? parameter.map { max($0, 1) } ?? 0 : 0 }

  /// True for what changes nothing but the line of the cursor, to the right of it: erasing to the end of the line or of the
  /// screen (EL, ED), which the line is the last of; ways to the right (CUF); to delete, insert and erase characters (DCH, ICH,
  /// ECH).
  var staysToTheRight: Bool {
    switch bytes[count - 1] {
    case UInt8(ascii: "K"), UInt8(ascii: "J"): parameter == 0
    case UInt8(ascii: "C"), UInt8(ascii: "P"), UInt8(ascii: "@"), UInt8(ascii: "X"): parameter != nil
    default: false
    }
  }

  /// The number in a control sequence that has one at the most, 0 by default, up to 999; nil where it is another sequence.
  private var parameter: Int? {
    guard count >= 3, count <= 6, bytes[1] == UInt8(ascii: "[") else { return nil }
    var value = 0
    for index in 2..<(count - 1) {
      guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[index] else { return nil }
      value = value * 10 + Int(bytes[index] - UInt8(ascii: "0"))
    }
    return value
  }

  /// Takes the next byte of a VM's output.
  mutating func take(_ byte: UInt8) -> Step {
    switch stage {
    case .none:
      guard byte == 0x1b else { return .text }
      start()
      return .taken
    case .string:
      // A string has no line ends: a guest that forgot to close it does not lose what follows.
      if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
        stage = .none
        return .text
      }
      if byte == 0x1b { stage = .stringEscape } else if byte == 0x07 { stage = .none }
      return .taken
    case .stringEscape:
      stage = byte == UInt8(ascii: "\\") ? .none : .string
      return .taken
    case .escape, .control, .overlong:
      return goOn(byte)
    }
  }

  private mutating func start() {
    stage = .escape
    count = 0
    append(0x1b)
  }

  private mutating func goOn(_ byte: UInt8) -> Step {
    if byte == 0x1b {
      start()
      return .taken
    }
    // A control character cannot be part of a sequence: the guest gave it up, and the character is text.
    guard byte >= 0x20 && byte < 0x7f else {
      stage = .none
      return .text
    }
    guard stage != .overlong && count < 48 else {
      stage = byte < 0x40 ? .overlong : .none
      return .taken
    }
    append(byte)
    if stage == .escape {
      switch byte {
      case UInt8(ascii: "["):
        stage = .control
        return .taken
      case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"):
        stage = .string
        return .taken
      case 0x20...0x2f: return .taken
      default: break
      }
    } else if byte < 0x40 {
      return .taken
    }
    stage = .none
    return .complete
  }

  private mutating func append(_ byte: UInt8) {
    bytes[count] = byte
    count += 1
  }
}
