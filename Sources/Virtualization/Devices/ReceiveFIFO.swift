/// The receive FIFO of a PL011 of revision r1p5: 32 characters, each with its four error bits (DDI 0183G §2.4.1).
struct ReceiveFIFO {
  private var entries: [32 of UInt16] = .init(repeating: 0)
  private var head: UInt8 = 0
  /// How many characters wait, 0 to 32.
  private(set) var count: UInt8 = 0
  /// A character was lost, and none has been stored since that could carry the news.
  private var hasOverrun = false

  /// The overrun bit of an entry, where UARTDR has it.
  static var overrun: UInt16 { 1 << 11 }
  /// The break bit, likewise.
  static var breakCondition: UInt16 { 1 << 10 }

  init() {}

  /// Takes a character that the caller has found room for, with the errors that it came with.
  mutating func push(_ byte: UInt8, errors: UInt16 = 0) {
    entries[Int(head &+ count) & 31] = UInt16(byte) | errors | (hasOverrun ? Self.overrun : 0)
    count = min(count &+ 1, 32)
    hasOverrun = false
  }

  /// Notes that a character came and found no room: the next one stored says so.
  mutating func lose() { hasOverrun = true }

  /// The oldest character with its error bits, or nil where none waits.
  mutating func pop() -> UInt16? {
    guard count > 0 else { return nil }
    let entry = entries[Int(head)]
    head = (head &+ 1) & 31
    count &-= 1
    return entry
  }
}
