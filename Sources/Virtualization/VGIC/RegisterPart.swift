internal import Architecture

/// Which part of a 64-bit register an access names: GICv3 lets software use either whole registers or words.
enum RegisterPart {
  case whole, lower, upper

  /// The part that an access at `offset` names, or nil where no 64-bit register permits it.
  init?(offset: UInt32, width: AccessWidth) {
    switch (offset & 7, width) {
    case (0, .doubleword): self = .whole
    case (0, .word): self = .lower
    case (4, .word): self = .upper
    default: return nil
    }
  }

  /// This part of `register`.
  func extract(from register: UInt64) -> UInt64 {
    switch self {
    case .whole: register
    case .lower: register & 0xffff_ffff
    case .upper: register >> 32
    }
  }

  /// `register` with this part replaced.
  func insert(_ value: UInt64, into register: UInt64) -> UInt64 {
    switch self {
    case .whole: value
    case .lower: register & ~0xffff_ffff | value & 0xffff_ffff
    case .upper: register & 0xffff_ffff | value << 32
    }
  }
}
