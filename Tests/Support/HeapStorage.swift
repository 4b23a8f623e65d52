public import Architecture

/// Storage from the host's heap, for as long as the test process lives, up to a limit that a test may set.
public struct HeapStorage: StorageProvider {
  /// How many bytes may still be handed out.
  public private(set) var remainingByteCount: Int

  /// Storage with room for `byteLimit` bytes.
  public init(byteLimit: Int = .max) { remainingByteCount = byteLimit }

  /// `count` elements on the heap, each made by `initial`.
  public mutating func storage<Element: ~Copyable>(of type: Element.Type, count: Int, initial: (Int) -> Element)
    throws(OutOfMemory) -> Storage<Element>
  {
    let byteCount = count * MemoryLayout<Element>.stride
    guard byteCount <= remainingByteCount else { throw OutOfMemory(requestedByteCount: byteCount) }
    remainingByteCount -= byteCount
    let base = UnsafeMutablePointer<Element>.allocate(capacity: max(count, 1))
    for index in 0..<count { unsafe (base + index).initialize(to: initial(index)) }
    return unsafe Storage(unsafeBase: base, count: count)
  }
}
