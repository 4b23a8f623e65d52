public import Architecture

/// A message of the hypervisor while it is composed, kept inline. What does not fit is dropped.
public struct ConsoleMessage: ByteSink {
  private var bytes: [512 of UInt8] = .init(repeating: 0)
  /// How many bytes the message has so far.
  public private(set) var count = 0
  /// How many of them are ends of lines.
  private var lineEndCount = 0

  /// An empty message.
  public init() {}

  /// Takes one byte.
  public mutating func write(_ byte: UInt8) {
    guard count < 512 else { return }
    bytes[count] = byte
    count += 1
    if byte == UInt8(ascii: "\n") { lineEndCount &+= 1 }
  }

  /// Takes many at once.
  public mutating func write(_ text: Span<UInt8>) {
    for index in 0..<min(text.count, 512 &- count) { write(text[index]) }
  }

  /// Takes many at once.
  public mutating func write(_ text: StaticString) {
    let start = unsafe text.utf8Start
    for index in 0..<min(text.utf8CodeUnitCount, 512 &- count) { unsafe write(start[index]) }
  }

  /// The byte at `index`, below `count`.
  public subscript(index: Int) -> UInt8 { bytes[index] }

  /// True for a line with its end, and nothing behind it.
  var isLine: Bool {
    lineEndCount == 1 && bytes[count &- 1] == UInt8(ascii: "\n")
  }

  /// Writes a line but for its end. Mutating, because a value of this size that is only read is copied first.
  mutating func writeLine(to sink: inout some ByteSink & ~Copyable) {
    sink.write(bytes.span.extracting(first: count &- 1))
  }
}
