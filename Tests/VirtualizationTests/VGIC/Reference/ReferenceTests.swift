import Architecture
import TestSupport
import Testing

/// The model against the reference: whatever happens, a guest cannot tell them apart.
///
/// A failure prints its seed and the shortest sequence that still fails, as Swift. See `Soak` for longer runs.
@Suite("The interrupt controller is what the architecture says", .timeLimited) struct ReferenceTests {
  private static let stepCount = 250

  /// A block of seeds of its own for each argument, so that blocks run side by side.
  private func seeds(_ block: Int, of count: Int) -> Range<UInt64> {
    let first = Soak.seed &+ UInt64(block) &* UInt64(count * Soak.factor)
    return first..<(first &+ UInt64(count * Soak.factor))
  }

  @Test(
    "Random sequences, on one CPU and on two that hear of changes at once", arguments: [GICVersion.v2, .v3], 0..<4)
  func prompt(version: GICVersion, block: Int) throws {
    for seed in seeds(block, of: 60) {
      guard try !failure(board(version, seed, isPrompt: true), seed: seed) else { return }
    }
  }

  @Test(
    "Random sequences on two CPUs, where a change reaches the other one late", arguments: [GICVersion.v2, .v3], 0..<4)
  func late(version: GICVersion, block: Int) throws {
    for seed in seeds(block, of: 40) {
      guard try !failure(board(version, seed &+ 0x1_0000, isPrompt: false), seed: seed) else { return }
    }
  }

  /// A board that the seed makes up.
  private func board(_ version: GICVersion, _ seed: UInt64, isPrompt: Bool) -> RaceBoard {
    var random = SeededGenerator(state: seed &* 77)
    let counts = [1, 1, 2, 3, 4, 8, 16]
    func number(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
    let cpuCount = isPrompt ? 1 + number(2) : 2
    let list = seed % 5 == 0 ? .init(repeating: 16, count: cpuCount) : (0..<cpuCount).map { _ in counts[number(7)] }
    return RaceBoard(
      version: version, vcpuCount: cpuCount + number(2), listRegisterCounts: list, hasLinks: number(4) != 0,
      isPrompt: isPrompt, preemptionBitCount: version == .v3 ? 5 + number(3) : 5,
      trapsDeactivations: version == .v2 || number(8) != 0, group: [0, 1, 1, nil][number(4)],
      isMaintenanceLate: number(4) == 0)
  }

  /// Runs one sequence; a failure is recorded with its shortest form.
  private func failure(_ board: RaceBoard, seed: UInt64) throws -> Bool {
    var generator = StepGenerator(board, seed: seed)
    let steps = generator.start() + (0..<Self.stepCount).map { _ in generator.step() }
    let race = try Race(board)
    let ranCount = race.run(steps)
    guard !race.differences.isEmpty else { return false }
    let shortest = shrink(Array(steps.prefix(ranCount))) {
      guard let race = try? Race(board) else { return false }
      _ = race.run($0)
      return !race.differences.isEmpty
    }
    let replay = try Race(board)
    _ = replay.run(shortest)
    let text = shortest.map { "  \($0),\n" }.joined()
    Issue.record("seed \(seed): \(replay.differences)\ntry replay(\(board), [\n\(text)])")
    return true
  }
}
