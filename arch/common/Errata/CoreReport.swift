public import Architecture

// What is said of a core, on the console and by the tool alike.

extension CoreIdentity {
  /// Its name and version, or MIDR's value where nobody knows it.
  public func writeName(to sink: inout some ByteSink & ~Copyable) {
    guard let part else {
      sink.write("a core that the table of errata does not know, MIDR ")
      return sink.write(hexadecimal: UInt64(rawValue))
    }
    sink.write(part.name)
    sink.write(" ")
    version.write(to: &sink)
  }

  /// Its errata that TVisor sees to, that it leaves to guests, and that nobody sees to: "errata: handled 853709 1319367; guests'
  /// 1655431". Those that are avoided on any core, and those that only firmware sees to, are in the manual alone.
  public func writeErrata(to sink: inout some ByteSink & ~Copyable) {
    Erratum.write(to: &sink) { $0.concerns(self) }
  }
}

extension CorePart {
  /// The same for its versions together.
  public func writeErrata(to sink: inout some ByteSink & ~Copyable) {
    Erratum.write(to: &sink) { $0.part == self }
  }
}

extension Erratum {
  fileprivate static func write(to sink: inout some ByteSink & ~Copyable, where isMeant: (Erratum) -> Bool) {
    let answers: [3 of Answer] = [.handled, .guests, .open]
    var isFirst = true
    for place in answers.indices {
      var isFirstOfAnswer = true
      for index in all.indices where all[index].kind.answer == answers[place] && isMeant(all[index]) {
        if isFirstOfAnswer {
          sink.write(isFirst ? "errata: " : "; ")
          sink.write(answers[place].name)
        }
        (isFirst, isFirstOfAnswer) = (false, false)
        sink.write(" ")
        sink.write(decimal: UInt64(all[index].number))
      }
    }
    if isFirst { sink.write("no errata to see to") }
  }
}
