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
    unsafe text.withUnsafeBytes { unsafe append($0) }
  }

  /// Takes many at once.
  public mutating func write(_ text: StaticString) {
    unsafe append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// One by one takes ten times as long, and whoever waits for this CPU waits for a whole message to be composed.
  private mutating func append(_ text: UnsafeRawBufferPointer) {
    let added = min(text.count, 512 &- count)
    guard added > 0, let from = text.baseAddress else { return }
    let start = count
    var all = bytes.mutableSpan
    unsafe all.withUnsafeMutableBytes { to in
      guard let first = to.baseAddress else { return }
      unsafe (first + start).copyMemory(from: from, byteCount: added)
    }
    count &+= added
  }

  /// Makes it an empty one.
  public mutating func clear() { count = 0 }

  /// The byte at `index`, below `count`.
  public subscript(index: Int) -> UInt8 { bytes[index] }

  /// True for a line with its end, and nothing behind it. Mutating as `writeLine` is.
  var isLine: Bool {
    mutating get {
      for index in 0..<count where bytes[index] == UInt8(ascii: "\n") { return index == count &- 1 }
      return false
    }
  }

  /// Writes a line but for its end. Mutating, because a value of this size that is only read is copied first.
  mutating func writeLine(to sink: inout some ByteSink & ~Copyable) {
    sink.write(bytes.span.extracting(first: count &- 1))
  }
}
