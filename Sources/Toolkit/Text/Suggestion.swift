/// Finds what a person may have meant by a misspelt word.
public enum Suggestion {
  /// The candidate nearest to `word`, if it is near enough to be a slip of the fingers.
  static func nearest(to word: String, among candidates: [String]) -> String? {
    // Nobody slips in every third letter of a long text.
    guard word.utf8.count <= 100 else { return nil }
    let limit = max(1, word.count / 3)
    let measured = candidates.map { (name: $0, distance: distance(word.lowercased(), $0.lowercased())) }
    guard let best = measured.min(by: { $0.distance < $1.distance }), best.distance <= limit else { return nil }
    return best.name
  }

  /// A half-sentence for a message: the likely word, or all that there are.
  public static func hint(for word: String, among candidates: [String]) -> String {
    if let near = nearest(to: word, among: candidates) { return "did you mean '\(near)'?" }
    let shown = candidates.prefix(20).joined(separator: ", ")
    return "known are: \(shown)\(candidates.count > 20 ? ", …" : "")"
  }

  /// How many letters must be inserted, removed, replaced or swapped with their neighbour to turn one into the other.
  static func distance(_ left: String, _ right: String) -> Int {
    let (from, to) = (Array(left), Array(right))
    var rows = [Array(0...to.count)]
    for i in from.indices {
      var row = [i + 1]
      for j in to.indices {
        var cost = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (from[i] == to[j] ? 0 : 1))
        if i > 0, j > 0, from[i] == to[j - 1], from[i - 1] == to[j] { cost = min(cost, rows[i - 1][j - 1] + 1) }
        row.append(cost)
      }
      rows.append(row)
    }
    return rows[from.count][to.count]
  }
}
