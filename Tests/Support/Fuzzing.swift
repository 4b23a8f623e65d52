internal import Foundation

/// Inputs at random for a bounded number of executions. TVISOR_SOAK=n runs n times as many, TVISOR_SEED=n starts elsewhere. A
/// trap ends the process, and is a finding: the same seed and count find it again.
public struct Fuzzing {
  /// How many times as long as usual.
  public static let factor = environment["TVISOR_SOAK"].flatMap { Int($0) } ?? 1
  /// Added to each test's own seed.
  public static let seed = environment["TVISOR_SEED"].flatMap { UInt64($0) } ?? 0
  private static let environment = ProcessInfo.processInfo.environment

  /// The numbers that an execution is made from.
  public var random: SplitMix

  /// Calls `body` `count` times the factor, and says how often that was.
  public static func run(_ name: String, _ count: Int, _ body: (inout Fuzzing) throws -> Void) rethrows {
    let start = name.utf8.reduce(seed) { $0 &* 31 &+ UInt64($1) }
    print("fuzz: \(name) from seed \(seed), \(count * factor) executions")
    var fuzzing = Fuzzing(random: SplitMix(state: start))
    for _ in 0..<(count * factor) { try body(&fuzzing) }
  }

  /// One of `values`.
  public mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }

  /// A number from 0 to `limit` - 1.
  public mutating func below(_ limit: Int) -> Int { Int(random.next() % UInt64(max(limit, 1))) }

  /// Small numbers, single bits, edges, and anything.
  public mutating func value() -> UInt64 {
    switch below(5) {
    case 0: random.next() % 32
    case 1: 1 << (random.next() % 64)
    case 2: pick([0, .max, 1 << 63, .max >> 1, 0xffff_ffff, 0x8000_0000, 0x4000_0000]) &+ random.next() % 5 &- 2
    default: random.next()
    }
  }

  /// One of `corpus` with some of its bytes changed, and now and then some left out, doubled, or taken from another one.
  public mutating func mutation(of corpus: [[UInt8]]) -> [UInt8] {
    var bytes = pick(corpus)
    for _ in 0...below(4) where !bytes.isEmpty {
      let place = below(bytes.count)
      let end = min(bytes.count, place + 1 + below(16))
      switch below(10) {
      case 0...2: bytes[place] ^= 1 << UInt8(below(8))
      case 3...5: bytes[place] = UInt8(truncatingIfNeeded: random.next())
      case 6:
        let value = value()
        for index in place..<end {
          bytes[index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * ((index - place) & 7)))
        }
      case 7: bytes.removeSubrange(place..<end)
      case 8: bytes.insert(contentsOf: Array(bytes[place..<end]), at: below(bytes.count))
      default:
        let other = pick(corpus)
        let from = below(other.count)
        bytes.replaceSubrange(place..<end, with: other[from..<min(other.count, from + 1 + below(32))])
      }
    }
    return bytes
  }
}
