import Architecture

/// Hands out memory from the heap and never takes it back, up to a limit in bytes.
struct TestArena: StorageProvider {
  var room = Int.max

  mutating func storage<Element: ~Copyable>(of type: Element.Type, count: Int, initial: (Int) -> Element)
    throws(OutOfMemory) -> Storage<Element>
  {
    let size = MemoryLayout<Element>.stride * count
    guard size <= room else { throw OutOfMemory(requestedByteCount: size) }
    room -= size
    let base = UnsafeMutablePointer<Element>.allocate(capacity: max(count, 1))
    for index in 0..<count { unsafe (base + index).initialize(to: initial(index)) }
    return unsafe Storage(unsafeBase: base, count: count)
  }
}
