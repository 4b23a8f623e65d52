internal import Configuration
internal import DeviceTree
internal import Foundation

extension Bundler {
  /// Whether the board, as QEMU's own device tree describes it with the same options, has what the system asks for.
  /// - Throws: `Problems` at the places in the system file, `Failure` where the board itself is wrong.
  public func validate(_ bundle: Bundle, on emulation: Emulation) async throws {
    let board = try await AlignedBytes(Self.deviceTree(of: emulation))
    try Self.validate(bundle, on: emulation.board.name, board)
  }

  /// The device tree that QEMU gives a board with these options.
  static func deviceTree(of emulation: Emulation) async throws -> Data {
    let file = "\(NSTemporaryDirectory())/tvisor-\(UUID().uuidString).dtb"
    defer { try? FileManager.default.removeItem(atPath: file) }
    _ = try await emulation.command(writingDeviceTreeTo: file).output()
    guard let data = FileManager.default.contents(atPath: file) else {
      throw Failure("QEMU wrote no device tree for \(emulation.board.name)")
    }
    return data
  }

  static func validate(_ bundle: Bundle, on name: String, _ board: AlignedBytes) throws {
    do {
      try board.withDeviceTree { tree in
        let machine = try MachineDescription(tree)
        let problems = Self.missingCPUs(bundle.system, count: machine.cpuCount, board: name)
        guard problems.isEmpty else { throw Problems(problems) }
      }
    } catch let error as DeviceTreeError {
      throw Failure("\(name): \(error.text)")
    } catch let error as MachineProblem {
      throw Failure("TVisor does not run on this \(name): \(error.text)")
    }
  }

  private static func missingCPUs(_ system: SystemFile, count: Int, board: String) -> [Problem] {
    let named = system.processors.map(\.number) + system.machines.flatMap(\.virtualCPUs)
    return named.filter { $0.value >= UInt64(count) }.map { number in
      let known = count == 1 ? "only CPU 0" : "CPUs 0 to \(count - 1)"
      return system.source.problem(
        at: number.position,
        "there is no CPU \(number.value) on \(board) with these options: it has \(known); use one of them or more --smp")
    }
  }
}
