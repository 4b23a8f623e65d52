import TestSupport
import Testing
import Toolkit

@testable import mutants

@Suite("Mistakes in a source", .timeLimited)
struct SchemaTests {
  private let source = "func f(_ a: Int) -> Int {\n  if a > 1 { count += 1 }\n  return a\n    + 2\n}\n"

  private func row(_ number: Int, _ form: Mutation.Form, _ text: String, becomes: String = "") -> Mutation {
    Mutation(
      number: number, module: "M", tests: "T", origin: "M.yaml:1", file: "f.swift", form: form, original: text,
      replacement: becomes, why: "it is wrong", equivalence: nil)
  }

  @Test("an expression stands beside its replacement, and which one counts is asked each time")
  func expression() throws {
    let schema = try Schema([row(7, .expression, "a > 1", becomes: "a > 2")], in: source)
    #expect(schema.text.contains("if (isMutated(7) ? (a > 2) : (a > 1)) { count += 1 }"))
  }

  @Test("so do statements, and nothing may stand for one")
  func statement() throws {
    let schema = try Schema([row(7, .statement, "count += 1")], in: source)
    #expect(schema.text.contains("{ if isMutated(7) {  } else { count += 1 } }"))
  }

  @Test("text is replaced, and no question is asked")
  func text() throws {
    let schema = try Schema([row(7, .text, "func f", becomes: "func g")], in: source)
    #expect(schema.text == source.replacing("func f", with: "func g"))
  }

  @Test("white space matches any, and lines stay as many as they were")
  func whiteSpace() throws {
    let schema = try Schema([row(7, .expression, "a + 2", becomes: "a\n+ 3")], in: source)
    #expect(schema.text.contains("return (isMutated(7) ? (a + 3) : (a\n    + 2))"))
    #expect(schema.text.split(separator: "\n").count == source.split(separator: "\n").count)
  }

  @Test("mistakes lie in one another, and several are at one place")
  func nested() throws {
    let rows = [
      row(1, .statement, "count += 1", becomes: "count += 2"), row(2, .statement, "if a > 1 { count += 1 }"),
      row(3, .expression, "a > 1", becomes: "true"), row(4, .expression, "a > 1", becomes: "false"),
    ]
    #expect(
      try Schema(rows, in: source).text.contains(
        "if isMutated(2) {  } else { if (isMutated(3) ? (true) : ((isMutated(4) ? (false) : (a > 1)))) "
          + "{ if isMutated(1) { count += 2 } else { count += 1 } } }"))
  }

  @Test(
    "a row whose text is not there, or more than once, is named",
    arguments: [("b", "not in the file"), ("a", "times in the file"), ("a >  1 {count", "not in the file")])
  func misfit(text: String, what: String) {
    let error = #expect(throws: Failure.self) { try Schema([row(7, .expression, text)], in: source) }
    #expect(error?.description.contains(what) == true)
    #expect(error?.description.contains("M.yaml:1: f.swift: it is wrong") == true)
  }

  @Test("rows that overlap are named, both of them")
  func overlap() {
    let rows = [row(1, .expression, "a > 1"), row(2, .statement, "1 { count += 1 }")]
    let error = #expect(throws: Failure.self) { try Schema(rows, in: source) }
    #expect(error?.description.contains("overlap") == true)
  }
}

@Suite("Files of mistakes", .timeLimited)
struct MutationFileTests {
  private func rows(_ text: String) throws -> [Mutation] {
    try MutationFile(path: "M.yaml", text: text, numberingFrom: 5).mutations
  }

  @Test("a row has a place, a change and a reason, and numbers go on")
  func rows() throws {
    let rows = try rows(
      """
      module: M
      tests: ^MTests
      mutations:
        - file: a.swift
          expression: a > 1
          becomes: 'true'
          why: it is always so
        - file: b.swift
          statement: b()
          why: b is forgotten
          tests: ^Others
          equivalent: nobody asks
      """)
    #expect(rows.map(\.number) == [5, 6])
    #expect(rows.map(\.tests) == ["^MTests", "^Others"])
    #expect(rows.map(\.form) == [.expression, .statement])
    #expect(rows.map(\.replacement) == ["true", ""])
    #expect(rows.map(\.equivalence) == [nil, "nobody asks"])
    #expect(rows[1].title == "M.yaml:8: b.swift: b is forgotten")
  }

  @Test(
    "a row that lacks something is refused with its place",
    arguments: ["file: a.swift\n    why: w", "file: a.swift\n    text: t", "text: t\n    why: w"])
  func incomplete(row: String) {
    let error = #expect(throws: Failure.self) { try rows("module: M\ntests: T\nmutations:\n  - \(row)\n") }
    #expect(error?.description.hasPrefix("M.yaml:4: ") == true)
  }
}

@Suite("The score of mistakes", .timeLimited)
struct ScoreTests {
  private func outcomes(_ verdicts: [Trial.Verdict], equivalent: String? = nil, module: String = "M") -> [Outcome] {
    verdicts.map { verdict in
      Outcome(
        mutation: Mutation(
          number: 1, module: module, tests: "T", origin: "M.yaml:1", file: "f", form: .text, original: "o",
          replacement: "", why: "w", equivalence: equivalent), verdict: verdict)
    }
  }

  private func isKept(_ outcomes: [Outcome]) -> Bool { Score(outcomes: outcomes, duration: .zero).isKept }

  @Test("of a hundred three may survive, and seven of a hundred of one module")
  func bars() {
    let noticed = Trial.Verdict.caught("✘")
    let (good, many) = (outcomes(.init(repeating: noticed, count: 97)), outcomes(.init(repeating: .hung, count: 400)))
    #expect(isKept(good + outcomes(.init(repeating: .survived, count: 3))))
    #expect(!isKept(good + outcomes(.init(repeating: .survived, count: 4))))
    let others = many + outcomes(.init(repeating: noticed, count: 93), module: "N")
    #expect(isKept(others + outcomes(.init(repeating: .survived, count: 7), module: "N")))
    #expect(!isKept(others + outcomes(.init(repeating: .survived, count: 8), module: "N")))
  }

  @Test("what changes nothing counts for nothing, unless somebody notices it")
  func equivalents() {
    #expect(isKept(outcomes([.hung]) + outcomes([.survived, .survived], equivalent: "nobody asks")))
    #expect(!isKept(outcomes([.hung]) + outcomes([.caught("✘")], equivalent: "nobody asks")))
  }
}
