internal import Foundation

/// A text file with its name and lines, for messages that show the place.
public struct SourceText: Sendable {
  /// The file's path, as the person named it.
  public let path: String
  /// All of its text.
  public let text: String
  /// The lines, without their ends: split once, however many messages show one.
  private let lines: [String.UTF8View.SubSequence]

  /// A file's text that is already in memory.
  public init(path: String, text: String) {
    self.path = path
    self.text = text
    lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
  }

  /// Reads a UTF-8 file.
  public init(path: String) throws(Failure) {
    guard let text = String(data: try Files.contents(of: path), encoding: .utf8) else {
      throw Failure("\(path) is not UTF-8 text; save it as UTF-8")
    }
    self.init(path: path, text: text)
  }

  /// The folder that relative paths in the file start from.
  public var folder: String { (path as NSString).deletingLastPathComponent }

  /// The line with that number from 1, without its end; nil past the file's end.
  public func line(_ number: Int) -> String? {
    guard lines.indices.contains(number - 1) else { return nil }
    let line = lines[number - 1]
    return String(Substring(line.last == 0x0D ? line.dropLast() : line))
  }

  /// A mistake at a place of this file.
  public func problem(at position: Position, _ message: String) -> Problem {
    Problem(file: path, position: position, message: message, excerpt: line(position.line))
  }
}
