import Testing
import Toolkit

@Suite("What exits cost")
struct BenchTests {
  @Test(
    "no path takes more instructions than the baseline says",
    arguments: [
      ("armv8", "static-gic3"), ("armv8", "round-robin-gic3"), ("armv8", "earliest-deadline-gic3"),
      ("armv8", "static-gic2"), ("armv8", "switch-gic3"), ("armv8", "preempt-gic3"), ("armv8", "switch-gic2"),
      ("armv7", "static-gic2"),
      ("armv7", "switch-gic2"),
    ])
  func baseline(isa: String, name: String) async throws {
    let project = try Project.locate()
    let variant = try #require(BenchVariant.all(isa: isa).first { $0.name == name })
    let baseline = try BenchResult(reading: project.path("Tests/Baseline/bench-\(isa).json"))
    let figures = try await BenchRunner(project: project).run(variant)
    let comparison = BenchComparison(BenchResult(variants: [name: figures]), to: baseline)
    #expect(!comparison.rows.isEmpty)
    #expect(comparison.missing.isEmpty)
    #expect(comparison.worse(than: 0.02).isEmpty)
  }

  @Test("an image is no larger than the baseline says", arguments: ImageBuilder.isas)
  func image(isa: String) throws {
    let project = try Project.locate()
    let baseline = try BenchResult(reading: project.path("Tests/Baseline/bench-\(isa).json"))
    let now = BenchResult(variants: ["image": try BenchRunner(project: project).imageFigures(isa)])
    let comparison = BenchComparison(now, to: baseline, names: ["image-bytes"])
    #expect(comparison.rows.count == 1)
    #expect(comparison.worse(than: 0.02).isEmpty)
  }

  @Test("two runs count the same")
  func repeatable() async throws {
    let project = try Project.locate()
    let variant = try #require(BenchVariant.all(isa: "armv8").first { $0.name == "static-gic3" })
    let runner = BenchRunner(project: project)
    let first = try await runner.run(variant)
    #expect(try await runner.run(variant) == first)
  }
}
