import Foundation
import Testing
import Toolkit

/// Boards whose memory has holes, as most with 4 GiB and more have: virt, whose tree sets two pieces aside here.
@Suite("Memory with holes")
struct MemoryHoleTests {
  /// What makes these pieces of the tree's memory such as nobody may even map: where they begin, and how many MiB they are.
  private static func holes(_ pieces: [(start: Int, size: Int)]) -> [String] {
    let node = ["-c @ /reserved-memory", "@ /reserved-memory ranges"]
    let cells = ["#address-cells", "#size-cells"].map { "-t i @ /reserved-memory \($0) 2" }
    return node + cells
      + pieces.flatMap { start, size in
        let hole = "/reserved-memory/hole@\(String(start, radix: 16))"
        return ["-c @ \(hole)", "-t i @ \(hole) reg 0 \(start) 0 \(size << 20)", "@ \(hole) no-map"]
      }
  }

  /// One of TVisor's own guests with so many MiB.
  private static func metronome(_ name: String, _ size: Int, isa: String) -> String {
    Booting.own("metronome", named: name, arguments: "rate=100 ticks=50", isa: isa)
      .replacing("memory: 16MiB", with: "memory: \(size)MiB")
  }

  @Test(
    "VMs that no piece holds have several: each finds in every page of its own what it wrote, also after a restart",
    arguments: [(Booting.Choice(gic: 3, processors: 1), "armv8"), (.armv7(), "armv7")])
  func patterns(choice: Booting.Choice, isa: String) async throws {
    var choice = choice
    choice.treeChanges = Self.holes([(0x5800_0000, 32), (0x7000_0000, 16)])
    let system = Self.metronome("metronome", 560, isa: isa) + Self.metronome("second", 270, isa: isa)
    try await Booting.boot(system, choice) { console in
      try await console.expect(
        "metronome: 560 MiB of RAM in 2 pieces: 352 MiB at 0x5a000000 and 208 MiB at 0x71000000", from: "tvisor")
      try await console.expect("second: 270 MiB of RAM in 2 pieces: ", from: "tvisor")
      try await console.expect(" and ", from: "tvisor")
      for name in ["metronome", "second"] { try await console.expectTicking(name) }
      try await console.type("b")
      try await console.expect("VM 'metronome' asked for a reset: starting again", from: "tvisor")
      for name in ["metronome", "second"] { try await console.expectTicking(name, reports: 3) }
      for name in ["metronome", "second"] {
        #expect(await !console.transcript.text(of: name).contains("memory=WRONG"))
      }
    }
  }

  @Test("Debian's Linux uses all of its memory, on both sides of a hole")
  func linux() async throws {
    var choice = Booting.Choice(gic: 3, processors: 1)
    let holes = [0x4400_0000] + (0..<8).map { 0x4e00_0000 + $0 * (112 << 20) }
    choice.treeChanges = Self.holes(holes.map { ($0, 2) })
    try await Booting.boot(Booting.debian(), choice) { console in
      try await console.expect(
        "192 MiB of RAM in 2 pieces: 110 MiB at 0x4e200000 and 82 MiB at 0x55200000", from: "tvisor")
      try await console.expectShell(processors: 1)
      // With the kernel that is more than the first piece holds, and no page of it is like another.
      try await console.type(line: "mkdir /m; mount -t tmpfs -o size=90% m /m; dd if=/dev/urandom of=/r bs=1M count=8")
      try await console.type(line: "for i in $(seq 8); do (echo $i; cat /r) > /m/$i; done")
      try await console.type(line: "for i in $(seq 8); do (echo $i; cat /r) | md5sum; done > /a")
      try await console.type(line: "for i in $(seq 8); do md5sum < /m/$i; done > /b")
      try await console.type(line: "cmp /a /b && [ $(wc -l < /a) = 8 ] && echo same-$((40 + 2))")
      try await console.expect("same-42", from: "debian")
    }
  }

  @Test("a VM that needs more pieces than there can be is refused, with the reason")
  func tooManyPieces() async throws {
    var choice = Booting.Choice(gic: 3, processors: 1)
    choice.treeChanges = Self.holes((0..<30).map { (0x4a00_0000 + $0 * (28 << 20), 1) })
    let system = Self.metronome("metronome", 560, isa: "armv8")
    await #expect {
      try await Booting.boot(system, choice) { _ in }
    } throws: {
      "\($0)".contains("the machine's free memory has holes: 560 MiB would take more than 8 pieces of it")
    }
  }
}
