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

  /// The byte at `index`, below `count`.
  public subscript(index: Int) -> UInt8 { bytes[index] }
}
