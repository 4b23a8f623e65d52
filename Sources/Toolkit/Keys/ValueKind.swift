/// What the value of a key in a YAML file looks like.
public indirect enum ValueKind: Sendable {
  /// Any text or number, taken as it is written; where there is a pattern (ECMA 262), of that shape. `called` is what it is: "a path".
  case text(called: String, pattern: String? = nil)
  /// A number in decimal or hexadecimal.
  case number(ClosedRange<UInt64> = 0...UInt64.max)
  /// Bytes.
  case size
  /// A time, from and up to so many nanoseconds.
  case duration(ClosedRange<UInt64> = 0...UInt64.max)
  /// A frequency, from and up to so many hertz.
  case frequency(ClosedRange<UInt64>)
  /// One of a few words.
  case word([String])
  /// A list. `elements` is what messages call what is in it.
  case list(of: ValueKind, elements: String, atLeast: Int = 0, atMost: Int = 4096)
  /// A mapping with keys of its own.
  case mapping(KeyTable)
  /// The first, or with more about it the second.
  case either(ValueKind, ValueKind)
}

extension ValueKind {
  /// What a message asks for where the value cannot be read.
  var expectation: String {
    switch self {
    case .text(let name, _): name
    case .number: "a number such as 2 or 0x4000_0000"
    case .size: "a size such as 64KiB, 256MiB or 1GiB"
    case .duration: "a time such as 500us, 1ms or 2s"
    case .frequency: "a frequency such as 48MHz"
    case .word(let words): "one of \(words.joined(separator: ", "))"
    case .list(_, let elements, _, _): "a list of \(elements)"
    case .mapping(let table): table.name
    case .either(let plain, let full): "\(plain.expectation), or \(full.expectation)"
    }
  }

  /// The first and the last value in words, where not all can be taken.
  var limits: (first: String, last: String)? {
    switch self {
    case .number(let range) where range != 0...UInt64.max: ("\(range.lowerBound)", "\(range.upperBound)")
    case .duration(let range) where range != 0...UInt64.max:
      (Units.describe(time: range.lowerBound), Units.describe(time: range.upperBound))
    case .frequency(let range): ("\(range.lowerBound)Hz", "\(range.upperBound)Hz")
    default: nil
    }
  }

  /// True for a number, in the kind's own unit, that is within the limits.
  func allows(_ number: UInt64) -> Bool {
    switch self {
    case .number(let range), .duration(let range), .frequency(let range): range.contains(number)
    default: true
    }
  }

  /// How long a list may be.
  var greatestCount: Int {
    guard case .list(_, _, _, let count) = self else { preconditionFailure("this is no list") }
    return count
  }

  /// What a list holds, as messages call it.
  var elements: String {
    guard case .list(_, let elements, _, _) = self else { preconditionFailure("this is no list") }
    return elements
  }

  /// The keys of a mapping, of the mapping that stands for more, or of a list's elements.
  public var table: KeyTable? {
    switch self {
    case .mapping(let table): table
    case .either(_, let full): full.table
    case .list(let element, _, _, _): element.table
    default: nil
    }
  }
}
