/// The firmware calls that a guest may make, by their function identifiers: those of PSCI 1.1 (DEN 0022D §5.1) and of
/// the Arm architecture range of the SMC calling convention (DEN 0028C §7).
public enum FirmwareFunction: UInt32, Sendable {
  case callingConventionVersion = 0x8000_0000
  case architectureFeatures = 0x8000_0001

  case version = 0x8400_0000
  case suspend32 = 0x8400_0001
  case off = 0x8400_0002
  case on32 = 0x8400_0003
  case affinityInfo32 = 0x8400_0004
  case migrateInfoType = 0x8400_0006
  case systemOff = 0x8400_0008
  case systemReset = 0x8400_0009
  case features = 0x8400_000a
  case systemReset2In32 = 0x8400_0012

  case suspend64 = 0xc400_0001
  case on64 = 0xc400_0003
  case affinityInfo64 = 0xc400_0004
  case systemReset2In64 = 0xc400_0012
}

/// One HVC or SMC by which a guest calls firmware: registers 0 to 3 as the guest left them.
public struct FirmwareCall: Equatable, Sendable {
  /// W0: the function identifier. The upper half of X0 says nothing (DEN 0028C §2.5).
  public var function: UInt32
  /// X1.
  public var first: UInt64
  /// X2.
  public var second: UInt64
  /// X3.
  public var third: UInt64

  /// The call that registers 0 to 3 make.
  @inlinable public init(_ x0: UInt64, _ x1: UInt64 = 0, _ x2: UInt64 = 0, _ x3: UInt64 = 0) {
    function = UInt32(truncatingIfNeeded: x0)
    first = x1
    second = x2
    third = x3
  }

  /// Bit 30 of the identifier: the SMC64 convention, whose arguments are 64 bits wide. Others have the low 32 bits.
  @inlinable public var isSixtyFourBit: Bool { function & 1 << 30 != 0 }

  /// True in the ranges of the Arm architecture's calls and of the standard secure services, PSCI among them: bits 29:24,
  /// the owner, are 0 or 4, and bit 31 says that the call is a fast one (DEN 0028C table 2-1).
  @inlinable var isArchitectureOrStandard: Bool { function & 0xbb00_0000 == 0x8000_0000 }

  /// The same call with arguments as wide as its convention has them.
  @inlinable var narrowed: FirmwareCall {
    guard !isSixtyFourBit else { return self }
    let low: UInt64 = 0xffff_ffff
    return FirmwareCall(UInt64(function), first & low, second & low, third & low)
  }
}

/// What a firmware call comes to. The caller's register 0 gets a result in every case that returns to it.
public enum FirmwareAnswer: Equatable, Sendable {
  /// Register 0 becomes this, and the guest goes on.
  case result(UInt64)
  /// Another vCPU shall start at `entry` (a guest-physical address, MMU off) with `context` in register 0. The caller
  /// gets `FirmwareStatus.success`.
  case start(vcpu: Int, entry: UInt64, context: UInt64)
  /// The caller waits for an interrupt and then gets `FirmwareStatus.success`.
  case suspend
  /// The calling vCPU stops; nothing returns.
  case off
  /// The VM stops; nothing returns.
  case systemOff
  /// The VM starts again from the beginning; nothing returns.
  case systemReset
}

/// The return values of PSCI (DEN 0022D §5.2.2), sign-extended to 64 bits, so that a caller that looks at W0 and one that
/// looks at X0 both see the number: SMCCC leaves the upper half of a 32-bit result open.
public enum FirmwareStatus {
  /// SUCCESS.
  @inlinable public static var success: UInt64 { 0 }
  /// NOT_SUPPORTED, also the Unknown Function Identifier of the calling convention.
  @inlinable public static var notSupported: UInt64 { 0 &- 1 }
  /// INVALID_PARAMETERS.
  @inlinable public static var invalidParameters: UInt64 { 0 &- 2 }
  /// ALREADY_ON.
  @inlinable public static var alreadyOn: UInt64 { 0 &- 4 }
  /// ON_PENDING.
  @inlinable public static var onPending: UInt64 { 0 &- 5 }
  /// INVALID_ADDRESS.
  @inlinable public static var invalidAddress: UInt64 { 0 &- 9 }
}
