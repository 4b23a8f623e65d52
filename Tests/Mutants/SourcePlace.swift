import Toolkit

extension Mutation {
  /// Where the text is that this mistake changes.
  /// - Throws: `Failure` where it is not there, or more than once.
  func place(in source: String) throws -> Range<String.Index> {
    let places = Self.places(of: original, in: source)
    guard places.count == 1 else {
      let count = places.isEmpty ? "not" : "\(places.count) times"
      throw Failure("\(title)\n  does not apply, for this is \(count) in the file:\n  \(original)")
    }
    return places[0]
  }

  /// All places of a text, of which any white space matches any.
  static func places(of text: String, in source: String) -> [Range<String.Index>] {
    let words = text.split(whereSeparator: \.isWhitespace).map { Array($0.utf8) }
    guard let first = words.first else { return [] }
    let bytes = Array(source.utf8)
    var places: [Range<String.Index>] = []
    for start in bytes.indices where bytes[start] == first[0] {
      guard let end = end(of: words, at: start, in: bytes) else { continue }
      let utf8 = source.utf8
      places.append(utf8.index(utf8.startIndex, offsetBy: start)..<utf8.index(utf8.startIndex, offsetBy: end))
    }
    return places
  }

  private static func end(of words: [[UInt8]], at start: Int, in bytes: [UInt8]) -> Int? {
    var position = start
    for (index, word) in words.enumerated() {
      if index > 0 {
        let before = position
        while position < bytes.count && isSpace(bytes[position]) { position += 1 }
        guard position > before else { return nil }
      }
      guard bytes[position...].starts(with: word) else { return nil }
      position += word.count
    }
    return position
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0a }
}
