/// Many attacks, a few at a time.
public enum AttackRun {
  /// Runs all cases, and goes on where one fails.
  /// - Returns: the outcomes in the order of the cases, and what went wrong.
  public static func run(
    _ cases: [AttackCase], by runner: AttackRunner, progress: (_ done: Int, _ news: String) -> Void = { _, _ in }
  ) async -> (outcomes: [AttackOutcome], failures: [String]) {
    var outcomes: [Int: AttackOutcome] = [:]
    var failures: [String] = []
    await withTaskGroup(of: (Int, Result<AttackOutcome, any Error>).self) { group in
      var waiting = cases.indices.makeIterator()
      func addNext() {
        guard let index = waiting.next() else { return }
        group.addTask {
          do { return (index, .success(try await runner.run(cases[index]))) } catch { return (index, .failure(error)) }
        }
      }
      // More would only wait for their turn at the host's CPUs.
      for _ in 0..<3 { addNext() }
      var done = 0
      for await (index, result) in group {
        done += 1
        switch result {
        case .success(let outcome):
          outcomes[index] = outcome
          progress(done, "\(cases[index].name): \(outcome.attacked.figure)")
        case .failure(let error):
          failures.append("\(error)")
          progress(done, "\(cases[index].name): failed")
        }
        addNext()
      }
    }
    return (cases.indices.compactMap { outcomes[$0] }, failures)
  }
}
