/// A generator whose whole state is one number, so that a round is known by its seed (SplitMix64).
struct Random {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// 64 bits.
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    return Self.mixed(state)
  }

  /// 32 bits.
  mutating func word() -> UInt32 { UInt32(truncatingIfNeeded: next() >> 32) }

  /// A number below `limit`, which is not zero.
  mutating func below(_ limit: UInt32) -> UInt32 {
    UInt32(truncatingIfNeeded: (UInt64(word()) &* UInt64(limit)) >> 32)
  }

  /// True once in so many times.
  mutating func oneIn(_ count: UInt32) -> Bool { below(count) == 0 }

  /// One of four.
  mutating func pick<T>(_ a: T, _ b: T, _ c: T, _ d: T) -> T {
    switch below(4) {
    case 0: a
    case 1: b
    case 2: c
    default: d
    }
  }

  /// The seed of what follows from `seed` under a number.
  static func derived(_ seed: UInt64, _ number: UInt64) -> UInt64 {
    mixed(seed &+ number &* 0xd134_2543_de82_ef95 &+ 1)
  }

  private static func mixed(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}
