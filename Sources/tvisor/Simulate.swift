import ArgumentParser
import Foundation
import Toolkit

struct Simulate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs a system's schedulers on the host, and shows who runs when.",
    discussion: """
      The policies are the hypervisor's own code; what vCPUs do is made up. A vCPU does what its `simulate:` says in the
      system file, or --behaviour here; else one with a reservation uses all of it in each period, and any other is busy.
      Behaviours: busy | idle | 150us every 1ms [within 900us] [after 300us] | bursts of 300us every 5ms [seed 7].
      Images need not be there, and a load that admission refuses is simulated too, to see what happens.
      The exit status is 3 where a load that admission takes missed a deadline all the same: it does more than it is promised,
      or it has no promise.

      With --json: {"format": "tvisor-simulation-1", "durationNanoseconds", "misses", "refusals": [as the problems of check],
      "cpus": [{"cpu", "policy", "runNanoseconds", "overheadNanoseconds", "switches", "timerInterrupts", "vcpus": [{"machine", "vcpu",
      "behaviour", "runNanoseconds", "throttles", "preemptions", "jobs": null | {"released", "done", "misses",
      "worstResponseNanoseconds", "isWorstUnfinished", "firstMissNanoseconds"}}]}]}.
      """)

  @Argument(help: "The system file.")
  var system: String

  @Option(name: .customLong("for"), help: "How long to simulate.")
  var duration = "1s"

  @Option(help: "Where a picture of the timelines goes.")
  var svg: String?

  @Option(
    help:
      "The part that the picture shows, such as 100ms..120ms; by default some milliseconds from the start, or about the first missed deadline."
  )
  var window: String?

  @Option(
    name: .customLong("behaviour"),
    help: "What a vCPU does, or all of a VM's, such as debian.1=busy; may be given again.")
  var behaviours: [String] = []

  @Flag(help: "Print the figures as JSON.")
  var json = false

  func run() async throws {
    try await reporting {
      guard let length = Units.duration(duration), length > 0 else {
        throw ValidationError("cannot read '\(duration)' as a time; write for example 1s")
      }
      var simulator = Simulator(try SystemFile(parsing: SourceText(path: system)))
      for text in behaviours { try simulator.setBehaviour(text) }
      simulator.window = try window.map { try Self.window($0, in: length) }
      let outcome = try simulator.run(for: length)
      for refusal in outcome.refusals { note("\(refusal)\n") }
      if !outcome.refusals.isEmpty { note("TVisor would not boot this; what would happen is shown all the same.\n") }
      if json { print(outcome.json) } else { print(outcome.result) }
      if let svg {
        let title = "\(URL(fileURLWithPath: system).lastPathComponent): who runs when"
        let picture = TimelineDrawing(outcome.result, title: title).picture
        try Files.write(picture.svg, to: svg)
        if !json { print("\n\(svg) shows \(picture.subtitle)") }
      }
      if outcome.refusals.isEmpty, outcome.result.missCount > 0 { throw ExitStatus.missedDeadline.code }
    }
  }

  private static func window(_ text: String, in length: UInt64) throws -> Range<UInt64> {
    let times = text.components(separatedBy: "..").map(Units.duration)
    guard times.count == 2, let start = times[0], let end = times[1], start < min(end, length) else {
      throw ValidationError("cannot read '\(text)' as a part of the simulation; write for example 0..20ms")
    }
    return start..<min(end, length)
  }
}
