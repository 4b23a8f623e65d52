/// Pseudo-random numbers, the same on each run (SplitMix64).
struct Dice {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 }

  mutating func bits() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }

  /// A number in the range, bounds included.
  mutating func number(_ range: ClosedRange<UInt64>) -> UInt64 {
    range.lowerBound + bits() % (range.upperBound - range.lowerBound + 1)
  }

  mutating func index(below count: Int) -> Int { Int(bits() % UInt64(count)) }

  /// True once in so many throws.
  mutating func oneIn(_ count: UInt64) -> Bool { bits() % count == 0 }
}
