/// Collects the bytes of one character of UTF-8 (The Unicode Standard, table 3-7), so that it is shown whole or not at all.
struct CharacterFilter {
  private(set) var bytes: [4 of UInt8] = .init(repeating: 0)
  /// How many bytes are collected.
  private(set) var count = 0
  /// How many are to come, and what the next may be.
  private var missing = 0
  private var lowest: UInt8 = 0x80
  private var highest: UInt8 = 0xbf

  init() {}

  /// Forgets what is collected: something else came in between, and what comes now is no part of it.
  mutating func reset() {
    count = 0
    missing = 0
  }

  /// Takes the next byte, 0x80 or above. True where it ended a character that may be shown, which now stands in `bytes`. What
  /// is no UTF-8 is dropped.
  mutating func take(_ byte: UInt8) -> Bool {
    if missing > 0, lowest...highest ~= byte {
      (lowest, highest) = (0x80, 0xbf)
      bytes[count] = byte
      count += 1
      missing -= 1
      return missing == 0 && !isControl
    }
    begin(byte)
    return false
  }

  private mutating func begin(_ byte: UInt8) {
    (lowest, highest) = (0x80, 0xbf)
    switch byte {
    case 0xc2:
      // U+0080 to U+009F: to a terminal, what begins an escape sequence and the like in one character.
      lowest = 0xa0
      missing = 1
    case 0xc3...0xdf: missing = 1
    case 0xe0...0xef:
      if byte == 0xe0 { lowest = 0xa0 }
      if byte == 0xed { highest = 0x9f }
      missing = 2
    case 0xf0...0xf4:
      if byte == 0xf0 { lowest = 0x90 }
      if byte == 0xf4 { highest = 0x8f }
      missing = 3
    default: return reset()
    }
    bytes[0] = byte
    count = 1
  }

  /// What ends lines (U+2028, U+2029), or has a terminal show what stands before it elsewhere: marks and controls of direction
  /// (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069).
  private var isControl: Bool {
    if count == 2 { return bytes[0] == 0xd8 && bytes[1] == 0x9c }
    guard count == 3, bytes[0] == 0xe2 else { return false }
    return switch (bytes[1], bytes[2]) {
    case (0x80, 0x8e...0x8f), (0x80, 0xa8...0xae), (0x81, 0xa6...0xa9): true
    default: false
    }
  }
}
