/// Rows of text in columns, for a terminal.
struct TextTable {
  /// The headings, in a row of their own.
  var headings: [String]
  /// How many of the first columns stand to the left; the others are figures and stand to the right.
  var textCount: Int
  /// The rows, each as long as the headings.
  var rows: [[String]] = []

  /// A table without rows.
  init(_ headings: [String], textCount: Int = 1) {
    self.headings = headings
    self.textCount = textCount
  }

  /// The lines, with two spaces between columns and none at the ends.
  var lines: [String] {
    let all = [headings] + rows
    let widths = headings.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      let cells = row.enumerated().map { column, text in
        let space = String(repeating: " ", count: widths[column] - text.count)
        return column < textCount ? text + space : space + text
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}
