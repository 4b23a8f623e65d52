internal import ArmRegisters

/// A physical PL031 real-time clock (DDI 0224), read once so that guests' clocks show the machine's time.
public struct PL031Clock: Sendable {
  private let base: UInt

  /// The clock whose registers are mapped at `base`.
  public init(base: UInt) { self.base = base }

  /// The `compatible` string that this driver serves.
  public static var compatible: StaticString { "arm,pl031" }

  /// RTCDR: seconds since 1970, where firmware or a battery has kept them.
  public var seconds: UInt32 { device_load32(base) }
}
