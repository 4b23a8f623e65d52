/// What a check of a system file came to, for other programs.
///
/// ```
/// {"format": "tvisor-check-1", "file": "system.yaml", "board": "qemu-virt-armv8", "isSound": false,
///  "machines": [{"name": "linux", "vcpus": 1, "memoryBytes": 268435456}],
///  "problems": [{"file": "system.yaml", "line": 5, "column": 13, "severity": "error", "message": "cannot read …"}]}
/// ```
///
/// A problem that belongs to no place has `null` in place of file, line and column. Machines are there once the file and its
/// images could be read.
public struct CheckReport: Sendable {
  /// The system file, as it was named.
  public var file: String
  /// The board.
  public var board: String
  /// What was found, warnings too, in the order of the file.
  public var problems: [Problem] = []
  /// What is wrong at no place of the file.
  public var failure: String?
  /// What was read.
  public var system: SystemFile?

  /// A report without anything in it.
  public init(of file: String, on board: String) {
    self.file = file
    self.board = board
  }

  /// Runs a check, and keeps what it throws: `Problems` and `Failure`. All else is thrown on.
  public mutating func record(_ check: (inout CheckReport) async throws -> Void) async throws {
    do { try await check(&self) } catch let found as Problems { problems = found.problems } catch let error as Failure {
      failure = error.description
    }
  }

  /// True where the system boots.
  public var isSound: Bool { failure == nil && problems.allSatisfy(\.isWarning) }

  /// The report as `tvisor check --json` prints it.
  public var json: JSON {
    let machines = system?.machines.map { machine -> JSON in
      [
        "name": .text(machine.name.value), "vcpus": .number(machine.virtualCPUs.count),
        "memoryBytes": JSON(machine.memory.value),
      ]
    }
    let misplaced = failure.map { text -> JSON in
      ["file": .null, "line": .null, "column": .null, "severity": "error", "message": .text(text)]
    }
    return [
      "format": "tvisor-check-1", "file": .text(file), "board": .text(board), "isSound": .truth(isSound),
      "machines": .list(machines ?? []), "problems": .list(problems.map(\.json) + (misplaced.map { [$0] } ?? [])),
    ]
  }
}

extension Problem {
  /// The problem's place, weight and words.
  public var json: JSON {
    [
      "file": .text(file), "line": .number(position.line), "column": .number(position.column),
      "severity": isWarning ? "warning" : "error", "message": .text(message),
    ]
  }
}
