import Foundation
import Testing
import Toolkit

/// Boards whose memory has holes, as most with 4 GiB and more have: virt, whose tree sets two pieces aside here.
@Suite("Memory with holes")
struct MemoryHoleTests {
  /// 32 MiB at 0x5800_0000 and 16 MiB at 0x7000_0000, which nobody may even map.
  private static let holes =
    ["-c @ /reserved-memory", "@ /reserved-memory ranges"]
    + ["#address-cells", "#size-cells"].map { "-t i @ /reserved-memory \($0) 2" }
    + [(0x5800_0000, 32), (0x7000_0000, 16)].flatMap { start, size in
      let node = "/reserved-memory/hole@\(String(start, radix: 16))"
      return ["-c @ \(node)", "-t i @ \(node) reg 0 \(start) 0 \(size << 20)", "@ \(node) no-map"]
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
    choice.treeChanges = Self.holes
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
    choice.treeChanges = Self.holes
    let system = Booting.debian().replacing("memory: 192MiB", with: "memory: 560MiB")
    try await Booting.boot(system, choice) { console in
      try await console.expect("debian: 560 MiB of RAM in 2 pieces: ", from: "tvisor")
      try await console.expectShell(processors: 1)
      // Copies of the same that lie at no two places of a page alike.
      try await console.type(
        line: "dd if=/dev/urandom of=/r bs=1M count=8 2>/dev/null; "
          + "for i in $(seq 48); do cat /r; echo $i; done | tee /all | md5sum > /first; md5sum < /all > /second")
      try await console.type(line: "cmp /first /second && wc -c /all && echo same-$((40 + 2))")
      try await console.expect("same-42", from: "debian")
    }
  }

  @Test("a VM that needs more pieces than there can be is refused, with the reason")
  func tooManyPieces() async throws {
    var choice = Booting.Choice(gic: 3, processors: 1)
    choice.treeChanges =
      Array(Self.holes.prefix(4))
      + (0..<30).flatMap { index in
        let start = 0x4a00_0000 + index * (28 << 20)
        let node = "/reserved-memory/hole@\(String(start, radix: 16))"
        return ["-c @ \(node)", "-t i @ \(node) reg 0 \(start) 0 4096"]
      }
    let system = Self.metronome("metronome", 560, isa: "armv8")
    await #expect {
      try await Booting.boot(system, choice) { _ in }
    } throws: {
      "\($0)".contains("the machine's free memory has holes: 560 MiB would take more than 8 pieces of it")
    }
  }
}
