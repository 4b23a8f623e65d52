/// Names one value in memory that stays where it is for good, as `Storage` names many.
@safe public struct Reference<Value: ~Copyable> {
  @usableFromInline let pointer: UnsafeMutablePointer<Value>

  /// Names the initialised value at `pointer`, which must stay valid.
  @inline(__always)
  public init(unsafePointer pointer: UnsafeMutablePointer<Value>) { unsafe self.pointer = pointer }

  /// The value, in place.
  public var value: Value {
    @inline(__always)
    unsafeAddress { unsafe UnsafePointer(pointer) }
    @inline(__always)
    nonmutating unsafeMutableAddress { unsafe pointer }
  }

  /// The address, to be kept where only a number fits.
  @inline(__always)
  public var address: UInt { unsafe UInt(bitPattern: pointer) }

}

extension Reference: Equatable where Value: ~Copyable {
  /// True where both name the same value.
  @inline(__always)
  public static func == (lhs: Reference, rhs: Reference) -> Bool { lhs.address == rhs.address }
}

extension Storage where Element: ~Copyable {
  /// Names one element: an index that is used more than once is checked once.
  @inline(__always)
  public func reference(to index: Int) -> Reference<Element> {
    unsafe Reference(unsafePointer: unsafeAddress(of: index))
  }
}
