import ArgumentParser
import Toolkit

struct Boards: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Lists the boards.")

  func run() async throws {
    try await reporting {
      for board in try Project.locate().boards() {
        print("\(board.name): \(board.summary)")
        if let chip = board.chip { print("  chip     \(chip)") }
        print("  image    tvisor-\(board.isa).img")
        print("  tree     \(board.tree.map { "\($0.file) of Debian's \($0.package)" } ?? "QEMU's own")")
        print("  console  \(board.console)")
        print("  QEMU     -M \(board.qemu.machine), \(board.qemu.models.joined(separator: ", "))")
        if let loader = board.loader { print("  loader   \(loader)") }
        print("  tested   \(board.tested)")
      }
    }
  }
}
