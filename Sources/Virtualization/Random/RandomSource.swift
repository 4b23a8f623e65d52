/// Random numbers from a seed: ChaCha20 with fast key erasure (each block's first half is the next key, the second half goes
/// out), each seed taken in as CTR_DRBG's update does (SP 800-90A, 10.2.1.2): added to the next key, the first one to none.
///
/// Only the system's seeds make it random. The time of each request goes in beside, as the nonce.
public struct RandomSource: Sendable {
  private var key: [8 of UInt32] = .init(repeating: 0)
  /// True where something random has come in: until then it gives nothing.
  public private(set) var isSeeded = false
  /// True where its numbers shall come again: the times are not taken in.
  private let isRepeatable: Bool
  /// A seed is in the key.
  private var isMixed = false
  /// The last word of the nonce, which tells sources of one seed apart.
  private var number: UInt32 = 0

  /// A source that is not seeded.
  public init(isRepeatable: Bool = false) { self.isRepeatable = isRepeatable }

  /// Takes in 32 bytes, at the time `now`; `isRandom` says that they are worth something.
  @inline(never)
  public mutating func mix(_ seed: [8 of UInt32], at now: UInt64, isRandom: Bool) {
    if isMixed { _ = next(at: now) }
    isMixed = true
    for index in 0..<8 { key[index] ^= seed[index] }
    if isRandom { isSeeded = true }
  }

  /// 32 random bytes, at the time `now`, word by word.
  @inline(never)
  public mutating func next(at now: UInt64) -> [8 of UInt32] {
    let time = isRepeatable ? 0 : now
    let nonce = [UInt32(truncatingIfNeeded: time), UInt32(truncatingIfNeeded: time >> 32), number] as [3 of UInt32]
    let block = ChaCha20.block(key: key, counter: 0, nonce: nonce)
    var output: [8 of UInt32] = .init(repeating: 0)
    for index in 0..<8 {
      key[index] = block[index]
      output[index] = block[8 + index]
    }
    return output
  }

  /// The source of that number, not 0, of the same seed: its numbers tell nothing of those of other ones.
  public func source(_ number: UInt32) -> RandomSource {
    var source = self
    source.number = number
    return source
  }
}
