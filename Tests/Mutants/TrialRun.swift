import Toolkit

/// Trials of many mistakes, several at a time.
struct TrialRun {
  let workshop: Workshop
  let jobs: Int
  private(set) var outcomes: [Outcome] = []
  /// How long the tests may take, by their names.
  private var limits: [String: Duration] = [:]

  init(workshop: Workshop, jobs: Int) {
    // An image has one mistake at a time.
    (self.workshop, self.jobs) = (workshop, workshop.subject == .tests ? jobs : 1)
  }

  /// Runs tests without a mistake: they have to pass, and several times as long as that takes nothing else may take.
  /// - Throws: `Failure` where one fails.
  mutating func measure(_ tests: Set<String>) async throws {
    for name in tests.sorted() {
      let trial = try await Trial(workshop.trial(of: name, number: nil), in: workshop.folder, within: .seconds(3600))
      guard trial.verdict == .survived else { throw Failure("without a mistake \(name) ends so: \(trial.verdict)") }
      say("\(name) takes \(trial.duration.components.seconds) s")
      limits[name] = .seconds(60) + trial.duration * (3 * jobs)
    }
  }

  /// Tries mistakes that the build has.
  mutating func `try`(_ mutations: [Mutation]) async throws {
    var rest = mutations[...]
    let (workshop, limits) = (workshop, limits)
    try await withThrowingTaskGroup(of: Outcome.self) { group in
      func next() {
        guard let mutation = rest.popFirst() else { return }
        group.addTask {
          let command = try workshop.trial(of: mutation.tests, number: mutation.form == .text ? nil : mutation.number)
          return Outcome(
            mutation: mutation,
            verdict: try await Trial(command, in: workshop.folder, within: limits[mutation.tests] ?? .seconds(600))
              .verdict)
        }
      }
      for _ in 0..<jobs { next() }
      while let outcome = try await group.next() {
        outcomes.append(outcome)
        say("\(outcomes.count): \(outcome.news)")
        next()
      }
    }
  }
}

extension Outcome {
  fileprivate var news: String {
    switch verdict {
    case .survived: "SURVIVED \(mutation.title)"
    case .hung: "noticed by time: \(mutation.title)"
    case .caught(let line): "noticed: \(mutation.title)\n           \(line)"
    }
  }
}
