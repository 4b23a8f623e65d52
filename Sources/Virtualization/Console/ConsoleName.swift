public import Architecture

/// The name under which a VM's lines appear on the console: up to 32 bytes, kept inline.
public struct ConsoleName: Sendable {
  private var bytes: [32 of UInt8] = .init(repeating: 0)
  /// How many bytes the name has, 0 to 32.
  public private(set) var count = 0

  /// The first 32 bytes of `text`. Bytes that do not print become `?`, so that a name cannot carry escape sequences.
  public init(_ text: Span<UInt8>) {
    for index in text.indices { append(text[index]) }
  }

  /// The first 32 bytes of a literal.
  public init(_ text: StaticString) {
    for index in 0..<text.utf8CodeUnitCount { unsafe append(text.utf8Start[index]) }
  }

  /// The byte at `index`, below `count`.
  public subscript(index: Int) -> UInt8 { bytes[index] }

  /// Writes all of it.
  public func write(to sink: inout some ByteSink & ~Copyable) { sink.write(bytes.span.extracting(first: count)) }

  private mutating func append(_ byte: UInt8) {
    guard count < 32 else { return }
    bytes[count] = byte > 0x20 && byte < 0x7f ? byte : UInt8(ascii: "?")
    count += 1
  }
}
