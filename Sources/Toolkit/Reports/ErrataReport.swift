internal import ArmCommon

/// The table of errata, for people.
public enum ErrataReport {
  /// What becomes of each kind, and then each core's, as Markdown.
  public static var markdown: String {
    let kinds = Erratum.Kind.allCases.map { "| \($0.description) | \($0.answer.name) | \($0.treatment) |" }
    let cores = CorePart.allCases.compactMap(core)
    return (["| what | | what is done |", "|---|---|---|"] + kinds + [""] + cores).joined(separator: "\n")
  }

  private static func core(_ part: CorePart) -> String? {
    let rows = all(of: part).map { erratum in
      "| \(erratum.number) | \(versions(of: erratum)) | \(erratum.kind.description) | \(erratum.kind.answer.name) | \(erratum.source.name) |"
    }
    guard !rows.isEmpty else { return nil }
    let head = ["### \(part.name)", "", "| erratum | versions | what | | read in |", "|---|---|---|---|---|"]
    return (head + rows + [""]).joined(separator: "\n")
  }

  static func all(of part: CorePart) -> [Erratum] {
    Erratum.all.indices.map { Erratum.all[$0] }.filter { $0.part == part }
  }

  private static func versions(of erratum: Erratum) -> String {
    func words(_ version: CoreVersion) -> String {
      var sink = TextSink()
      version.write(to: &sink)
      return sink.text
    }
    let mended = erratum.mendedBit < 32 ? ", unless REVIDR[\(erratum.mendedBit)]" : ""
    if erratum.first == erratum.last { return words(erratum.first) + mended }
    guard erratum.last.rawValue != 0xff else {
      return erratum.first.rawValue == 0 ? "all" : "from \(words(erratum.first)) on"
    }
    return "\(words(erratum.first)) to \(words(erratum.last))" + mended
  }

  /// What is known of a core by the name that QEMU and trees have for it: what is seen to on its console, all versions together; nil
  /// where the table does not know it.
  public static func summary(ofCore name: String) -> String? {
    let plain = String(name.prefix { $0 != "," })
    guard let part = CorePart.allCases.first(where: { "\($0.name)" == plain }) else { return nil }
    var sink = TextSink()
    part.writeErrata(to: &sink)
    return sink.text
  }
}
