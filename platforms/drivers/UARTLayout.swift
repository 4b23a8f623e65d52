/// How a simple UART is worked: where its registers are, and which bits say what. The driver is one for all (`LayoutPort`), and
/// all of it is constants: an image has them as they stand here.
struct UARTLayout: Sendable {
  /// Bits of a register of which one at least must be set, or all must be clear.
  struct Condition: Sendable {
    var offset: UInt16
    var isSet: Bool
    var bits: UInt32

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
    init(_ offset: UInt16, store value: UInt32) {
      self.offset = offset
      cleared = .max
      set = value
    }
  }

  /// Some of `steps`, by the number of the first and how many there are.
  struct Steps: Sendable {
    var first: UInt8
    var count: UInt8

    init(_ first: UInt8, _ count: UInt8) {
      self.first = first
      self.count = count
    }

    /// None of them.
    init() {
      first = 0
      count = 0
    }
  }

  /// How far the registers are behind the place that the tree names.
  var start: UInt16 = 0
  /// Bytes of an access, but to the data: 2 or 4.
  var width: UInt8 = 4
  /// Bytes of an access to the data: 1 or 4; 0 for what the tree says or, where it says nothing, 1.
  var dataWidth: UInt8 = 4
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
  /// True where a bit that is set in it holds an interrupt back.
  var isMask = false
  /// Its bits for what was received, and whatever else is always on there.
  var receiveBits: UInt32
  /// Its bits for room to send.
  var transmitBits: UInt32
  /// All of its bits that are ours; the others stay as they are.
  var ownBits: UInt32
  /// What turns the port on.
  var setup = Steps()
  /// What precedes each byte that is sent.
  var beforeByte = Steps()
  /// What follows a byte that was sent.
  var afterByte = Steps()
  /// What follows a byte that was received.
  var afterReceived = Steps()
  /// What forgets that an interrupt came, before the port is looked at.
  var acknowledge = Steps()
}
