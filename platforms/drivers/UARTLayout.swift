/// How a simple UART is worked: where its registers are, and which bits say what. The driver is one for all (`LayoutPort`).
struct UARTLayout: Sendable {
  /// Bits of a register of which one at least must be set, or all must be clear.
  struct Condition: Sendable {
    var offset: UInt16
    var bits: UInt32
    var isSet: Bool

    init(_ offset: UInt16, _ bits: UInt32, isSet: Bool = true) {
      self.offset = offset
      self.bits = bits
      self.isSet = isSet
    }
  }

  /// A change of a register: some bits cleared, others set. Where all are cleared, it is not read before.
  struct Step: Sendable {
    var offset: UInt16
    var cleared: UInt32
    var set: UInt32

    /// Keeps all other bits.
    init(_ offset: UInt16, clear: UInt32 = 0, set: UInt32 = 0) {
      self.offset = offset
      cleared = clear
      self.set = set
    }

    /// Writes all of the register.
    init(_ offset: UInt16, store value: UInt32) { self.init(offset, clear: .max, set: value) }

    /// Does nothing.
    static var none: Step { Step(.max) }
    /// True for a step that does something.
    var isThere: Bool { offset != .max }
  }

  /// Bytes of an access, but to the data: 2 or 4.
  var width: UInt32 = 4
  /// Bytes of an access to the data: 1 or 4; nil for what the tree says or, where it says nothing, 1.
  var dataWidth: UInt32? = 4
  /// Where a byte to send is written.
  var transmit: UInt16
  /// Where a received byte is read.
  var receive: UInt16
  /// There is room for one byte at least.
  var hasRoom: Condition
  /// A byte was received.
  var hasReceived: Condition
  /// The register that lets interrupts through.
  var interrupts: UInt16
  /// Its bits for what was received, and whatever else is always on there.
  var receiveBits: UInt32
  /// Its bits for room to send.
  var transmitBits: UInt32
  /// All of its bits that are ours; the others stay as they are.
  var ownBits: UInt32
  /// True where a bit that is set holds an interrupt back.
  var isMask = false
  /// What turns the port on.
  var setup: [8 of Step] = .init(repeating: .none)
  /// What precedes each byte that is sent.
  var beforeByte: [3 of Step] = .init(repeating: .none)
  /// What follows a byte that was sent.
  var afterByte = Step.none
  /// What follows a byte that was received.
  var afterReceived = Step.none
  /// What forgets that an interrupt came, before the port is looked at.
  var acknowledge: [2 of Step] = .init(repeating: .none)
}
