internal import Architecture

/// Memory for what target code sets up once, from the heap; all of it goes with the arena, which must outlive its use.
final class HeapArena: StorageProvider {
  private var releases: [() -> Void] = []

  init() {}

  deinit { for release in releases.reversed() { release() } }

  /// `count` elements, each made by `initial`.
  func storage<Element: ~Copyable>(of type: Element.Type, count: Int, initial: (Int) -> Element)
    throws(OutOfMemory) -> Storage<Element>
  {
    let base = UnsafeMutablePointer<Element>.allocate(capacity: max(count, 1))
    for index in 0..<count { unsafe (base + index).initialize(to: initial(index)) }
    releases.append {
      unsafe base.deinitialize(count: count)
      unsafe base.deallocate()
    }
    return unsafe Storage(unsafeBase: base, count: count)
  }
}
