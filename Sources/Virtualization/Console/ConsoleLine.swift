internal import Architecture

/// The line that one VM is writing.
struct ConsoleLine {
  /// How many bytes of a line are kept.
  static var capacity: Int { 512 }

  let name: ConsoleName
  private var text: [512 of UInt8] = .init(repeating: 0)
  /// How many bytes of `text` belong to the line.
  private(set) var count = 0
  /// The carriage came back, and what follows decides whether that ends the line or starts it anew.
  var hasReturned = false
  /// The guest has set a colour or the like that has to be taken back at the end of the line.
  private(set) var isRendered = false
  var escape = EscapeSequence()
  var character = CharacterFilter()
  /// What a backspace cannot take back: up to the end of the last sequence, of which a part would be another one.
  private var fixedCount = 0

  /// What is shown before the line, made once: `[name] `, in colour where the console has one.
  private var prefix: [48 of UInt8] = .init(repeating: 0)
  private var prefixCount = 0

  /// The line of a VM, or the hypervisor's. `rendition` is the SGR parameter of its prefix, nil for none.
  init(name: ConsoleName, rendition: UInt64?) {
    self.name = name
    if let rendition {
      add("\u{1b}[")
      if rendition >= 10 { add(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rendition / 10)) }
      add(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rendition % 10))
      add("m")
    }
    add("[")
    for index in 0..<name.count { add(name[index]) }
    add("]")
    if rendition != nil { add("\u{1b}[0m") }
    add(" ")
  }

  private mutating func add(_ text: StaticString) {
    for index in 0..<text.utf8CodeUnitCount { unsafe add(text.utf8Start[index]) }
  }

  private mutating func add(_ byte: UInt8) {
    prefix[prefixCount] = byte
    prefixCount += 1
  }

  /// Writes what is shown before the line. Mutating as `write` is.
  @inline(__always)
  mutating func writePrefix(to sink: inout some ByteSink & ~Copyable) {
    sink.write(prefix.span.extracting(first: prefixCount))
  }

  /// Writes what is kept of the line. Mutating, because a value of this size that is only read is copied first.
  @inline(__always)
  mutating func write(to sink: inout some ByteSink & ~Copyable) { sink.write(text.span.extracting(first: count)) }

  /// True where `more` bytes do not fit any more.
  func isFull(for more: Int) -> Bool { count + more > Self.capacity }

  /// Keeps one byte of text.
  mutating func append(_ byte: UInt8) {
    text[count] = byte
    count += 1
  }

  /// Keeps the escape sequence that was just completed.
  mutating func appendSequence() {
    for index in 0..<escape.count { append(escape.bytes[index]) }
    fixedCount = count
    isRendered = true
  }

  /// Keeps the character that was just completed.
  mutating func appendCharacter() {
    for index in 0..<character.count { append(character.bytes[index]) }
  }

  /// Takes back the last character, as a backspace does. False where there is none, or none that surely has one column: a
  /// terminal's cursor would go further back than this knows.
  mutating func dropCharacter() -> Bool {
    guard count > fixedCount else { return false }
    switch text[count - 1] {
    case 0x20...0x7e: count -= 1
    // Latin letters, U+00C0 to U+02BF.
    case 0x80...0xbf where count - fixedCount >= 2 && 0xc3...0xca ~= text[count - 2]: count -= 2
    default: return false
    }
    return true
  }

  /// Forgets the text but not how it was rendered: the line goes on and its beginning is no longer known.
  mutating func forgetText() {
    count = 0
    fixedCount = 0
  }

  /// Starts a new line.
  mutating func clear() {
    forgetText()
    isRendered = false
  }
}
