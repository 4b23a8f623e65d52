/// The condition of an AArch32 instruction (DDI 0406C, A8.3).
public struct ConditionCode: Equatable, Sendable {
  /// The field `cond`, 0 to 15.
  public let rawValue: UInt8

  /// The condition that the low four bits name.
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue & 15 }

  /// AL: no condition.
  @inlinable public static var always: ConditionCode { ConditionCode(rawValue: 0b1110) }

  /// Whether the condition holds for N, Z, C and V in bits 3 to 0 of `flags`.
  ///
  /// Bits 3 to 1 of a condition say what is looked at, bit 0 negates it, but for 0b1111: an instruction without a
  /// condition.
  public func isMet(by flags: UInt8) -> Bool {
    let (n, z, c, v) = (flags & 8 != 0, flags & 4 != 0, flags & 2 != 0, flags & 1 != 0)
    let holds =
      switch rawValue >> 1 {
      case 0: z
      case 1: c
      case 2: n
      case 3: v
      case 4: c && !z
      case 5: n == v
      case 6: n == v && !z
      default: true
      }
    return rawValue & 1 != 0 && rawValue != 15 ? !holds : holds
  }
}
