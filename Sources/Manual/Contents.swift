/// The pages in the order of reading.
enum Contents {
  /// Pages for one kind of reader.
  struct Part {
    /// What stands above them.
    var title: String
    /// The names of their files, without the ending.
    var pages: [String]
  }

  /// All pages but the first, `index`.
  static let parts = [
    Part(title: "Begin", pages: ["tutorial", "guest-machine", "console", "tool"]),
    Part(
      title: "Describe a system", pages: ["system-file", "scheduling", "devices", "boards", "board-file"]),
    Part(title: "Judge it", pages: ["promises", "figures", "errata", "limits", "failures"]),
    Part(title: "Change it", pages: ["house", "trap", "kernel", "memory", "recipes", "testing"]),
  ]

  /// The names of all pages.
  static var pages: [String] { ["index"] + parts.flatMap(\.pages) }
}
