import ArgumentParser
import Foundation
import Toolkit

struct Histogram: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows how long vCPUs waited from their wake until they ran.",
    discussion: """
      Reads the lines `tvisor-stat: ...` that the hypervisor dumps on its console; `tvisor run` keeps the console's text
      in .build-run/. Where a vCPU was dumped several times, the last line counts.
      """)

  @Argument(help: "A file with the console's text.")
  var log: String

  @Option(help: "Where a picture of the histograms goes.")
  var svg: String?

  func run() async throws {
    try await reporting {
      let statistics = try StatisticsLog(
        SourceText(path: log, text: String(decoding: Files.contents(of: log), as: UTF8.self)))
      print(statistics)
      if let svg {
        let title = "\(URL(fileURLWithPath: log).lastPathComponent): latency of wakes"
        let picture = HistogramDrawing(statistics, title: title).picture
        try Files.write(picture.svg, to: svg)
        print("\n\(svg) shows the latencies")
      }
    }
  }
}
