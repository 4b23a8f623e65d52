internal import DeviceTree

// What tells a bundle that arrived as it was made from one that did not: a loader that cut it, or put something over it. It is no
// proof against intention; who can change the bundle can change the image, too.

extension SystemDescription {
  /// True where the bundle's bytes are those that were written. All of them are read once.
  public var isIntact: Bool {
    guard let digest = tree.root["digest"], let value = digest.u64 else { return false }
    return BundleDigest(of: tree.bytes, sparing: tree.offset(of: digest)).value == value
  }
}

/// Two running sums over the bundle's 32-bit words, the second of the first, as Fletcher's checksum has them: no word can change alone,
/// and few can change places. The digest's own eight bytes count as zeros.
struct BundleDigest {
  private var sum: UInt32 = 1
  private var sumOfSums: UInt32 = 0

  /// The digest of `bytes`, where its own value is at `place`, a multiple of four.
  init(of bytes: RawSpan, sparing place: Int) {
    let end = bytes.byteCount & ~3
    add(bytes, 0..<min(max(place, 0), end))
    add(0)
    add(0)
    add(bytes, min(max(place, 0) + 8, end)..<end)
    var rest: UInt32 = 0
    for index in end..<bytes.byteCount {
      rest = rest << 8 | UInt32(unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))
    }
    add(rest)
  }

  /// The digest.
  var value: UInt64 { UInt64(sumOfSums) << 32 | UInt64(sum) }

  private mutating func add(_ word: UInt32) {
    sum = sum &+ word
    sumOfSums = sumOfSums &+ sum
  }

  /// Adds the words of a part; a flattened tree lies at a multiple of eight. All of a bundle passes here, so this is built fast.
  @_optimize(speed)
  private mutating func add(_ bytes: RawSpan, _ part: Range<Int>) {
    var (sum, sumOfSums) = (sum, sumOfSums)
    unsafe bytes.withUnsafeBytes { memory in
      guard var place = unsafe memory.baseAddress?.advanced(by: part.lowerBound) else { return }
      let end = unsafe place + part.count
      while unsafe place < end {
        sum &+= UInt32(littleEndian: unsafe place.load(as: UInt32.self))
        sumOfSums &+= sum
        unsafe place += 4
      }
    }
    (self.sum, self.sumOfSums) = (sum, sumOfSums)
  }
}
