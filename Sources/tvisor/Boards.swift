import ArgumentParser
import Toolkit

struct Boards: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lists the boards, or says what TVisor finds in any device tree.",
    discussion: """
      With --trees, each tree is looked into: interrupt controller, timer, CPUs and how they start, console, memory, and
      whether TVisor would run, with the tree as it is and as the board's firmware fills it (memory, RAM disk, console, how CPUs
      start). The trees of Debian's kernels are there after the set-up for a board that needs one:
        tvisor boards --trees .build-setup/all-trees/arm64

      With --json: {"format": "tvisor-boards-1", "boards": [{"name", "summary", "chip", "isa", "image", "tree", "console", "loader",
      "tested", "qemu": {"machine", "models", "gicVersions", "cpus", "memoryBytes"}}], "broken": [{"name", "message"}]}; of trees
      {"format": "tvisor-trees-1", "trees": [{"file", "model", "interruptController", "timer", "cpus", "console", "memory", "verdict",
      "reason"}], "unreadable"}.
      """)

  @Option(help: "A device tree, or a folder with .dtb files.")
  var trees: String?

  @Flag(help: "Print the list as JSON.")
  var json = false

  func run() async throws {
    try await reporting {
      if let trees {
        let table = try TreeTable(at: trees)
        return json ? print(table.json) : print(table)
      }
      var hasFailed = false
      let boards = try Project.locate().allBoards()
      if json { print(Board.json(of: boards)) }
      for (name, board) in boards {
        switch board {
        case .success(let board): if !json { describe(board) }
        case .failure(let error):
          hasFailed = true
          if !json { print("\(name): its board.yaml has mistakes") }
          note("\(error)")
        }
      }
      if hasFailed { throw ExitStatus.failure.code }
    }
  }

  private func describe(_ board: Board) {
    print("\(board.name): \(board.summary)")
    if let chip = board.chip { print("  chip     \(chip)") }
    print("  image    tvisor-\(board.isa).img")
    print("  tree     \(board.treeSource)")
    print("  console  \(board.console)")
    print(
      "  QEMU     \(board.qemu.map { "-M \($0.machine), \($0.models.joined(separator: ", "))" } ?? "does not play it")")
    for core in board.qemu?.models ?? [] {
      if let summary = ErrataReport.summary(ofCore: core) {
        print("  errata   \(core): \(summary.replacing("errata: ", with: ""))")
      }
    }
    if let loader = board.loader { print("  loader   \(loader)") }
    print("  tested   \(board.tested)")
  }
}
