internal import ARMv7Assembly

/// An exception that the hypervisor took from itself: a mistake of ours, described for the console.
public struct OwnException {
  /// The registers where it happened.
  public let frame: TrapFrame
  private let kind: UInt

  /// What the vectors hand over: `kind` is the number of the vector, 0 to 4, or 16 where the stack has overflowed.
  public init(frame: TrapFrame, kind: UInt) {
    self.frame = frame
    self.kind = kind
  }

  /// The stack is gone: nobody can go on.
  public var isStackOverflow: Bool { kind & 16 != 0 }

  /// What happened, in words.
  public var cause: StaticString {
    switch kind {
    // Swift's checks end in UDF.
    case 1: "a check of ours failed (UDF), or undefined instruction"
    case 2: "unexpected call"
    case 3: "prefetch abort"
    case 4: "data abort"
    case 16: "the stack has overflowed"
    default: "unexpected exception"
    }
  }

  /// Calls `body` with the name and the value of each register that tells about the exception.
  public func forEachStatusRegister(_ body: (StaticString, UInt64) -> Void) {
    body("HSR      ", UInt64(read_hsr()))
    body("HDFAR    ", UInt64(read_hdfar()))
    body("HIFAR    ", UInt64(read_hifar()))
    body("SPSR_hyp ", UInt64(read_spsr_hyp()))
  }

  /// Where it happened.
  public var address: UInt64 { UInt64(read_elr_hyp()) }

  /// The innermost frame record, in r7, as T32 code has it: the caller's frame record, then the return address, 32 bits each.
  public var frameRecord: UInt64 { frame[7] }

  /// Frame records lie at multiples of so many bytes.
  public static let recordAlignment: UInt = 4

  /// The caller's record and the return address that the frame record at `place` holds, which must be readable.
  public static func unwind(at place: UInt) -> (record: UInt64, address: UInt64) {
    let pointer = unsafe UnsafePointer<UInt32>(bitPattern: place).unsafelyUnwrapped
    // Bit 0 of a return address only says that it is T32 code.
    return unsafe (UInt64(pointer[0]), UInt64(pointer[1] & ~1))
  }
}
