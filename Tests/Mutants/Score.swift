/// How many of the mistakes were noticed, by module, and which were not.
struct Score: CustomStringConvertible {
  var outcomes: [Outcome]
  var duration: Duration

  /// Of what is not equivalent this much shall be noticed in all, and this much in each module, in percent.
  static let (bar, moduleBar) = (97, 93)

  /// True where both bars are kept, and nothing is noticed that is said to change nothing.
  var isKept: Bool {
    Self.isKept(outcomes, Self.bar) && byModule.allSatisfy { Self.isKept($0.outcomes, Self.moduleBar) }
      && !outcomes.contains { $0.mutation.equivalence != nil && $0.verdict != .survived }
  }

  private var byModule: [(name: String, outcomes: [Outcome])] { grouped(by: \.module) }

  private func grouped(by key: (Mutation) -> String) -> [(name: String, outcomes: [Outcome])] {
    Dictionary(grouping: outcomes) { key($0.mutation) }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  private static func isKept(_ outcomes: [Outcome], _ percent: Int) -> Bool {
    let real = outcomes.filter { $0.mutation.equivalence == nil }
    return real.count { $0.isAsItShouldBe } * 100 >= real.count * percent
  }

  private static func row(_ name: String, _ outcomes: [Outcome]) -> [String] {
    let real = outcomes.filter { $0.mutation.equivalence == nil }
    let caught = real.count { $0.isAsItShouldBe }
    let percent = real.isEmpty ? "" : "\(caught * 1000 / real.count / 10).\(caught * 1000 / real.count % 10) %"
    return [name, "\(real.count)", "\(caught)", "\(real.count { $0.verdict == .hung })", percent]
  }

  var description: String {
    let headings = ["module", "mistakes", "noticed", "by time", "score"]
    let groups = byModule + grouped { "\($0.collection)-*" } + [("all", outcomes)]
    let rows = [headings] + groups.map { Self.row($0.name, $0.outcomes) }
    let widths = headings.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    let table = rows.map { row in
      row.enumerated().map { column, text in
        let space = String(repeating: " ", count: widths[column] - text.count)
        return column == 0 ? text + space : space + text
      }.joined(separator: "  ")
    }
    let survivors = outcomes.filter { $0.mutation.equivalence == nil && !$0.isAsItShouldBe }
    let wrong = outcomes.filter { $0.mutation.equivalence != nil && !$0.isAsItShouldBe }
    return
      (table + ["\(duration.components.seconds) s"]
      + survivors.map { "survived: \($0.mutation.title)" }
      + wrong.map { "said to change nothing, and noticed: \($0.mutation.title)" }).joined(separator: "\n")
  }
}
