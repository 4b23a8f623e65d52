import TestSupport
import Testing
import Toolkit

@Suite("Attacks on a loop", .timeLimited)
struct AttackTests {
  private static let late = "loop: lateness periods=100 late-least=1500 late-mean=1600 late-most=42199 missed=0 early=0"

  private static func outcome(
    _ figure: UInt64, _ arrangement: AttackArrangement = AttackArrangement(.deadline), idle: UInt64 = 1681,
    spinner: UInt64 = 1743
  ) throws -> AttackOutcome {
    func said(_ value: UInt64) throws -> AttackFigure {
      let line =
        switch arrangement.measure {
        case .lateness: "loop: lateness late-most=\(value) missed=0"
        case .supply: "loop: supply supply-least=\(value)"
        case .window: "loop: window late-most=\(value) ran-least=299000"
        case .answer: "loop: lateness answer-most=\(value)"
        }
      return try #require(AttackFigure(reading: line, measure: arrangement.measure))
    }
    return AttackOutcome(
      AttackCase(attack: .spin, arrangement: arrangement), idle: try said(idle), spinner: try said(spinner),
      attacked: try said(figure))
  }

  @Test("every row has a system file without mistakes, in which its vCPUs are on the CPUs that it says")
  func systems() throws {
    var seen: Set<AttackArrangement> = []
    for row in ImageBuilder.isas.flatMap(AttackCase.all)
    where seen.insert(row.arrangement).inserted || row.arrangement == AttackArrangement(.deadline) {
      let system = try SystemFile(parsing: SourceText(path: "attack.yaml", text: row.systemFile))
      let arrangement = row.arrangement
      #expect(system.machines.count == arrangement.machineCount + 1)
      for machine in system.machines where machine.name.value != "loop" {
        let processors = machine.virtualCPUs.map(\.processor.value)
        #expect(processors.count == arrangement.vcpuCount)
        switch arrangement.placement {
        case .same: #expect(processors.allSatisfy { $0 == 0 }, "\(row.name)")
        case .other: #expect(processors.allSatisfy { $0 == 1 }, "\(row.name)")
        case .split: #expect(processors[0] == 1 && processors.dropFirst().allSatisfy { $0 == 0 }, "\(row.name)")
        case .wide: #expect(Set(processors) == (arrangement.policy == .own ? [1, 2] : [0, 1, 2]), "\(row.name)")
        }
      }
    }
  }

  @Test("rows have names of their own, and the tests' rows are among them")
  func names() {
    for isa in ImageBuilder.isas {
      let all = AttackCase.all(isa: isa).map(\.name)
      #expect(Set(all).count == all.count)
      let short = AttackCase.short(isa: isa).map(\.name)
      #expect(short.count > 20)
      #expect(Set(short).isSubset(of: all))
    }
  }

  @Test("the loop's line is read, and no other")
  func reading() throws {
    let figure = try #require(AttackFigure(reading: Self.late, measure: .lateness))
    #expect(figure.figure == 42199)
    // Where others have turns of QEMU's, the loop's own instructions count.
    var counted = figure
    counted.values["own-most"] = 119
    #expect(counted.figure == 119)
    #expect(figure.values["missed"] == 0)
    #expect(AttackFigure(reading: Self.late, measure: .supply) == nil)
    for line in ["loop: begins", "loop: lateness late-most=x missed=0", "disturb: begins, vcpus=60", ""] {
      #expect(AttackFigure(reading: line, measure: .lateness) == nil)
    }
    let window = AttackFigure(reading: "loop: window late-most=900 ran-least=250000", measure: .window)
    #expect(window?.figure == 50_000)
  }

  @Test(
    "a loop may be later by 2000 than beside sleepers, by 2500 on ARMv7, and by 200 than beside spinners on others' CPUs"
  )
  func lateness() throws {
    #expect(try Self.outcome(3681).isKept)
    #expect(try !Self.outcome(3682).isKept)
    let old = AttackArrangement(.priority, gic: 2, isa: "armv7")
    #expect(try Self.outcome(4181, old).isKept)
    #expect(try !Self.outcome(4182, old).isKept)
    let own = AttackArrangement(.own)
    #expect(own.placement == .other)
    #expect(try Self.outcome(1943, own).isKept)
    #expect(try !Self.outcome(1944, own).isKept)
  }

  @Test("a reservation has its budget but for one in a hundred, a window loses 3000, and an answer comes within 120 us")
  func others() throws {
    let supply = AttackArrangement(.deadline, measure: .supply)
    #expect(try Self.outcome(198_000, supply).isKept)
    #expect(try !Self.outcome(197_999, supply).isKept)
    let window = AttackArrangement(.cyclic)
    #expect(window.measure == .window)
    #expect(try Self.outcome(3000, window).isKept)
    #expect(try !Self.outcome(3001, window).isKept)
    let answer = AttackArrangement(.deadline, measure: .answer)
    #expect(try Self.outcome(120_000, answer).isKept)
    #expect(try !Self.outcome(120_001, answer).isKept)
    #expect(try Self.outcome(.max, AttackArrangement(.turns)).isKept)
  }

  @Test("what is known to be broken is excused as far as it was, and forgotten where it is kept")
  func known() throws {
    let supply = AttackArrangement(.deadline, measure: .supply)
    let broken = try [Self.outcome(40_000), Self.outcome(100_000, supply)]
    let known = AttackKnown(broken)
    #expect(try AttackKnown(reading: known.text) == known)
    #expect(try known.excuses(Self.outcome(51_000)))
    #expect(try !known.excuses(Self.outcome(51_001)))
    #expect(try known.excuses(Self.outcome(75_000, supply)))
    #expect(try !known.excuses(Self.outcome(74_999, supply)))
    #expect(try !AttackKnown().excuses(Self.outcome(40_000)))
    #expect(try known.updated(by: [Self.outcome(2000)]).figures.count == 1)
    #expect(throws: Failure.self) { try AttackKnown(reading: "timers\n") }
  }
}
