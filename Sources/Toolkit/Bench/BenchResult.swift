internal import Foundation

/// All figures of one or more variants: what a run of the bench gives, and what its baseline file holds.
public struct BenchResult: Codable, Equatable, Sendable {
  /// Figures by their names, by the variants' names.
  public var variants: [String: [String: BenchFigure]]

  /// A result with these figures.
  public init(variants: [String: [String: BenchFigure]] = [:]) {
    self.variants = variants
  }

  /// The figure of that name in a variant.
  public subscript(variant: String, name: String) -> BenchFigure? { variants[variant]?[name] }

  /// Reads a file that `json` wrote.
  public init(reading path: String) throws {
    let data = try Files.contents(of: path)
    do {
      self = try JSONDecoder().decode(BenchResult.self, from: data)
    } catch {
      throw Failure("\(path) holds no bench figures: \(error)")
    }
  }

  /// JSON with one figure to a line and everything in the order of its name, so that two files are easy to compare.
  public var json: String {
    let variants = variants.sorted { $0.key < $1.key }.map { variant, figures in
      let lines = figures.sorted { $0.key < $1.key }.map { name, figure in
        "      \(quoted(name)): {\"n\": \(figure.count), \"min\": \(figure.least), \"median\": \(figure.median), "
          + "\"max\": \(figure.most), \"unit\": \(quoted(figure.unit))}"
      }
      return "    \(quoted(variant)): {\n\(lines.joined(separator: ",\n"))\n    }"
    }
    return "{\n  \"variants\": {\n\(variants.joined(separator: ",\n"))\n  }\n}\n"
  }

  /// This result with the other's figures added; the other's win.
  public func merging(_ other: BenchResult) -> BenchResult {
    BenchResult(variants: variants.merging(other.variants) { $0.merging($1) { $1 } })
  }

  private func quoted(_ text: String) -> String {
    "\"" + text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"") + "\""
  }
}
