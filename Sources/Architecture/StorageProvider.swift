/// Whoever hands out memory while the system is built: the boot arena on the target, the heap under test.
///
/// Nothing is ever given back, and nothing is asked for once the guests run.
public protocol StorageProvider: ~Copyable {
  /// `count` elements, each made by `initial`, or an error where memory has run out.
  mutating func storage<Element: ~Copyable>(of type: Element.Type, count: Int, initial: (Int) -> Element)
    throws(OutOfMemory) -> Storage<Element>
}

/// The arena cannot hold what was asked for.
public struct OutOfMemory: Error, Equatable, Sendable {
  /// How many bytes were asked for.
  public var requestedByteCount: Int
  /// An error about a request of so many bytes.
  public init(requestedByteCount: Int) { self.requestedByteCount = requestedByteCount }
}
