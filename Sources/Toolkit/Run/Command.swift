public import Foundation
internal import Subprocess
internal import SystemPackage

/// A program to run, with its arguments.
public struct Command: Equatable, Sendable {
  /// The program's name, looked up in PATH, or its path.
  public var program: String
  /// Its arguments.
  public var arguments: [String]
  /// What its environment has beside the tool's own.
  public var environment: [String: String]

  /// Names a program and its arguments.
  public init(_ program: String, _ arguments: [String], environment: [String: String] = [:]) {
    self.program = program
    self.arguments = arguments
    self.environment = environment
  }

  /// The command as one would type it.
  public var line: String {
    let words = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" } + [program] + arguments
    return words.map(Self.quoted).joined(separator: " ")
  }

  private static func quoted(_ word: String) -> String {
    word.wholeMatch(of: /[A-Za-z0-9_.,:=\/@%+-]+/) != nil
      ? word : "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
  }

  var executable: Executable { program.contains("/") ? .path(FilePath(program)) : .name(program) }

  var fullEnvironment: Environment {
    .inherit.updating(
      Dictionary(environment.map { (Environment.Key(stringLiteral: $0.key), Optional($0.value)) }) { $1 })
  }

  /// Runs it to its end and gives what it printed.
  /// - Throws: `Failure` with what it said where it does not succeed.
  public func output(in folder: String? = nil) async throws -> Data {
    let result = try await Subprocess.run(
      executable, arguments: Arguments(arguments), environment: fullEnvironment,
      workingDirectory: folder.map { FilePath($0) }, output: .data(limit: 1 << 30), error: .string(limit: 1 << 20))
    guard result.terminationStatus.isSuccess else {
      throw Failure("`\(line)` failed: \(result.standardError.trimmingCharacters(in: .whitespacesAndNewlines))")
    }
    return result.standardOutput
  }

  /// Runs it to its end with the tool's own input and output.
  /// - Returns: its exit status; 128 and more where a signal ended it.
  public func interact(in folder: String? = nil) async throws -> Int32 {
    let result = try await Subprocess.run(
      executable, arguments: Arguments(arguments), environment: fullEnvironment,
      workingDirectory: folder.map { FilePath($0) }, input: .currentStandardInput, output: .currentStandardOutput,
      error: .currentStandardError)
    switch result.terminationStatus {
    case .exited(let code): return code
    case .signaled(let signal): return 128 + signal
    }
  }
}
