import ArgumentParser
import Toolkit

struct Boards: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Lists the boards.")

  func run() async throws {
    try await reporting {
      for board in try Project.locate().boards() {
        print("\(board.name): \(board.summary)")
        print("  image    tvisor-\(board.isa).img")
        print("  console  \(board.console)")
        print("  CPUs     \(board.qemu.models.joined(separator: ", "))")
        print("  tested   \(board.tested)")
      }
    }
  }
}
