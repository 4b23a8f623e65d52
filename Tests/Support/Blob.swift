public import Architecture
public import DeviceTree

/// Memory for a tree under test: at a multiple of eight, and never given back, as on the target.
public func makeBuffer(byteCount: Int) -> UnsafeMutableRawBufferPointer {
  UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 8)
}

/// A copy of `bytes` where a tree may lie.
public func place(_ bytes: [UInt8]) -> UnsafeRawBufferPointer {
  let buffer = unsafe makeBuffer(byteCount: bytes.count)
  unsafe buffer.copyBytes(from: bytes)
  return UnsafeRawBufferPointer(buffer)
}

/// The bytes of a tree whose root has what `content` writes.
public func makeBlob(
  reserving ranges: [AddressRange<PhysicalAddress>] = [],
  _ content: (inout DeviceTreeWriter) throws(DeviceTreeError) -> Void
) throws -> [UInt8] {
  let buffer = unsafe makeBuffer(byteCount: 1 << 16)
  var writer = try unsafe DeviceTreeWriter(unsafeBuffer: buffer)
  for range in ranges { try writer.reserve(range) }
  try writer.root(content)
  let count = try writer.finish()
  return unsafe Array(buffer[..<count])
}

/// A tree whose root has what `content` writes.
public func makeTree(
  reserving ranges: [AddressRange<PhysicalAddress>] = [],
  _ content: (inout DeviceTreeWriter) throws(DeviceTreeError) -> Void
) throws -> DeviceTree {
  try unsafe DeviceTree(unsafeBytes: place(makeBlob(reserving: ranges, content)))
}

extension DeviceTree {
  /// The tree in `bytes`, with its index on the heap for good.
  public init(unsafeBytes bytes: UnsafeRawBufferPointer) throws(DeviceTreeError) {
    var storage = HeapStorage()
    try unsafe self.init(unsafeBytes: bytes, in: &storage)
  }
}

/// A region of the host's memory.
public func region(_ start: UInt64, _ size: UInt64) -> AddressRange<PhysicalAddress> {
  AddressRange(start: PhysicalAddress(start), size: size)
}

/// Collects what is written to it.
public struct Transcript: ByteSink {
  /// The bytes so far.
  public var bytes: [UInt8] = []
  /// Nothing collected yet.
  public init() {}
  /// The bytes as text.
  public var text: String { String(decoding: bytes, as: UTF8.self) }
  /// Collects a byte.
  public mutating func write(_ byte: UInt8) { bytes.append(byte) }
}

extension Text {
  /// The text as a string, to compare with.
  public var string: String { String(decoding: self, as: UTF8.self) }
}

/// A generator with a seed, so that a failure can be had again.
public struct SplitMix {
  private var state: UInt64
  /// A generator that starts at `seed`.
  public init(state seed: UInt64) { state = seed }
  /// The next number.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return value ^ value >> 31
  }
}
