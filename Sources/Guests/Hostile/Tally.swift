internal import GuestSupport

/// What an attack was answered with.
enum Answer {
  case fault(Fault)
  case value(UInt64)
  case sweep(answered: UInt64, refused: UInt64)
  case nothing

  /// The fault if there was one, else the value.
  init(_ fault: Fault?, else value: UInt64) { if let fault { self = .fault(fault) } else { self = .value(value) } }
  /// The fault if there was one, else nothing.
  init(_ fault: Fault?) { if let fault { self = .fault(fault) } else { self = .nothing } }
}

extension Answer {
  var isUndefined: Bool { if case .fault(let fault) = self { fault.isUndefined } else { false } }
  var isZero: Bool { if case .value(0) = self { true } else { false } }
  var isFault: Bool { if case .fault = self { true } else { false } }
}

/// Counts what was answered as the architecture wants, and says so line by line.
struct Tally {
  private var rightCount: UInt64 = 0
  private var wrongCount: UInt64 = 0
  /// False to count without a word.
  var isLoud = true

  /// Judges one attack, at `address` if it has one.
  mutating func judge(_ what: StaticString, at address: UInt64? = nil, _ isRight: Bool, _ answer: Answer) {
    if isRight { rightCount &+= 1 } else { wrongCount &+= 1 }
    guard isLoud || !isRight else { return }
    console.write("hostile: ")
    console.write(what)
    if let address {
      console.write(" ")
      console.write(hexadecimal: address)
    }
    console.write(isRight ? ": ok (" : ": WRONG (")
    write(answer)
    console.write(")\n")
  }

  /// The last line of a round.
  func writeEnd() {
    console.write("hostile: done, ")
    console.write(decimal: rightCount)
    console.write(" ok, ")
    console.write(decimal: wrongCount)
    console.write(" wrong\n")
  }

  private func write(_ answer: Answer) {
    switch answer {
    case .nothing: console.write("done, no fault")
    case .value(let value): console.write(hexadecimal: value)
    case .sweep(let answered, let refused):
      console.write(decimal: answered)
      console.write(" answered, ")
      console.write(decimal: refused)
      console.write(" refused")
    case .fault(let fault): write(fault)
    }
  }

  private func write(_ fault: Fault) {
    switch (fault.exceptionClass, fault.status) {
    case (0, _): console.write("undefined")
    case (0x25, 0x10): console.write("external abort")
    case (0x25, 0x21): console.write("alignment fault")
    case (0x21, 0x10): console.write("external abort of a fetch")
    case (0x25, 0x14...0x17): console.write("external abort of a table walk")
    case (0x25, 0x04...0x07): console.write("translation fault")
    case (0x07, _): console.write("FP trap")
    default: console.write("exception")
    }
    console.write(", ESR ")
    console.write(hexadecimal: fault.syndrome)
  }
}
