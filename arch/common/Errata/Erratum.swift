/// A mistake of a core's that its makers have told of, and what becomes of it here.
public struct Erratum: Sendable {
  /// The core that has it.
  public let part: CorePart
  /// Its first version that does.
  public let first: CoreVersion
  /// Its last one that does.
  public let last: CoreVersion
  /// The number that the notice of the core gives it.
  public let number: UInt32
  /// What it is, which many cores may share.
  public let kind: Kind
  /// Where it is described.
  public let source: Source
  /// The bit of REVIDR that says that a core of one of these versions is free of it; 32 for none.
  public let mendedBit: UInt8

  init(
    _ part: CorePart, _ first: UInt8, _ last: UInt8, _ number: UInt32, _ kind: Kind, _ source: Source,
    mendedBit: UInt8 = 32
  ) {
    self.part = part
    self.first = CoreVersion(rawValue: first)
    self.last = CoreVersion(rawValue: last)
    self.number = number
    self.kind = kind
    self.source = source
    self.mendedBit = mendedBit
  }

  /// What is done about an erratum.
  public enum Answer: Sendable, CaseIterable {
    /// TVisor acts otherwise on a core that has it.
    case handled
    /// TVisor is built or written so that it does not meet it, on any core.
    case avoided
    /// Only firmware may set what works around it.
    case firmware
    /// Guests work around it themselves, by the MIDR that they see, which is the core's.
    case guests
    /// It is not worked around.
    case open
  }

  /// Where an erratum's versions and its workaround were read.
  public enum Source: Sendable, CaseIterable {
    /// Linux' list, Documentation/arch/arm64/silicon-errata.rst, and arch/arm64/kernel/cpu_errata.c; for 32-bit cores
    /// arch/arm/Kconfig.
    case linux
    /// Xen's list, xen/arch/arm/cpuerrata.c.
    case xen
    /// Trusted Firmware's list, docs/design/cpu-specific-build-macros.rst.
    case firmware
  }

  /// True for a core that has it.
  public func concerns(_ core: CoreIdentity) -> Bool {
    guard core.part == part, first <= core.version, core.version <= last else { return false }
    return mendedBit > 31 || core.revision >> UInt32(mendedBit) & 1 == 0
  }
}

extension CoreIdentity {
  /// True where the core has an erratum of that kind. What is not known has none.
  public func has(_ kind: Erratum.Kind) -> Bool {
    for index in Erratum.all.indices where Erratum.all[index].kind == kind {
      if Erratum.all[index].concerns(self) { return true }
    }
    return false
  }

  /// Calls `body` with each erratum of the core's that gets that answer.
  public func forEachErratum(answered answer: Erratum.Answer, _ body: (Erratum) -> Void) {
    for index in Erratum.all.indices {
      let erratum = Erratum.all[index]
      if erratum.kind.answer == answer && erratum.concerns(self) { body(erratum) }
    }
  }
}
