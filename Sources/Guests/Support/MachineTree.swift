internal import GuestEntry

/// What a guest wants from its device tree: where its RAM ends, and its arguments. A walk of the flattened form
/// (Devicetree Specification §5) and no more than that.
public struct MachineTree {
  /// The first address after RAM.
  public private(set) var memoryEnd: UInt64 = VirtMachine.memory &+ 0x800_0000
  /// Where the tree itself lies; empty if there is none.
  public private(set) var extent: Range<UInt64> = 0..<0
  private var arguments: Range<UInt64> = 0..<0
  /// The value of /chosen/kaslr-seed; empty if there is none.
  public private(set) var kaslrSeed: Range<UInt64> = 0..<0
  /// The value of /chosen/rng-seed; empty if there is none.
  public private(set) var randomSeed: Range<UInt64> = 0..<0

  /// Reads the tree at `address`, or the one at the base of RAM, where QEMU puts it for an ELF that it starts without
  /// telling; without either, RAM is taken to be QEMU's default 128 MiB.
  public init(at address: UInt64) {
    if !read(address) { _ = read(VirtMachine.memory) }
  }

  /// The decimal number after `name` and `=` in /chosen/bootargs.
  public func number(_ name: StaticString) -> UInt64? {
    guard let after = find(name), Self.byte(after) == UInt8(ascii: "=") else { return nil }
    var value: UInt64?
    for cursor in (after &+ 1)..<arguments.upperBound {
      let digit = Self.byte(cursor) &- UInt8(ascii: "0")
      guard digit < 10 else { break }
      value = (value ?? 0) &* 10 &+ UInt64(digit)
    }
    return value
  }

  /// True if `name` is a word of /chosen/bootargs.
  public func has(_ name: StaticString) -> Bool { find(name) != nil }

  /// Where the word that begins with `name` goes on, which is at a space, an equals sign or the terminating zero.
  private func find(_ name: StaticString) -> UInt64? {
    let count = UInt64(name.utf8CodeUnitCount)
    var isWordStart = true
    for cursor in arguments {
      let after = cursor &+ count
      if isWordStart, after < arguments.upperBound, Self.matches(name, at: cursor), Self.isWordEnd(Self.byte(after)) {
        return after
      }
      isWordStart = Self.byte(cursor) == UInt8(ascii: " ")
    }
    return nil
  }
}

extension MachineTree {
  private enum Token {
    static let beginNode: UInt64 = 1
    static let endNode: UInt64 = 2
    static let property: UInt64 = 3
    static let nothing: UInt64 = 4
  }

  /// False where no tree is.
  private mutating func read(_ base: UInt64) -> Bool {
    guard base >= VirtMachine.memory, base & 3 == 0, base >> 32 == 0, Self.word(base) == 0xd00d_feed else {
      return false
    }
    extent = base..<(base &+ Self.word(base &+ 4))
    let strings = base &+ Self.word(base &+ 12)
    var cursor = base &+ Self.word(base &+ 8)
    var isMemory = false
    var isChosen = false
    while extent.contains(cursor) {
      let token = Self.word(cursor)
      cursor &+= 4
      switch token {
      case Token.beginNode:
        isMemory = Self.matches("memory", at: cursor)
        isChosen = Self.matches("chosen", at: cursor)
        cursor = Self.aligned(Self.end(of: cursor) &+ 1)
      case Token.property:
        let value = cursor &+ 8
        let length = Self.word(cursor)
        let name = strings &+ Self.word(cursor &+ 4)
        if isMemory, length >= 16, Self.matches("reg\0", at: name) {
          memoryEnd = Self.long(value) &+ Self.long(value &+ 8)
        }
        if isChosen, Self.matches("bootargs\0", at: name) { arguments = value..<(value &+ length) }
        if isChosen, Self.matches("kaslr-seed\0", at: name) { kaslrSeed = value..<(value &+ length) }
        if isChosen, Self.matches("rng-seed\0", at: name) { randomSeed = value..<(value &+ length) }
        cursor = Self.aligned(value &+ length)
      case Token.endNode:
        isMemory = false
        isChosen = false
      case Token.nothing: break
      default: return true
      }
    }
    return true
  }

  private static func byte(_ address: UInt64) -> UInt8 {
    // To look for names takes long, and an emulator that runs its CPUs in turn passes the turn on here.
    guest_relax()
    return UInt8(truncatingIfNeeded: guest_load8(address))
  }
  private static func word(_ address: UInt64) -> UInt64 {
    UInt64(UInt32(truncatingIfNeeded: guest_load32(address)).byteSwapped)
  }
  private static func long(_ address: UInt64) -> UInt64 { word(address) << 32 | word(address &+ 4) }
  private static func aligned(_ address: UInt64) -> UInt64 { (address &+ 3) & ~3 }
  private static func isWordEnd(_ byte: UInt8) -> Bool {
    byte == 0 || byte == UInt8(ascii: " ") || byte == UInt8(ascii: "=")
  }

  private static func end(of text: UInt64) -> UInt64 {
    var cursor = text
    while byte(cursor) != 0 { cursor &+= 1 }
    return cursor
  }

  private static func matches(_ text: StaticString, at address: UInt64) -> Bool {
    let start = unsafe text.utf8Start
    for index in 0..<text.utf8CodeUnitCount {
      guard unsafe start[index] == byte(address &+ UInt64(index)) else { return false }
    }
    return true
  }
}
