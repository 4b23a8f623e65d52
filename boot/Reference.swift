internal import Architecture

/// Names one value in memory that stays where it is for good, as `Storage` names many.
@safe struct Reference<Value: ~Copyable> {
  private let pointer: UnsafeMutablePointer<Value>

  /// Names the initialised value at `pointer`, which must stay valid.
  @inline(__always)
  init(unsafePointer pointer: UnsafeMutablePointer<Value>) { unsafe self.pointer = pointer }

  /// The value, in place.
  var value: Value {
    @inline(__always)
    unsafeAddress { unsafe UnsafePointer(pointer) }
    @inline(__always)
    nonmutating unsafeMutableAddress { unsafe pointer }
  }

  /// The address, to be kept where only a number fits.
  @inline(__always)
  var address: UInt { unsafe UInt(bitPattern: pointer) }
}

extension Storage where Element: ~Copyable {
  /// Names one element.
  func reference(to index: Int) -> Reference<Element> { unsafe Reference(unsafePointer: unsafeAddress(of: index)) }
}
