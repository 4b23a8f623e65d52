public import Architecture

/// A message of the hypervisor while it is composed, kept inline. What does not fit is dropped.
public struct ConsoleMessage: ByteSink {
  private var bytes: [512 of UInt8] = .init(repeating: 0)
  /// How many bytes the message has so far.
  public private(set) var count = 0

  /// An empty message.
  public init() {}

  /// Takes one byte.
  public mutating func write(_ byte: UInt8) {
    guard count < 512 else { return }
    bytes[count] = byte
    count += 1
  }

  /// Takes many at once.
  public mutating func write(_ text: Span<UInt8>) {
    for index in 0..<min(text.count, 512 &- count) { bytes[count &+ index] = text[index] }
    count = min(count &+ text.count, 512)
  }

  /// Takes many at once.
  public mutating func write(_ text: StaticString) {
    let start = unsafe text.utf8Start
    for index in 0..<min(text.utf8CodeUnitCount, 512 &- count) { unsafe bytes[count &+ index] = start[index] }
    count = min(count &+ text.utf8CodeUnitCount, 512)
  }

  /// The byte at `index`, below `count`.
  public subscript(index: Int) -> UInt8 { bytes[index] }

  /// True for a line with its end, and nothing behind it.
  var isLine: Bool {
    guard count > 0, bytes[count &- 1] == UInt8(ascii: "\n") else { return false }
    for index in 0..<count &- 1 where bytes[index] == UInt8(ascii: "\n") { return false }
    return true
  }

  /// Writes a line but for its end. Mutating, because a value of this size that is only read is copied first.
  mutating func writeLine(to sink: inout some ByteSink & ~Copyable) {
    sink.write(bytes.span.extracting(first: count &- 1))
  }
}
