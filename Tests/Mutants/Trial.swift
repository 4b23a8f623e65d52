import Foundation
import Subprocess
import SystemPackage
import Toolkit

/// One run of a module's tests with one mistake in it, or with none.
struct Trial {
  /// How it ended.
  enum Verdict: Equatable, Sendable {
    /// No test has noticed anything.
    case survived
    /// A test failed, whose line this is, or the tests crashed.
    case caught(String)
    /// The tests did not come to an end in the time that they have.
    case hung
  }

  var verdict: Verdict
  var duration: Duration

  /// Runs a command in a folder until it ends, a test fails, or its time is over.
  init(_ command: Command, in folder: String, within limit: Duration) async throws {
    let start = ContinuousClock.now
    let result = try await Subprocess.run(
      .path(FilePath(command.program)), arguments: Arguments(command.arguments),
      environment: .inherit.updating(
        Dictionary(command.environment.map { (Environment.Key(stringLiteral: $0.key), Optional($0.value)) }) { $1 }),
      workingDirectory: FilePath(folder), input: .none, output: .sequence, error: .combinedWithOutput
    ) { execution -> Verdict in
      let watch = Task {
        try await Task.sleep(for: limit)
        try execution.send(signal: .kill)
      }
      defer { watch.cancel() }
      var text: [UInt8] = []
      for try await chunk in execution.standardOutput {
        text += unsafe chunk.withUnsafeBytes { unsafe Array($0) }
        if let line = Self.failure(in: text) {
          try execution.send(signal: .kill)
          return .caught(line)
        }
      }
      return ContinuousClock.now - start >= limit ? .hung : .survived
    }
    verdict = result.closureResult
    duration = ContinuousClock.now - start
    if verdict == .survived && !result.terminationStatus.isSuccess {
      verdict = .caught("the tests ended by \(result.terminationStatus)")
    }
  }

  /// The first whole line that says that a test has failed.
  private static func failure(in text: [UInt8]) -> String? {
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    return lines.dropLast().first { $0.contains(" recorded an issue ") }.map(String.init)
  }
}
