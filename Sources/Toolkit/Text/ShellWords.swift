/// Splits a text into words as a shell does: at white space, but not inside quotes or behind a backslash.
public enum ShellWords {
  /// The words of a text. Inside '…' everything stands for itself, inside "…" a backslash still goes with `"`, `\\`, `$` and a back
  /// quote.
  /// - Throws: `Failure` where a quote is not closed.
  public static func split(_ text: String) throws(Failure) -> [String] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    var rest = text[...]
    while let character = rest.popFirst() {
      switch (quote, character) {
      case ("'", "'"), ("\"", "\""): quote = nil
      case ("\"", "\\"):
        let isSpecial = rest.first.map { "\"\\$`".contains($0) } ?? false
        word = (word ?? "") + (isSpecial ? String(rest.removeFirst()) : "\\")
      case (nil, "'"), (nil, "\""): (quote, word) = (character, word ?? "")
      case (nil, "\\"): word = (word ?? "") + (rest.popFirst().map { String($0) } ?? "")
      case (nil, _) where character.isWhitespace:
        if let word { words.append(word) }
        word = nil
      default: word = (word ?? "") + String(character)
      }
    }
    guard quote == nil else { throw Failure("a quote is not closed in: \(text)") }
    return words + (word.map { [$0] } ?? [])
  }
}
