import ArgumentParser
import Toolkit

struct Schema: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints what a system file or a board's file may hold: for editors, or to read.",
    discussion: """
      A JSON schema (draft 2020-12), by which editors complete and check. The YAML language server takes it from a file's first line,
      as in `# yaml-language-server: $schema=system.schema.json`.

        tvisor schema system -o system.schema.json
        tvisor schema board --markdown
      """)

  /// The files that people write.
  enum File: String, CaseIterable, ExpressibleByArgument {
    case system
    case board
  }

  @Argument(help: "Whose keys: system or board.")
  var file: File

  @Flag(help: "Print the reference that the manual has, in Markdown.")
  var markdown = false

  @Option(name: .shortAndLong, help: "The file to write into, in place of standard output.")
  var output: String?

  func run() async throws {
    let table: KeyTable = file == .system ? .system : .board
    let title = "\(file.rawValue).yaml"
    let text = markdown ? table.reference(title: title) : "\(table.schema(title: "TVisor's \(title)"))\n"
    try await reporting {
      guard let output else { return print(text, terminator: "") }
      try Files.write(text, to: output)
    }
  }
}
