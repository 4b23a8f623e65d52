public import Architecture

/// What an emulated device answers to one access. Small enough to come back in two registers.
public enum DeviceAnswer: Equatable, Sendable {
  /// The device took the access; a load gets this value, of which only the access's width counts. Zero for a store.
  case handled(UInt64)
  /// The device has no register there: the VM's fault policy decides.
  case unhandled
  /// The device refuses the access: the guest takes a synchronous external abort.
  case fault

  /// What a store gets that was taken.
  @inlinable public static var done: DeviceAnswer { .handled(0) }
}

/// An emulated device. It sees offsets into its own window, never addresses, and no offset or value may make it trap.
public protocol Device: ~Copyable {
  /// Answers a load of `width` at byte `offset`.
  mutating func read(offset: UInt32, width: AccessWidth) -> DeviceAnswer

  /// Answers a store of the low `width` bytes of `value` at byte `offset`.
  mutating func write(_ value: UInt64, offset: UInt32, width: AccessWidth) -> DeviceAnswer

  /// True while the device holds its interrupt line up.
  var interruptLine: Bool { get }

  /// Puts the device back to what it was at power-on.
  mutating func reset()
}
