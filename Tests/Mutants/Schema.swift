import Toolkit

/// A source file that has all of its mistakes in it, each behind a question that only the build for mutants asks: one build
/// serves them all. Mistakes may lie in one another, and several may be at one place.
struct Schema {
  /// The file's text with the mistakes in it.
  let text: String

  /// The name of the question.
  static let question = "isMutated"

  /// Puts mistakes into a source.
  /// - Throws: `Failure` where a text is not there exactly once, or where two overlap.
  init(_ mutations: [Mutation], in source: String) throws {
    let seeds = try mutations.map { Seed(mutation: $0, range: try $0.place(in: source)) }
    text = try Self.render(source.startIndex..<source.endIndex, seeds, in: source)
  }

  private struct Seed {
    var mutation: Mutation
    var range: Range<String.Index>
  }

  private static func render(_ range: Range<String.Index>, _ seeds: [Seed], in source: String) throws -> String {
    var rest = seeds.sorted { ($0.range.lowerBound, $1.range.upperBound) < ($1.range.lowerBound, $0.range.upperBound) }
    var (text, position) = ("", range.lowerBound)
    while let outer = rest.first {
      rest.removeFirst()
      let inner = Array(rest.prefix { $0.range.lowerBound < outer.range.upperBound })
      rest.removeFirst(inner.count)
      if let other = inner.first(where: { $0.range.upperBound > outer.range.upperBound }) {
        throw Failure("\(outer.mutation.title)\n\(other.mutation.title)\n  overlap; let one's text contain the other's")
      }
      text += source[position..<outer.range.lowerBound]
      text += outer.mutation.chosen(over: try render(outer.range, inner, in: source))
      position = outer.range.upperBound
    }
    return text + source[position..<range.upperBound]
  }
}

extension Mutation {
  /// Both texts and the choice between them, on as many lines as before.
  fileprivate func chosen(over original: String) -> String {
    let replacement = replacement.split(whereSeparator: \.isNewline).joined(separator: form == .statement ? "; " : " ")
    return switch form {
    case .expression: "(\(Schema.question)(\(number)) ? (\(replacement)) : (\(original)))"
    case .statement: "if \(Schema.question)(\(number)) { \(replacement) } else { \(original) }"
    case .text: replacement
    }
  }
}
