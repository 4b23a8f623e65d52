internal import ARMv7Assembly

/// The general registers r0 to r12 and r14 in User mode of the guest that has exited, where the vectors put them: at the
/// top of this CPU's stack, below it the hypervisor's own frames. In an exception of the hypervisor's own r13 is there too.
@safe public struct TrapFrame {
  private let registers: UnsafeMutablePointer<UInt32>

  /// How many general registers there are.
  public static var registerCount: UInt8 { 15 }
  /// What a general register's name begins with.
  public static var registerPrefix: StaticString { "r" }
  /// How many hexadecimal digits a register's value has.
  public static var registerDigits: Int { 8 }

  /// How many bytes the vectors reserve for the frame.
  public static var byteCount: Int { 64 }

  /// The frame at `address`, where the vectors made one.
  @inline(__always)
  public init(unsafeAddress address: UnsafeMutableRawPointer) {
    unsafe registers = address.assumingMemoryBound(to: UInt32.self)
  }

  /// Where the frame is.
  @inline(__always)
  public var unsafeAddress: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(registers) }

  /// Register r0 to r14; whatever else is none, reads as zero and ignores writes.
  @inline(__always)
  public subscript(register: UInt8) -> UInt64 {
    get { UInt64(self[word: register]) }
    nonmutating set { self[word: register] = UInt32(truncatingIfNeeded: newValue) }
  }

  /// The same in the registers' own width.
  @inline(__always)
  subscript(word register: UInt8) -> UInt32 {
    get { register < 15 ? unsafe registers[Int(register)] : 0 }
    nonmutating set { if register < 15 { unsafe registers[Int(register)] = newValue } }
  }

  /// Copies the frame, all of its bytes.
  @inline(__always)
  func copy(to place: UnsafeMutableRawPointer) { unsafe copy_frame(place, registers) }

  /// Fills the frame, all of its bytes.
  @inline(__always)
  func copy(from place: UnsafeMutableRawPointer) { unsafe copy_frame(registers, place) }
}
