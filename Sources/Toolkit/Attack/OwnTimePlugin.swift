internal import Foundation

/// What counts, in QEMU, a CPU's own instructions: see Sources/EmulatorPlugin/own-time.c.
struct OwnTimePlugin {
  /// The plug-in's file.
  private let file: String

  /// Compiles it.
  init(in project: Project) async throws {
    try Files.makeFolder(project.runs)
    file = "\(project.runs)/own-time.so"
    // Under a name of its own first: another run of the tool may have the file open.
    let made = "\(file).\(ProcessInfo.processInfo.processIdentifier)"
    _ = try await Command(
      "clang", ["-O2", "-shared", "-fPIC", "-o", made, project.path("Sources/EmulatorPlugin/own-time.c")]
    ).output()
    guard unsafe rename(made, file) == 0 else { throw Failure("cannot write \(file)") }
  }

  /// The options for QEMU with which it writes its report to `report`.
  func options(reportingTo report: String) -> [String] { ["-plugin", "\(file),report=\(report)"] }

  /// What it has reported: how late the loop came at worst, in instructions of its own CPU's.
  /// - Throws: `Failure` where it has not.
  static func mostOwn(in report: String) throws -> UInt64 {
    let text = String(decoding: try Files.contents(of: report), as: UTF8.self).trimmingCharacters(
      in: .whitespacesAndNewlines)
    guard let equals = text.firstIndex(of: "="), let most = UInt64(text[text.index(after: equals)...]) else {
      throw Failure("\(report): QEMU's plug-in has written `\(text)`, and not how late the loop came")
    }
    return most
  }
}
