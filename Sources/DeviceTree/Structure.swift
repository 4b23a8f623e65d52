/// The check that makes a blob safe to read: header, reservation block, strings and every tag of the structure block
/// (Devicetree Specification v0.4 §5.2 to §5.5).
@safe struct Structure {
  let bytes: UnsafeRawBufferPointer

  /// More levels than any real tree has; a bound so that walks towards the root stay short.
  static let depthLimit = 32

  init(unsafeBytes bytes: UnsafeRawBufferPointer) { unsafe self.bytes = bytes }

  /// Where the parts of a blob are, as offsets in bytes from its start, and how much there is of them.
  struct Shape {
    var byteCount: Int
    var structure: Int
    var strings: Int
    var reservations: Int
    var reservationCount: Int
    var nodeCount: Int
  }

  /// The blob's shape, or what is wrong with it.
  func check() throws(DeviceTreeError) -> Shape {
    guard unsafe UInt(bitPattern: bytes.baseAddress) % 8 == 0 else { throw DeviceTreeError(.misaligned) }
    guard unsafe bytes.count >= 40 else { throw DeviceTreeError(.truncated) }
    guard cell(0) == 0xd00d_feed else { throw DeviceTreeError(.notADeviceTree) }
    guard word(20) >= 17, word(24) <= 17 else { throw DeviceTreeError(.version(UInt32(word(20)))) }
    let size = word(4)
    guard size >= 40, unsafe size <= bytes.count, size <= Int(Int32.max) else { throw DeviceTreeError(.truncated) }

    let strings = try block(start: word(12), size: word(32), in: size, alignment: 1)
    let structure = try block(start: word(8), size: word(36), in: size, alignment: 4)
    // With a NUL at the end of the strings, every name in it is terminated.
    guard unsafe strings.isEmpty || bytes[strings.upperBound - 1] == 0 else { throw DeviceTreeError(.structure) }
    return Shape(
      byteCount: size, structure: structure.lowerBound, strings: strings.lowerBound, reservations: word(16),
      reservationCount: try checkReservations(from: word(16), to: size),
      nodeCount: try checkTags(structure, nameCount: strings.count))
  }

  /// The big-endian word at a byte offset that the caller has checked.
  func cell(_ offset: Int) -> UInt32 {
    UInt32(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// The same as a size or an offset, where a number that is too large for one is the largest: no blob reaches so far.
  func word(_ offset: Int) -> Int { Int(clamping: cell(offset)) }

  /// A block of the header, where it lies inside the blob.
  private func block(start: Int, size: Int, in total: Int, alignment: Int) throws(DeviceTreeError) -> Range<Int> {
    guard start % alignment == 0, start >= 40, start <= total, size <= total - start else {
      throw DeviceTreeError(.structure)
    }
    return start..<start + size
  }

  /// Looks for the empty entry that ends the reservation block, and counts those before it. Readers may stop at the first
  /// without a size, so only those before that count.
  private func checkReservations(from start: Int, to end: Int) throws(DeviceTreeError) -> Int {
    guard start % 8 == 0, start >= 40, start <= end else { throw DeviceTreeError(.structure) }
    var offset = start
    var count: Int?
    while end - offset >= 16 {
      if count == nil, word(offset + 8) | word(offset + 12) == 0 { count = (offset - start) / 16 }
      if let count, word(offset) | word(offset + 4) | word(offset + 8) | word(offset + 12) == 0 { return count }
      offset += 16
    }
    throw DeviceTreeError(.structure)
  }

  /// Walks the structure block: one root, balanced nodes, names and values inside the block. Counts the nodes.
  private func checkTags(_ block: Range<Int>, nameCount: Int) throws(DeviceTreeError) -> Int {
    var offset = block.lowerBound
    var depth = 0
    var nodeCount = 0
    while offset + 4 <= block.upperBound {
      let tag = word(offset)
      offset += 4
      switch tag {
      case 1 where depth > 0 || nodeCount == 0:
        nodeCount += 1
        depth += 1
        guard depth <= Self.depthLimit else { throw DeviceTreeError(.structure) }
        offset = try endOfName(from: offset, to: block.upperBound)
      case 2 where depth > 0:
        depth -= 1
      case 3 where depth > 0:
        offset = try endOfProperty(from: offset, to: block.upperBound, nameCount: nameCount)
      case 4:
        continue
      case 9 where depth == 0 && nodeCount > 0:
        return nodeCount
      default:
        throw DeviceTreeError(.structure)
      }
    }
    throw DeviceTreeError(.structure)
  }

  /// Where the next tag follows a node's name.
  private func endOfName(from start: Int, to end: Int) throws(DeviceTreeError) -> Int {
    var offset = start
    while offset < end, unsafe bytes[offset] != 0 { offset += 1 }
    guard offset < end else { throw DeviceTreeError(.structure) }
    return (offset + 4) & ~3
  }

  /// Where the next tag follows a property's header and value.
  private func endOfProperty(from start: Int, to end: Int, nameCount: Int) throws(DeviceTreeError) -> Int {
    guard start + 8 <= end, word(start + 4) < nameCount, word(start) <= end - start - 8 else {
      throw DeviceTreeError(.structure)
    }
    return (start + 8 + word(start) + 3) & ~3
  }
}
