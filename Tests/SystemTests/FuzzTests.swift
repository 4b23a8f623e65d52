import Foundation
import Testing
import Toolkit

/// Guests that attack at random beside one that looks at itself. `TVISOR_SEED` chooses other attacks than the usual ones; with
/// `TVISOR_SOAK_MINUTES` there is a run of so many minutes for each instruction set and GIC, or with `TVISOR_SOAK_CASES=0,3` for
/// some of them.
@Suite("Guests that attack at random")
struct FuzzTests {
  /// A board, and the instruction set of the attacker on it.
  struct Case: Sendable, CustomTestStringConvertible {
    var choice: Booting.Choice
    var attacker: String
    var host: String { choice.board.contains("armv7") ? "armv7" : "armv8" }
    var testDescription: String { "\(attacker) on \(choice)" }

    static func on(_ host: String, gic: UInt64, processors: UInt64, attacker: String? = nil) -> Case {
      let choice =
        host == "armv7"
        ? Booting.Choice.armv7(gic: gic, processors: processors)
        : Booting.Choice(model: "cortex-a57", gic: gic, processors: processors)
      return Case(choice: choice, attacker: attacker ?? host)
    }
  }

  private static let environment = ProcessInfo.processInfo.environment
  private static let seed = environment["TVISOR_SEED"].flatMap { UInt64($0) } ?? 1

  /// Where time counts instructions, the attacker keeps the ground that it stands on: see its main file.
  private static func attacker(_ isa: String, on processors: String, seed: UInt64, counts: Bool) -> String {
    Booting.own("fuzz", on: processors, arguments: "seed=\(seed)\(counts ? " ground=1 lines=50" : "")", isa: isa)
      .replacingOccurrences(of: "16MiB", with: "8MiB")
  }

  private static func witness(_ isa: String, named name: String = "witness", on processor: String) -> String {
    Booting.own("witness", named: name, on: "[\(processor)]", arguments: "rate=1000 ticks=50", isa: isa)
      .replacingOccurrences(of: "16MiB", with: "4MiB")
  }

  private static let deadlineFirst = "cpus:\n  - {cpu: 0, policy: earliest-deadline}\n"
  private static let reserved = "{cpu: 0, reserve: 300us every 1ms}"

  @Test(
    "two vCPUs that attack at random make their CPU's other guest neither late nor wrong",
    arguments: [
      Case.on("armv8", gic: 2, processors: 1), .on("armv8", gic: 3, processors: 1),
      .on("armv8", gic: 3, processors: 1, attacker: "armv7"), .on("armv7", gic: 2, processors: 1),
      .on("armv7", gic: 3, processors: 1),
    ])
  func sharedProcessor(of: Case) async throws {
    let witness = Self.witness(of.host, on: Self.reserved)
    let system = { seed in witness + Self.attacker(of.attacker, on: "[0, 0, 0]", seed: seed, counts: true) }
    try await Self.boot(of, system) { console, monitor in
      // A line of the witness is 50 ms of guest time.
      for _ in 0..<12 { try await Self.expectTime(console, monitor) }
      try await Self.expectRounds(2, console, monitor)
      try await console.expect("vectors=", from: "witness")
      let verdict = try await Verdict(of: "witness", in: console.transcript)
      #expect(verdict.wrong.isEmpty)
      // What was under way when the witness's timer came ends first, an exit of the attacker's or a step of its restart, of
      // which the longest known takes 13,500 instructions. Then the attacker's vCPU is changed for the witness's, with all
      // list registers and breakpoints in use 6,000.
      #expect(verdict.worst < 25_000, "late by \(verdict.worst) instructions")
    }
  }

  @Test(
    "vCPUs on two CPUs that attack at random leave their neighbours as they are",
    arguments: [
      Case.on("armv8", gic: 2, processors: 3), .on("armv8", gic: 3, processors: 3), .on("armv7", gic: 2, processors: 3),
    ])
  func otherProcessors(of: Case) async throws {
    try await Self.boot(of, { Self.neighbours(of, seed: $0, counts: true) }) { console, monitor in
      try await Self.expectRounds(3, console, monitor)
      for name in ["witness", "own"] {
        for _ in 0..<4 { try await console.expect("vectors=", from: name) }
        #expect(try await Verdict(of: name, in: console.transcript).wrong.isEmpty)
      }
    }
  }

  /// The attacker has made the call that turns its own VM off, which is its right.
  private struct TurnedItselfOff: Error {}

  /// The attacker takes exceptions without an end and no instruction, and QEMU's time waits for one.
  private struct TimeStandsStill: Error {}

  /// Waits for the witness's next line.
  private static func expectTime(_ console: QEMUSession, _ monitor: QEMUMonitor) async throws {
    for attempt in 1...12 {
      do {
        return try await console.expect("witness: ticks=", from: "witness", within: .seconds(20))
      } catch let failure as Failure where failure.description.hasPrefix("the console did not say") {
        if try await monitor.hasGuestWithoutInstructions() { throw TimeStandsStill() }
        if attempt == 12 { throw failure }
      }
    }
  }

  /// Waits until the attacker has ended so many rounds. The witness's lines are the clock: one is 50 ms of guest time.
  private static func expectRounds(_ count: Int, _ console: QEMUSession, _ monitor: QEMUMonitor) async throws {
    for _ in 0..<4000 {
      try await expectTime(console, monitor)
      let transcript = await console.transcript
      if transcript.text(of: "fuzz").components(separatedBy: "fuzz: round ").count > count { return }
      if transcript.text.contains("'fuzz' turned itself off") || transcript.text.contains("'fuzz' turned its last") {
        throw TurnedItselfOff()
      }
    }
    Issue.record("the attacker's rounds do not end")
  }

  /// Boots a system with time that counts instructions. Where an assertion of QEMU's own ends it, or its time stands still, it
  /// boots once more with another seed, and so a few times.
  private static func boot(
    _ of: Case, _ system: (_ seed: UInt64) -> String,
    _ body: @escaping @Sendable (QEMUSession, QEMUMonitor) async throws -> Void
  ) async throws {
    var choice = of.choice
    choice.counts = true
    let options = choice.options
    for attempt in 0..<5 as Range<UInt64> {
      let monitor = QEMUMonitor()
      choice.options = options + monitor.options
      do {
        return try await Booting.boot(system(seed + attempt << 32), processors: deadlineFirst, choice) { console in
          try await body(console, monitor)
        }
      } catch let failure as Failure where isAssertionOfQEMU(failure) && attempt < 4 {
        print("\(of): an assertion of QEMU's ended the boot with seed \(seed + attempt << 32)")
      } catch is TurnedItselfOff where attempt < 4 {
        print("\(of): the attacker with seed \(seed + attempt << 32) turned its VM off")
      } catch is TimeStandsStill where attempt < 4 {
        print("\(of): with seed \(seed + attempt << 32) the attacker takes exceptions and no instruction")
      }
    }
  }

  /// An attacker runs into code at random that QEMU's translator cannot take.
  private static func isAssertionOfQEMU(_ failure: Failure) -> Bool {
    failure.description.hasSuffix("QEMU's end: signaled(6)") && failure.description.contains(": Assertion `")
  }

  private static func neighbours(_ of: Case, seed: UInt64, counts: Bool) -> String {
    witness(of.host, on: reserved) + attacker(of.attacker, on: "[0, 1, 1]", seed: seed, counts: counts)
      + witness(of.host, named: "own", on: "2")
  }

  @Test(
    "soak: minutes of random attacks on every instruction set and GIC",
    .enabled(if: environment["TVISOR_SOAK_MINUTES"] != nil), .timeLimit(.minutes(600)))
  func soak() async throws {
    let minutes = Self.environment["TVISOR_SOAK_MINUTES"].flatMap { Double($0) } ?? 10
    let seed = Self.environment["TVISOR_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 1..<1 << 31)
    let chosen = Self.environment["TVISOR_SOAK_CASES"].map { $0.split(separator: ",").compactMap { Int($0) } }
    let all: [Case] = [
      .on("armv8", gic: 2, processors: 3), .on("armv8", gic: 3, processors: 3),
      .on("armv8", gic: 3, processors: 3, attacker: "armv7"), .on("armv7", gic: 2, processors: 3),
      .on("armv7", gic: 3, processors: 3),
    ]
    var table = "soak, seed \(seed), \(minutes) minutes each\n"
    for (number, of) in all.enumerated() where chosen?.contains(number) ?? true {
      let row = await Self.soak(of, minutes: minutes, seed: seed)
      table += "\(of): \(row)\n"
      print(table)
    }
    #expect(!table.contains("FAILED"))
  }

  /// Runs one case and gives its row of the table. Where an assertion of QEMU's own ends a boot, or an attacker has run into a
  /// call that turns its machine off, the case goes on with another seed for the rest of its time.
  private static func soak(_ of: Case, minutes: Double, seed: UInt64) async -> String {
    let row = Row()
    let end = ContinuousClock.now + .seconds(minutes * 60)
    var (bootCount, abortCount) = (0, 0)
    while ContinuousClock.now < end {
      bootCount += 1
      do {
        try await attack(of, seed: seed + UInt64(bootCount - 1), until: end, row)
      } catch let failure as Failure where isAssertionOfQEMU(failure) {
        abortCount += 1
      } catch {
        return "FAILED: \(error)"
      }
      await row.beginAgain()
    }
    return await "passed, \(row.text), \(bootCount) boots, \(abortCount) of them ended by assertions of QEMU's"
  }

  /// Lets the attacker and its neighbours run until `end`, or until the attacker has turned its machine off.
  private static func attack(_ of: Case, seed: UInt64, until end: ContinuousClock.Instant, _ row: Row) async throws {
    try await Booting.boot(neighbours(of, seed: seed, counts: false), processors: deadlineFirst, of.choice) { console in
      while ContinuousClock.now < end {
        try await console.expect("vectors=", from: "own")
        try await Task.sleep(for: .seconds(10))
        await console.skipToNow(of: "own")
        let said = await console.transcript
        let attacks = Attacks(in: said)
        if await row.standsStill(with: attacks) {
          // Do its vCPUs run, wait, or are they off?
          let (earlier, later) = (
            try await console.statistics(processors: 3), try await console.statistics(processors: 3)
          )
          let runs = zip(earlier.vcpus, later.vcpus).map {
            "\($1.name) \($1.state), ran \($1.runTime - $0.runTime) ticks"
          }
          let last = ["fuzz", "tvisor"].flatMap { said.text(of: $0).split(separator: "\n").suffix(8) }
          throw Failure("the attacker stands still: \(await row.text); \(runs)\n\(last.joined(separator: "\n"))")
        }
        print("\(of): \(await row.text)")
        for name in ["witness", "own"] {
          let verdict = try Verdict(of: name, in: said)
          guard verdict.wrong.isEmpty else { throw Failure("\(name): \(verdict.wrong)") }
        }
        guard attacks.failures.isEmpty else { throw Failure("the hypervisor: \(attacks.failures)") }
        if attacks.isOver { return }
      }
    }
  }

  /// What an attacker has done so far, and whether it goes on.
  private actor Row {
    private var earlier = Attacks()
    private var last = Attacks()
    private var idleCount = 0
    var text: String {
      let all = earlier + last
      return "\(all.restarts) restarts, \(all.count) attacks, \(all.faults) faults, \(all.interrupts) interrupts"
    }

    /// To be told every ten seconds. True where nothing has come for two minutes.
    func standsStill(with attacks: Attacks) -> Bool {
      idleCount = attacks == last ? idleCount + 1 : 0
      last = attacks
      return idleCount >= 12
    }

    /// Another boot: what was done so far counts.
    func beginAgain() {
      earlier = earlier + last
      last = Attacks()
      idleCount = 0
    }
  }
}

/// What an attacker said that it has done, in all of its lives.
private struct Attacks: Equatable {
  var count = 0
  var faults = 0
  var interrupts = 0
  /// How often its VM was started again.
  var restarts = 0
  /// Its VM is off.
  var isOver = false
  /// What the hypervisor said that it must not say.
  var failures: [String] = []

  init() {}

  /// A line says what one life has done so far.
  init(in transcript: Transcript) {
    var life = Attacks()
    for line in transcript.text(of: "fuzz").split(separator: "\n") {
      if line.hasPrefix("fuzz: begin") {
        add(life)
        life = Attacks()
      } else if line.hasPrefix("fuzz: round") {
        func sum(_ unit: Regex<(Substring, Substring)>) -> Int {
          line.matches(of: unit).compactMap { Int($0.1) }.reduce(0, +)
        }
        life.count = sum(/([0-9]+) attacks/)
        life.faults = sum(/([0-9]+) faults/)
        life.interrupts = sum(/([0-9]+) interrupts/)
      }
    }
    add(life)
    for line in transcript.text(of: "tvisor").split(separator: "\n") {
      if line.contains("asked for a reset") { restarts += 1 }
      if line.contains("VM 'fuzz' turned ") { isOver = true }
      let isFailure = ["PANIC", "hypervisor failed", "nothing answers", "system error", "stays off"].contains {
        line.contains($0)
      }
      if isFailure { failures.append(String(line)) }
    }
  }

  private mutating func add(_ life: Attacks) {
    count += life.count
    faults += life.faults
    interrupts += life.interrupts
    restarts += life.restarts
  }

  static func + (first: Attacks, second: Attacks) -> Attacks {
    var sum = first
    sum.add(second)
    return sum
  }
}

/// What a witness said of itself.
private struct Verdict {
  /// Its lines that found something.
  var wrong: [String]
  /// The worst lateness of its timer, in ns.
  var worst: Int

  init(of name: String, in transcript: Transcript) throws {
    let lines = transcript.text(of: name).split(separator: "\n").filter { $0.hasPrefix("witness: ticks=") }
    wrong = lines.filter { $0.contains("WRONG") }.map(String.init)
    worst = try #require(lines.compactMap { $0.firstMatch(of: /worst=([0-9]+) ns/).flatMap { Int($0.1) } }.max())
  }
}
