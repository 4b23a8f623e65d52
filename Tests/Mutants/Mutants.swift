import ArgumentParser
import Foundation
import Toolkit

/// Makes mistakes and looks who notices.
@main
struct Mutants: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mutants",
    abstract: "Makes mistakes in a copy of the sources, one at a time, and looks whether the tests notice.",
    discussion: """
      The mistakes are data: Tests/Mutants/Seeds. A row has the file, the text that is there once (`expression:`, `statement:`,
      or `text:` where it is neither), what it `becomes:`, and `why:` that is a mistake; `equivalent:` says why it is none after
      all. Mistakes of the first two forms are built together, in .build-mutants, and chosen when the tests run.

        make mutants ARGS="--only VGIC --jobs 1"
        make mutants ARGS=--check
      """)

  @Option(help: "Only rows in whose place, file or reason this is; may be given again.")
  var only: [String] = []

  @Option(help: "How many runs of tests at the same time.")
  var jobs = max(1, ProcessInfo.processInfo.activeProcessorCount / 2)

  @Flag(help: "Run what is built already, for rows that are as they were then.")
  var noBuild = false

  @Flag(help: "Only look whether every row applies to the sources.")
  var check = false

  func run() async throws {
    do {
      try await make()
    } catch let failure as Failure {
      FileHandle.standardError.write(Data("error: \(failure)\n".utf8))
      throw ExitCode.failure
    }
  }

  private func make() async throws {
    let start = ContinuousClock.now
    let project = try Project.locate()
    let all = try seeds(of: project)
    let chosen = all.filter { row in only.isEmpty || only.contains { row.title.contains($0) } }
    guard !chosen.isEmpty else { throw Failure("no row is like that") }
    for row in all { _ = try row.place(in: source(of: row, in: project)) }
    say("\(all.count) mistakes apply")
    guard !check else { return }
    var outcomes: [Outcome] = []
    for subject in Mutation.Subject.allCases {
      outcomes += try await run(
        chosen.filter { $0.subject == subject }, of: all.filter { $0.subject == subject },
        Workshop(project: project, subject: subject))
    }
    let score = Score(outcomes: outcomes, duration: ContinuousClock.now - start)
    print(score)
    try Files.write("\(score)\n", to: project.path(".build-mutants/report.txt"))
    guard score.isKept else { throw ExitCode.failure }
  }

  /// Tries mistakes that are tried alike. The build has all of them, so that whatever is chosen next needs no other one.
  private func run(_ chosen: [Mutation], of all: [Mutation], _ workshop: Workshop) async throws -> [Outcome] {
    guard !chosen.isEmpty else { return [] }
    if !noBuild {
      try workshop.prepare(all.filter { $0.form != .text })
      try await workshop.build()
    }
    var run = TrialRun(workshop: workshop, jobs: jobs)
    try await run.measure(Set(chosen.map(\.tests)))
    try await run.try(chosen.filter { $0.form != .text })
    for row in chosen where row.form == .text {
      try workshop.prepare([row])
      try await workshop.build()
      try await run.try([row])
    }
    return run.outcomes
  }

  private func source(of row: Mutation, in project: Project) throws -> String {
    do { return try String(contentsOfFile: project.path(row.file), encoding: .utf8) } catch {
      throw Failure("\(row.title)\n  does not apply, for there is no such file")
    }
  }

  private func seeds(of project: Project) throws -> [Mutation] {
    let folder = "Tests/Mutants/Seeds"
    let names = try FileManager.default.contentsOfDirectory(atPath: project.path(folder)).sorted()
    return try names.filter { $0.hasSuffix(".yaml") }.reduce(into: []) { rows, name in
      let text = try String(contentsOfFile: project.path("\(folder)/\(name)"), encoding: .utf8)
      rows += try MutationFile(path: name, text: text, numberingFrom: rows.count + 1).mutations
    }
  }
}

/// Tells how far it is.
func say(_ text: String) { FileHandle.standardError.write(Data("mutants: \(text)\n".utf8)) }
