internal import ARMv8Assembly

/// The general registers x0 to x30 of the guest that has exited, where the vectors put them: at the top of this CPU's
/// stack, below it the hypervisor's own frames.
@safe public struct TrapFrame {
  private let registers: UnsafeMutablePointer<UInt64>

  /// How many general registers there are.
  public static var registerCount: UInt8 { 31 }
  /// What a general register's name begins with.
  public static var registerPrefix: StaticString { "x" }
  /// How many hexadecimal digits a register's value has.
  public static var registerDigits: Int { 16 }

  /// How many bytes the vectors reserve for the frame.
  public static var byteCount: Int { 256 }

  /// The frame at `address`, where the vectors made one.
  @inline(__always)
  public init(unsafeAddress address: UnsafeMutableRawPointer) {
    unsafe registers = address.assumingMemoryBound(to: UInt64.self)
  }

  /// Where the frame is.
  @inline(__always)
  public var unsafeAddress: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(registers) }

  /// Register x0 to x30; 31, and whatever else is no register, reads as zero and ignores writes.
  @inline(__always)
  public subscript(register: UInt8) -> UInt64 {
    get { register < 31 ? unsafe registers[Int(register)] : 0 }
    nonmutating set { if register < 31 { unsafe registers[Int(register)] = newValue } }
  }

  /// Copies the frame, all of its bytes.
  @inline(__always)
  func copy(to place: UnsafeMutableRawPointer) { unsafe copy_frame(place, registers) }

  /// Fills the frame, all of its bytes.
  @inline(__always)
  func copy(from place: UnsafeMutableRawPointer) { unsafe copy_frame(registers, place) }
}
