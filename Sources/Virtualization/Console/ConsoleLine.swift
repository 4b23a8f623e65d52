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

  init(name: ConsoleName) { self.name = name }

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
    isRendered = true
  }

  /// The last byte, 0 where there is none.
  @inline(__always)
  var last: UInt8 { count > 0 ? text[count - 1] : 0 }

  /// Takes back the last byte, as a backspace does.
  mutating func dropLast() { if count > 0 { count -= 1 } }

  /// Forgets the text but not how it was rendered: the line goes on and its beginning is no longer known.
  mutating func forgetText() { count = 0 }

  /// Starts a new line.
  mutating func clear() {
    count = 0
    isRendered = false
  }
}
