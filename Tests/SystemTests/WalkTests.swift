import Testing
import Toolkit

/// The guest that knows virt by heart and visits every encoding of a system register (Sources/Guests/Walk).
@Suite("What a guest finds that looks everywhere")
struct WalkTests {
  /// A board, and the instruction set of the guests on it.
  struct Case: Sendable, CustomTestStringConvertible {
    var choice: Booting.Choice
    var isa: String
    var testDescription: String { "\(isa) on \(choice)" }

    static func armv8(_ model: String, gic: UInt64?, board: String = "qemu-virt-armv8") -> Case {
      Case(choice: Booting.Choice(board: board, model: model, gic: gic, processors: 1), isa: "armv8")
    }

    static func armv7(_ model: String, gic: UInt64?, processors: UInt64 = 1, board: String = "qemu-virt-armv7") -> Case
    {
      Case(choice: .armv7(model, gic: gic, processors: processors, board: board), isa: "armv7")
    }
  }

  /// On the boards whose memory begins at 0, what the guest writes to FCSEIDR would move addresses that the hypervisor uses.
  private static let cases: [Case] = [
    .armv8("cortex-a53", gic: 2), .armv8("cortex-a57", gic: 3), .armv8("max", gic: 3), .armv7("cortex-a15", gic: 2),
    .armv7("cortex-a7", gic: 3), .armv7("cortex-a7", gic: nil, processors: 4, board: "raspberry-pi-2"),
    .armv7("cortex-a15", gic: nil, processors: 4, board: "midway"),
  ]

  @Test("no system register of one VM's is another's, changes under its feet, or outlives a restart", arguments: cases)
  func registers(of: Case) async throws {
    let system =
      Booting.own("walk", named: "one", arguments: "seed=1", isa: of.isa)
      + Booting.own("walk", named: "two", arguments: "seed=2 restart", isa: of.isa)
    try await Booting.boot(system, of.choice) { console in
      try await console.expect("walk: filled ", from: "one")
      // Whole lives of the other one, each before and after it has filled the registers.
      await console.skipToNow(of: "two")
      for _ in 0..<3 { try await console.expect("walk: fresh, all ", from: "two") }
      await console.skipToNow(of: "one")
      for _ in 0..<2 { try await console.expect("walk: kept ", from: "one") }
      let (one, two) = await (console.transcript.text(of: "one"), console.transcript.text(of: "two"))
      let first = try #require(Self.lives(one).first)
      #expect(first.count > 10)
      for (number, life) in Self.lives(two).enumerated() {
        for register in Set(first.keys).union(life.keys) {
          #expect(life[register] == first[register], "life \(number): register \(register)")
        }
      }
      for text in [one, two] {
        #expect(!text.contains("LOST") && !text.contains("PROMISED") && text.contains("walk: missing 0"))
      }
    }
  }

  /// One 32-bit vCPU alone, for QEMU keeps what EL2 of Armv8 cannot reach: the current mode's SPSR, and FCSEIDR.
  @Test(
    "no system register of a 32-bit guest's of the 64-bit hypervisor outlives a restart", arguments: [2, 3] as [UInt64])
  func narrow(gic: UInt64) async throws {
    let system = Booting.own("walk", arguments: "restart", isa: "armv7")
    try await Booting.boot(system, Booting.Choice(model: "cortex-a53", gic: gic, processors: 1)) { console in
      for _ in 0..<3 { try await console.expect("walk: filled ", from: "walk") }
      let text = await console.transcript.text(of: "walk")
      let lives = Self.lives(text)
      let first = try #require(lives.first)
      // FCSEIDR: MRC p15, 0, r0, c13, c0, 0.
      let unreachable: Set<String> = ["0x\(String(1 << 14 | 13 << 7, radix: 16))"]
      for (number, life) in lives.enumerated() {
        for register in Set(first.keys).union(life.keys).subtracting(unreachable) {
          #expect(life[register] == first[register], "life \(number): register \(register)")
        }
      }
      #expect(first.count > 10 && !text.contains("PROMISED"))
    }
  }

  /// What each life of a guest found before it wrote anything. A line that was shown again is there in one piece at last.
  private static func lives(_ text: String) -> [[String: String]] {
    let lives = text.split(separator: "walk: fresh, all ", omittingEmptySubsequences: false).dropLast()
    return lives.map { life in
      var found: [String: String] = [:]
      for match in life.matches(of: /walk: fresh (0x[0-9a-f]+)=(0x[0-9a-f]+)\n/) {
        found[String(match.1)] = String(match.2)
      }
      return found
    }
  }

  @Test(
    "what virt has is where programs look that never ask, and seeds are fresh at each start",
    arguments: [.armv8("cortex-a53", gic: 2), .armv8("cortex-a57", gic: 3), .armv7("cortex-a15", gic: 2)] as [Case])
  func places(of: Case) async throws {
    let system = Booting.own("walk", arguments: "places restart", isa: of.isa)
    try await Booting.boot(system, of.choice) { console in
      for _ in 0..<3 { try await console.expect("walk: filled ", from: "walk") }
      let text = await console.transcript.text(of: "walk")
      #expect(text.matches(of: /walk: tree at the base of RAM, as the first register says\n/).count >= 3)
      #expect(text.matches(of: /walk: empty transports: 32\n/).count >= 3)
      #expect(!text.contains("NO TREE") && !text.contains("PROMISED"))
      for pattern in [
        /walk: (kaslr-seed) of 8 bytes: 0x[0-9a-f]{8,}\n/, /walk: (rng-seed) of 32 bytes: 0x[0-9a-f]{8,}\n/,
        /walk: (random numbers): 0x0 0x[0-9a-f]{8,} 0x[0-9a-f]+\n/,
      ] {
        let found = text.matches(of: pattern).map { String($0.0) }
        #expect(found.count >= 3 && Set(found).count == found.count, "\(found)")
      }
    }
  }

  @Test("the same seed gives the same random numbers, and another one others")
  func fixedSeed() async throws {
    var seen: [String] = []
    for seed in ["1", "1", "2"] {
      let found = Found()
      let system = Booting.own("walk", arguments: "places")
      try await Booting.boot(system, Booting.Choice(processors: 1), arguments: "tvisor.seed=\(seed)") { console in
        try await console.expect("walk: missing ", from: "walk")
        let text = await console.transcript.text(of: "walk")
        let lines = text.matches(of: /walk: (kaslr-seed|rng-seed|random numbers).*\n/)
        await found.set(lines.map { String($0.0) }.joined())
      }
      seen.append(await found.text)
    }
    #expect(seen[0] == seen[1] && seen[0] != seen[2])
  }

  /// What one run said.
  private actor Found {
    var text = ""
    func set(_ text: String) { self.text = text }
  }

  @Test("without anything random a guest gets no seeds, and the console says so")
  func noSeeds() async throws {
    var choice = Booting.Choice(processors: 1)
    choice.options = ["-machine", "dtb-randomness=off"]
    try await Booting.boot(Booting.own("walk", arguments: "places"), choice) { console in
      try await console.expect("nothing random to begin with: guests get no seeds", from: "tvisor")
      try await console.expect("walk: kaslr-seed of 0 bytes: none", from: "walk")
      try await console.expect("walk: rng-seed of 0 bytes: none", from: "walk")
      try await console.expect("walk: no random numbers", from: "walk")
    }
  }
}
