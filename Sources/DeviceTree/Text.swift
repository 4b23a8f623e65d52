/// A view of bytes that say something to a person: a name, a path, a string property. It has no terminator and no fixed
/// encoding, and names memory that stays where it is (a literal, or the blob that it was read from).
@safe public struct Text: RandomAccessCollection, Equatable, ExpressibleByStringLiteral, @unchecked Sendable {
  @usableFromInline let base: UnsafePointer<UInt8>
  /// How many bytes the text has.
  public let count: Int

  /// Names `count` bytes at `base`, which must stay valid and unchanged for the value's life.
  public init(unsafeBase base: UnsafePointer<UInt8>, count: Int) {
    precondition(count >= 0)
    unsafe self.base = base
    self.count = count
  }

  /// The text of a literal.
  public init(_ literal: StaticString) {
    unsafe self.init(unsafeBase: literal.utf8Start, count: literal.utf8CodeUnitCount)
  }

  /// The text of a literal.
  public init(stringLiteral literal: StaticString) { self.init(literal) }

  /// The first index, 0.
  public var startIndex: Int { 0 }
  /// The index past the last byte.
  public var endIndex: Int { count }

  /// The byte at `index`, below `count`.
  public subscript(index: Int) -> UInt8 {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
    return unsafe base[index]
  }

  /// The bytes, for as long as this value is borrowed.
  public var span: Span<UInt8> {
    @_lifetime(borrow self)
    get {
      let span = unsafe Span(_unsafeStart: base, count: count)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// True where both have the same bytes.
  @inline(never)
  public static func == (lhs: Text, rhs: Text) -> Bool { lhs.count == rhs.count && lhs.hasPrefix(rhs) }

  /// True where the text starts with the bytes of `prefix`.
  @inline(never)
  public func hasPrefix(_ prefix: Text) -> Bool {
    guard prefix.count <= count else { return false }
    for index in 0..<prefix.count where unsafe base[index] != prefix.base[index] { return false }
    return true
  }

  /// The text up to the first `byte`, or all of it.
  @inline(never)
  public func before(_ byte: UInt8) -> Text {
    guard let end = position(of: byte) else { return self }
    return unsafe Text(unsafeBase: base, count: end)
  }

  /// The text past the first `byte`, or nil where there is none.
  @inline(never)
  public func after(_ byte: UInt8) -> Text? {
    guard let end = position(of: byte) else { return nil }
    return unsafe Text(unsafeBase: base + end + 1, count: count - end - 1)
  }

  /// True where `word` is one of the text's words, which spaces part.
  public func hasWord(_ word: Text) -> Bool {
    var rest: Text? = self
    while let words = rest {
      if words.before(UInt8(ascii: " ")) == word { return true }
      rest = words.after(UInt8(ascii: " "))
    }
    return false
  }

  /// What follows `prefix` in the first of the text's words that begins with it, or nil where none does.
  public func word(after prefix: Text) -> Text? {
    var rest: Text? = self
    while let words = rest {
      let word = words.before(UInt8(ascii: " "))
      if word.hasPrefix(prefix) {
        return unsafe Text(unsafeBase: word.base + prefix.count, count: word.count - prefix.count)
      }
      rest = words.after(UInt8(ascii: " "))
    }
    return nil
  }

  /// The index of the first `byte`.
  func position(of byte: UInt8) -> Int? {
    for index in 0..<count where unsafe base[index] == byte { return index }
    return nil
  }
}

extension Text {
  /// The bytes at `start` up to the NUL that must follow them.
  init(unsafeTerminated start: UnsafeRawPointer) {
    let base = unsafe start.assumingMemoryBound(to: UInt8.self)
    var count = 0
    while unsafe base[count] != 0 { count += 1 }
    unsafe self.init(unsafeBase: base, count: count)
  }

  /// True where the bytes at `start`, which a NUL must end, begin with the text.
  func isPrefix(ofStringAt start: UnsafeRawPointer) -> Bool {
    let other = unsafe start.assumingMemoryBound(to: UInt8.self)
    for index in 0..<count where unsafe base[index] != other[index] || other[index] == 0 { return false }
    return true
  }

  /// True where the bytes at `start` up to the NUL that must follow them are the text.
  @inline(never)
  func isString(at start: UnsafeRawPointer) -> Bool {
    unsafe isPrefix(ofStringAt: start) && start.load(fromByteOffset: count, as: UInt8.self) == 0
  }
}
