import Foundation
import TestSupport
import Testing
import Toolkit

@Suite("The bench's figures", .timeLimited)
struct BenchTests {
  private static func figure(_ median: UInt64) -> BenchFigure {
    BenchFigure(count: 256, least: median - 1, median: median, most: median + 7, unit: "instructions")
  }

  @Test("a guest's line is read in full")
  func line() throws {
    let (name, figure) = try #require(
      BenchFigure.reading("bench: name=uart-flags-read n=256 min=100 median=101 max=150 unit=instructions"))
    #expect(name == "uart-flags-read")
    #expect(figure == BenchFigure(count: 256, least: 100, median: 101, most: 150, unit: "instructions"))
  }

  @Test(
    "a line that says less, more or something else is none",
    arguments: [
      "", "bench: done", "bench: name=a n=256 min=1 median=1 max=1", "bench: undefined=null-hypercall-smc",
      "bench: name=a n=256 min=1 median=1 max=1 unit=ticks more", "name=a n=256 min=1 median=1 max=1 unit=ticks",
      "bench: name=a n=256 min=1 median=x max=1 unit=ticks", "bench: name=a n=256 median=1 min=1 max=1 unit=ticks",
      "bench: name= n=256 min=1 median=1 max=1 unit=ticks", "bench: name=a n=-1 min=1 median=1 max=1 unit=ticks",
    ])
  func otherLine(text: String) {
    #expect(BenchFigure.reading(text) == nil)
  }

  @Test("what is written as JSON is read again")
  func json() throws {
    let result = BenchResult(variants: [
      "static-gic3": ["b": Self.figure(20), "a": Self.figure(10)],
      "image": ["image-text": BenchFigure(once: 5, unit: "bytes")],
    ])
    let scratch = try Scratch()
    try scratch.write(Data(result.json.utf8), to: "bench.json")
    #expect(try BenchResult(reading: "\(scratch.path)/bench.json") == result)
    // One figure to a line, in the order of the names.
    let lines = result.json.split(separator: "\n").filter { $0.contains("median") }
    #expect(lines.count == 3)
    #expect(lines.map { $0.trimmingCharacters(in: .whitespaces).prefix(4) } == ["\"ima", "\"a\":", "\"b\":"])
  }

  @Test("a file that is no result is refused with its name")
  func damagedFile() throws {
    let scratch = try Scratch()
    try scratch.write(Data("{\"variants\": 3}".utf8), to: "bench.json")
    let failure = #expect(throws: Failure.self) { try BenchResult(reading: "\(scratch.path)/bench.json") }
    #expect(failure?.description.contains("bench.json") == true)
  }

  @Test(
    "a figure is worse when it grows by more than the tolerance",
    arguments: [
      (1000 as UInt64, 1020 as UInt64, false), (1000, 1021, true), (1000, 979, false), (1000, 1000, false),
      // One instruction is no regression, however few there are.
      (1, 2, false), (1, 3, true), (10, 11, false), (0, 5, true),
    ])
  func worse(before: UInt64, now: UInt64, isWorse: Bool) {
    let then = BenchResult(variants: ["v": ["x": BenchFigure(once: before, unit: "instructions")]])
    let result = BenchResult(variants: ["v": ["x": BenchFigure(once: now, unit: "instructions")]])
    let comparison = BenchComparison(result, to: then)
    #expect(comparison.worse(than: 0.02).isEmpty == !isWorse)
    #expect(comparison.missing.isEmpty)
  }

  @Test("a figure that a variant has lost is missing; a variant that was not run is not")
  func missing() {
    let then = BenchResult(variants: [
      "ran": ["x": Self.figure(10), "y": Self.figure(10)], "other": ["x": Self.figure(10)],
    ])
    let result = BenchResult(variants: ["ran": ["x": Self.figure(10)]])
    #expect(BenchComparison(result, to: then).missing == ["ran/y"])
    #expect(BenchComparison(result, to: then, names: ["x"]).missing.isEmpty)
  }

  @Test("every variant has a name of its own, and its system file is one", arguments: ["armv8"])
  func variants(isa: String) throws {
    let variants = BenchVariant.all(isa: isa)
    #expect(Set(variants.map(\.name)).count == variants.count)
    for variant in variants {
      guard case .system(let text) = variant.load else { continue }
      let system = try SystemFile(parsing: SourceText(path: "\(variant.name).yaml", text: text))
      #expect(system.machines.first?.name.value == "bench")
      #expect(system.machines.allSatisfy { $0.virtualCPUs.allSatisfy { $0.processor.value < variant.processorCount } })
    }
    for crowd in [8, 32] {
      let variant = try #require(variants.first { $0.name == "vms\(crowd)-gic3" })
      guard case .system(let text) = variant.load else { continue }
      #expect(try SystemFile(parsing: SourceText(path: "x", text: text)).machines.count == crowd)
    }
  }

  private static func limit(_ name: String, _ variant: String, isa: String = "armv8") throws -> UInt64? {
    BenchBar.limit(of: name, in: try #require(BenchVariant.all(isa: isa).first { $0.name == variant }))
  }

  @Test("the bars hold for TVisor with the newest interrupt controller, and differ where a CPU is shared")
  func bars() throws {
    let call = try #require(try Self.limit("null-hypercall-hvc", "static-gic3"))
    #expect(try Self.limit("null-hypercall-hvc", "round-robin-gic3") == call)
    #expect(try Self.limit("null-hypercall-hvc", "static-gic2") == nil)
    #expect(try Self.limit("null-hypercall-hvc", "native-gic3") == nil)
    // Who has the CPU for itself is not switched to.
    let wake = try #require(try Self.limit("timer-to-sleeping-handler", "static-gic3"))
    #expect(try #require(try Self.limit("timer-to-sleeping-handler", "round-robin-gic3")) > wake)
    #expect(try Self.limit("no-such-figure", "static-gic3") == nil)
    // ARMv7 may take 1.3 times as many instructions for what is more than one.
    #expect(try Self.limit("null-hypercall-hvc", "static-gic2", isa: "armv7") == call * 13 / 10)
    #expect(try Self.limit("memory-first-touch", "static-gic2", isa: "armv7") == 1)
    #expect(
      try Self.limit("image-bytes", "static-gic2", isa: "armv7") == Self.limit("image-bytes", "static-gic3"))
  }

  @Test(
    "the baseline keeps the bars of exits, and none is so far off that it says nothing",
    arguments: ["static-gic3", "round-robin-gic3"])
  func barsAreNear(variant: String) throws {
    let path = DocumentedCommands.root.path + "/Tests/Baseline/bench-armv8.json"
    let baseline = try #require(try BenchResult(reading: path).variants[variant])
    let barred = try baseline.compactMap { name, figure in
      try Self.limit(name, variant).map { (name, figure.median, $0) }
    }
    #expect(barred.count >= 10)
    for (name, median, limit) in barred { #expect(median <= limit && limit <= 2 * median, "\(name): \(median)") }
  }

  @Test("the table marks what is above its bar and shows the change against the baseline")
  func table() throws {
    let variants = BenchVariant.all(isa: "armv8").filter { $0.name == "static-gic3" }
    let name = "null-hypercall-hvc"
    let bar = try #require(try Self.limit(name, "static-gic3"))
    let above = BenchResult(variants: ["static-gic3": [name: Self.figure(bar * 3 / 2)]])
    let at = BenchResult(variants: ["static-gic3": [name: Self.figure(bar)]])
    let row = try #require(
      "\(BenchTable(above, of: variants, beside: at))".split(separator: "\n").first { $0.hasPrefix(name) })
    let change = Double(bar * 3 / 2) / Double(bar) * 100 - 100
    #expect(
      row.split(separator: " ") == [
        "null-hypercall-hvc", "\(bar * 3 / 2)*", "\(bar)", "\(bar)", Substring(String(format: "+%.1f%%", change)),
      ])
    let below = try #require(
      "\(BenchTable(at, of: variants, beside: nil))".split(separator: "\n").first { $0.hasPrefix(name) })
    #expect(below.split(separator: " ") == ["null-hypercall-hvc", "\(bar)", "\(bar)"])
  }

  @Test("what the hypervisor and Linux say about themselves becomes figures")
  func consoleFigures() {
    #expect(BenchRunner.arena(in: "[tvisor] arena: 95 of 1728 KiB used; stage 2 has 39 bits") == 95 * 1024)
    #expect(BenchRunner.arena(in: "[tvisor] stopped") == nil)
    #expect(
      BenchRunner.userSpace(in: "[    0.826654] Run /init as init process")
        == BenchFigure(once: 826_654_000, unit: "instructions"))
    #expect(BenchRunner.userSpace(in: "[   12.000001] Run /sbin/init as init process")?.median == 12_000_001_000)
    #expect(BenchRunner.userSpace(in: "[    0.8] Run /init") == nil)
  }
}
