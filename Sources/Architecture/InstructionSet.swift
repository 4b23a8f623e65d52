/// What a guest's kernel is made of.
public enum InstructionSet: Equatable, Sendable {
  /// A32 and T32: ARMv7-A, and ARMv8-A's 32-bit state.
  case aarch32
  /// A64.
  case aarch64
}

/// Which guests a machine's CPUs can run.
public struct HostedInstructionSets: Equatable, Sendable {
  /// True where a guest's kernel may be AArch32.
  public var aarch32: Bool
  /// True where a guest's kernel may be AArch64.
  public var aarch64: Bool

  /// Says both.
  public init(aarch32: Bool, aarch64: Bool) {
    self.aarch32 = aarch32
    self.aarch64 = aarch64
  }

  /// True where a guest of this set can run.
  public func contains(_ set: InstructionSet) -> Bool {
    switch set {
    case .aarch32: aarch32
    case .aarch64: aarch64
    }
  }
}
