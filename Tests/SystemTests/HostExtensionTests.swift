import Testing
import Toolkit

/// The same systems with E2H = 0 and E2H = 1 on one CPU model: guests must not see which.
@Suite("TVisor with the virtualization host extensions and without")
struct HostExtensionTests {
  private static let declined = "tvisor.e2h=0"

  /// A CPU model with them and, declined, without them.
  private static func both(_ model: String, gic: UInt64? = 3, processors: UInt64, counts: Bool = false)
    -> [Booting.Choice]
  {
    [nil, declined].map {
      Booting.Choice(model: model, gic: gic, processors: processors, counts: counts, arguments: $0)
    }
  }

  /// FEAT_VHE is Armv8.1's: Cortex-A76 and the Neoverses have it, Cortex-A53 to A72 do not.
  @Test(
    "has E2H = 1 wherever the CPU can, unless the command line declines that, and says so",
    arguments: [
      (Booting.Choice(model: "cortex-a72", processors: 2), "E2H = 0,"),
      (Booting.Choice(model: "cortex-a72", processors: 2, arguments: declined), "E2H = 0,"),
      (Booting.Choice(model: "neoverse-n1", processors: 2), "E2H = 1 (VHE),"),
      (Booting.Choice(model: "neoverse-v1", gic: 2, processors: 2), "E2H = 1 (VHE),"),
      (Booting.Choice(model: "cortex-a76", gic: 2, processors: 2), "E2H = 1 (VHE),"),
      (Booting.Choice(model: "cortex-a76", gic: 2, processors: 2, arguments: "quiet \(declined) x"), "E2H = 0,"),
      (Booting.Choice(model: "max", processors: 2), "E2H = 1 (VHE),"),
      (Booting.Choice(model: "max", processors: 2, arguments: declined), "E2H = 0,"),
    ])
  func choice(choice: Booting.Choice, said: String) async throws {
    let system = Booting.own("metronome", named: "first") + Booting.own("metronome", named: "second", on: "[1]")
    try await Booting.boot(system, choice) { console in
      try await console.expect("TVisor starts at EL2 with \(said)", from: "tvisor")
      for name in ["first", "second"] { try await console.expectTicking(name) }
    }
  }

  @Test(
    "runs Linux on four CPUs, twice, beside a metronome",
    arguments: both("cortex-a76", processors: 4, counts: true) + both("max", gic: 2, processors: 4, counts: true))
  func linux(choice: Booting.Choice) async throws {
    let system = Booting.debian(on: "[0, 1, 2, 3]") + Booting.own("metronome", on: "[3]")
    try await Booting.boot(system, choice) { console in
      try await console.expectShell(processors: 4)
      try await console.type(line: "reboot")
      try await console.expect("VM 'debian' asked for a reset: starting again", from: "tvisor")
      await console.skipToNow(of: "debian")
      try await console.expectShell(processors: 4)
      try await console.expectTicking()
    }
  }

  @Test(
    "gives the hostile guest the architecture's answers, and it harms nobody",
    arguments: both("cortex-a76", processors: 1) + both("cortex-a76", gic: 2, processors: 1)
      + both("neoverse-n1", processors: 1) + both("neoverse-v1", processors: 1) + both("max", processors: 1))
  func hostile(choice: Booting.Choice) async throws { try await Booting.attack(choice) }

  @Test(
    "keeps each VM's floating-point registers its own, under a scheduler with budgets",
    arguments: both("cortex-a76", processors: 1))
  func floatingPoint(choice: Booting.Choice) async throws {
    let system =
      Booting.own("hostile", named: "one", arguments: "fp") + Booting.own("hostile", named: "two", arguments: "fp")
      + Booting.own("metronome", on: "[{cpu: 0, reserve: 2ms every 10ms}]")
    let processors = "cpus:\n  - {cpu: 0, policy: earliest-deadline}\n"
    try await Booting.boot(system, processors: processors, choice) { console in
      for _ in 0..<3 {
        for name in ["one", "two"] { try await console.expect(": ok (", from: name) }
      }
      try await console.expectTicking()
      #expect(await !console.transcript.text.contains("WRONG"))
    }
  }

  /// Of QEMU's CPUs with FEAT_VHE only `max` has AArch32 at EL1.
  @Test("runs 32-bit Linux on two CPUs beside a 64-bit metronome", arguments: both("max", processors: 2))
  func aarch32(choice: Booting.Choice) async throws {
    let system = Booting.debian(on: "[0, 1]", architecture: "armhf") + Booting.own("metronome")
    try await Booting.boot(system, choice) { console in
      try await console.expectShell(processors: 2)
      try await console.expectTicking()
    }
  }

  @Test("keeps floating-point registers of both instruction sets apart", arguments: both("max", processors: 1))
  func aarch32FloatingPoint(choice: Booting.Choice) async throws {
    let system =
      Booting.own("hostile", named: "narrow", arguments: "fp", isa: "armv7")
      + Booting.own("hostile", named: "wide", arguments: "fp", isa: "armv8")
    try await Booting.boot(system, choice) { console in
      for _ in 0..<3 {
        for name in ["narrow", "wide"] { try await console.expect(": ok (", from: name) }
      }
      #expect(await !console.transcript.text.contains("WRONG"))
    }
  }

  /// All but the way to the first guest: to decline, the hypervisor enters its image twice.
  @Test("takes as many instructions for every path, but one in a hundred", arguments: ["static-gic3", "switch-gic3"])
  func cost(name: String) async throws {
    let variant = try #require(BenchVariant.all(isa: "armv8").first { $0.name == name })
    var runner = BenchRunner(project: try Project.locate())
    runner.model = "cortex-a76"
    let with = try await runner.run(variant)
    runner.arguments = Self.declined
    let without = try await runner.run(variant)
    #expect(with.keys == without.keys)
    let paths = with.keys.filter { $0 != "reset-to-first-guest-instruction" }
    let (now, before) = (BenchResult(variants: [name: with]), BenchResult(variants: [name: without]))
    print(BenchTable(now, of: [variant], beside: before))
    let comparison = BenchComparison(now, to: before, names: Set(paths))
    #expect(!comparison.rows.isEmpty)
    #expect(comparison.worse(than: 0.01).isEmpty)
    #expect(comparison.better(than: 0.01).isEmpty)
  }
}
