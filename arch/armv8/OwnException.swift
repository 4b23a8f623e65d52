internal import ARMv8Assembly

/// An exception that the hypervisor took from itself: a mistake of ours, described for the console.
public struct OwnException {
  /// The registers where it happened.
  public let frame: TrapFrame
  private let kind: UInt
  private let syndrome = Syndrome.ofThisExit

  /// What the vectors hand over: `kind` is the number of the vector, 0 to 7, plus 16 where the stack has overflowed.
  public init(frame: TrapFrame, kind: UInt) {
    self.frame = frame
    self.kind = kind
  }

  /// The stack is gone: nobody can go on.
  public var isStackOverflow: Bool { kind & 16 != 0 }

  /// What happened, in words.
  public var cause: StaticString {
    if isStackOverflow { return "the stack has overflowed" }
    if kind & 3 == 3 { return "system error" }
    if kind & 3 != 0 { return "unexpected interrupt" }
    switch syndrome.exceptionClass {
    case 0x3c: return "a check of ours failed (BRK)"
    case 0x25: return "data abort"
    case 0x21: return "instruction abort"
    case 0x22: return "misaligned program counter"
    case 0x26: return "misaligned stack pointer"
    case 0x00: return "undefined instruction"
    default: return "unexpected exception"
    }
  }

  /// Calls `body` with the name and the value of each register that tells about the exception.
  public func forEachStatusRegister(_ body: (StaticString, UInt64) -> Void) {
    body("ESR_EL2  ", syndrome.rawValue)
    body("FAR_EL2  ", read_far_el2())
    body("SPSR_EL2 ", read_spsr_el2())
  }

  /// Where it happened.
  public var address: UInt64 { read_elr_el2() }

  /// The innermost frame record (AAPCS64 §6.4.6): the caller's frame record, then the return address, 64 bits each.
  public var frameRecord: UInt64 { frame[29] }

  /// Frame records lie at multiples of so many bytes.
  public static let recordAlignment: UInt = 16

  /// The caller's record and the return address that the frame record at `place` holds, which must be readable.
  public static func unwind(at place: UInt) -> (record: UInt64, address: UInt64) {
    let pointer = unsafe UnsafePointer<UInt64>(bitPattern: place).unsafelyUnwrapped
    return unsafe (pointer[0], pointer[1])
  }
}
