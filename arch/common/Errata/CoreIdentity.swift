public import Architecture

/// Which core a CPU is, as MIDR says it (DDI 0487, D19.2.96; DDI 0406C, B4.1.105).
public struct CoreIdentity: Equatable, Sendable {
  /// MIDR's value.
  public let rawValue: UInt32
  /// REVIDR's value, whose bits say what was mended without another revision.
  public let revision: UInt32

  /// The core with these values of MIDR and REVIDR.
  public init(midr: UInt32, revision: UInt32) {
    rawValue = midr
    self.revision = revision
  }

  /// The part, if it is one that is known.
  public var part: CorePart? { CorePart(rawValue: (rawValue >> 24) << 12 | rawValue >> 4 & 0xfff) }

  /// Variant and revision: 0x12 is r1p2.
  public var version: CoreVersion {
    CoreVersion(rawValue: UInt8(truncatingIfNeeded: (rawValue >> 20 & 0xf) << 4 | rawValue & 0xf))
  }
}

/// A core's variant and revision.
public struct CoreVersion: Equatable, Comparable, Sendable {
  /// The variant in the upper four bits, the revision in the lower.
  public let rawValue: UInt8

  /// Names a value as a version.
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Versions in their order.
  @inlinable public static func < (left: CoreVersion, right: CoreVersion) -> Bool { left.rawValue < right.rawValue }

  /// As Arm's notices write it: r1p2.
  public func write(to sink: inout some ByteSink & ~Copyable) {
    sink.write("r")
    sink.write(decimal: UInt64(rawValue >> 4))
    sink.write("p")
    sink.write(decimal: UInt64(rawValue & 0xf))
  }
}

/// The cores that are known, by implementer (bits 19:12) and part number: their technical reference manuals, MIDR.
public enum CorePart: UInt32, CaseIterable, Sendable {
  case cortexA7 = 0x41c07
  case cortexA12 = 0x41c0d
  case cortexA17 = 0x41c0e
  case cortexA15 = 0x41c0f
  case cortexA53 = 0x41d03
  case cortexA35 = 0x41d04
  case cortexA55 = 0x41d05
  case cortexA65 = 0x41d06
  case cortexA57 = 0x41d07
  case cortexA72 = 0x41d08
  case cortexA73 = 0x41d09
  case cortexA75 = 0x41d0a
  case cortexA76 = 0x41d0b
  case neoverseN1 = 0x41d0c
  case cortexA77 = 0x41d0d
  case cortexA76AE = 0x41d0e
  case neoverseV1 = 0x41d40
  case cortexA78 = 0x41d41
  case cortexA78AE = 0x41d42
  case cortexX1 = 0x41d44
  case cortexA510 = 0x41d46
  case cortexA710 = 0x41d47
  case cortexX2 = 0x41d48
  case neoverseN2 = 0x41d49
  case cortexA78C = 0x41d4b
  case cortexX1C = 0x41d4c
  case neoverseV2 = 0x41d4f

  /// Its name, as device trees have it behind "arm,".
  public var name: StaticString {
    switch self {
    case .cortexA7: "cortex-a7"
    case .cortexA12: "cortex-a12"
    case .cortexA17: "cortex-a17"
    case .cortexA15: "cortex-a15"
    case .cortexA53: "cortex-a53"
    case .cortexA35: "cortex-a35"
    case .cortexA55: "cortex-a55"
    case .cortexA65: "cortex-a65"
    case .cortexA57: "cortex-a57"
    case .cortexA72: "cortex-a72"
    case .cortexA73: "cortex-a73"
    case .cortexA75: "cortex-a75"
    case .cortexA76: "cortex-a76"
    case .neoverseN1: "neoverse-n1"
    case .cortexA77: "cortex-a77"
    case .cortexA76AE: "cortex-a76ae"
    case .neoverseV1: "neoverse-v1"
    case .cortexA78: "cortex-a78"
    case .cortexA78AE: "cortex-a78ae"
    case .cortexX1: "cortex-x1"
    case .cortexA510: "cortex-a510"
    case .cortexA710: "cortex-a710"
    case .cortexX2: "cortex-x2"
    case .neoverseN2: "neoverse-n2"
    case .cortexA78C: "cortex-a78c"
    case .cortexX1C: "cortex-x1c"
    case .neoverseV2: "neoverse-v2"
    }
  }
}
