/// The block function of ChaCha20 (RFC 8439, 2.3).
enum ChaCha20 {
  /// One block of key stream, word by word: what `key` makes of `counter` and `nonce`.
  ///
  /// The state is sixteen variables, not an array, so that the compiler can keep it in registers.
  @inline(never)
  static func block(key: [8 of UInt32], counter: UInt32, nonce: [3 of UInt32]) -> [16 of UInt32] {
    // "expand 32-byte k".
    let start: [16 of UInt32] = [
      0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574, key[0], key[1], key[2], key[3],
      key[4], key[5], key[6], key[7], counter, nonce[0], nonce[1], nonce[2],
    ]
    var (a0, a1, a2, a3) = (start[0], start[1], start[2], start[3])
    var (b0, b1, b2, b3) = (start[4], start[5], start[6], start[7])
    var (c0, c1, c2, c3) = (start[8], start[9], start[10], start[11])
    var (d0, d1, d2, d3) = (start[12], start[13], start[14], start[15])
    for _ in 0..<10 {
      quarterRound(&a0, &b0, &c0, &d0)
      quarterRound(&a1, &b1, &c1, &d1)
      quarterRound(&a2, &b2, &c2, &d2)
      quarterRound(&a3, &b3, &c3, &d3)
      quarterRound(&a0, &b1, &c2, &d3)
      quarterRound(&a1, &b2, &c3, &d0)
      quarterRound(&a2, &b3, &c0, &d1)
      quarterRound(&a3, &b0, &c1, &d2)
    }
    var block: [16 of UInt32] = [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3]
    for index in 0..<16 { block[index] &+= start[index] }
    return block
  }

  @inline(__always)
  private static func quarterRound(_ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32, _ d: inout UInt32) {
    a &+= b
    d = rotated(d ^ a, by: 16)
    c &+= d
    b = rotated(b ^ c, by: 12)
    a &+= b
    d = rotated(d ^ a, by: 8)
    c &+= d
    b = rotated(b ^ c, by: 7)
  }

  @inline(__always)
  private static func rotated(_ value: UInt32, by count: UInt32) -> UInt32 {
    value &<< count | value &>> (32 &- count)
  }
}
