/// The statistics in a console's text.
public struct StatisticsLog: Sendable {
  /// The last line of each vCPU, in the order in which they first appeared.
  public var lines: [StatisticsLine] = []

  /// Reads the statistics that the hypervisor dumped, whatever else the console said. What a VM says is not believed.
  /// - Throws: `Problems` with all the lines that begin as statistics and are none; `Failure` where there are none at all.
  public init(_ source: SourceText) throws {
    var problems: [Problem] = []
    for (number, line) in Self.split(source.text) {
      let speaker = "[tvisor] "
      let said = line.hasPrefix(speaker) ? line.dropFirst(speaker.count) : line[...]
      guard said.hasPrefix(StatisticsLine.marker) else { continue }
      let rest = said.dropFirst(StatisticsLine.marker.count)
      do throws(StatisticsLine.Mistake) {
        take(try StatisticsLine(rest))
      } catch {
        let column = line.distance(from: line.startIndex, to: rest.startIndex) + error.offset + 1
        problems.append(
          Problem(
            file: source.path, position: Position(line: number, column: column), message: error.message, excerpt: line))
      }
    }
    guard problems.isEmpty else { throw Problems(problems) }
    guard !lines.isEmpty else {
      throw Failure(
        "\(source.path) has no line that begins with '\(StatisticsLine.marker)'; ask the hypervisor for one on its console"
      )
    }
  }

  /// Counts go on from the start, so that the last line says everything.
  private mutating func take(_ line: StatisticsLine) {
    if let index = lines.firstIndex(where: { $0.name == line.name }) { lines[index] = line } else { lines.append(line) }
  }

  /// The lines that are not empty, without terminal escapes, by their numbers in the file.
  private static func split(_ text: String) -> [(Int, String)] {
    // In Swift, "\r\n" is one character, and no "\n".
    text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated().flatMap { index, line in
      var transcript = Transcript()
      transcript.append(line)
      // What a carriage return wrote over, such as a prompt that is shown again below, is a line of its own.
      return transcript.text.split(separator: "\n", omittingEmptySubsequences: false).map {
        (index + 1, String($0).trimmingEnd)
      }
    }
  }
}

extension String {
  /// The text without white space at its end.
  fileprivate var trimmingEnd: String {
    var text = self[...]
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}

extension StatisticsLog: CustomStringConvertible {
  /// A table with a row for each vCPU.
  public var description: String {
    var table = TextTable(
      ["vCPU", "state", "CPU", "ran", "switches", "throttles", "wakes", "half below", "99% below", "worst", "at"],
      textCount: 2)
    for line in lines {
      func bound(_ part: Double) -> String { line.bound(of: part).map(Units.rounded) ?? "-" }
      let hasWorst = line.wakeCount > 0
      table.rows.append([
        line.name, line.state.rawValue, "\(line.processor)", Units.rounded(time: line.nanoseconds(line.runTime)),
        "\(line.switchCount)",
        "\(line.throttleCount)", "\(line.wakeCount)", bound(0.5), bound(0.99),
        hasWorst ? Units.rounded(time: line.nanoseconds(line.worst)) : "-",
        hasWorst ? TimeAxis.label((line.nanoseconds(line.worstAt) / 1e6).rounded() / 1e3) + "s" : "-",
      ])
    }
    return table.lines.joined(separator: "\n")
  }
}
