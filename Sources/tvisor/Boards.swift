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
      """)

  @Option(help: "A device tree, or a folder with .dtb files.")
  var trees: String?

  func run() async throws {
    try await reporting {
      if let trees { return print(try TreeTable(at: trees)) }
      var hasFailed = false
      for (name, board) in try Project.locate().allBoards() {
        switch board {
        case .success(let board): describe(board)
        case .failure(let error):
          hasFailed = true
          print("\(name): its board.yaml has mistakes")
          note("\(error)")
        }
      }
      if hasFailed { throw ExitCode.failure }
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
    if let loader = board.loader { print("  loader   \(loader)") }
    print("  tested   \(board.tested)")
  }
}
