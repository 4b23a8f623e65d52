internal import Foundation

/// A text file with its name and lines, for messages that show the place.
public struct SourceText: Sendable {
  /// The file's path, as the person named it.
  public var path: String
  /// All of its text.
  public var text: String

  /// A file's text that is already in memory.
  public init(path: String, text: String) {
    self.path = path
    self.text = text
  }

  /// Reads a UTF-8 file.
  public init(path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw Failure("cannot read \(path); is the path right?")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw Failure("\(path) is not UTF-8 text; save it as UTF-8")
    }
    self.init(path: path, text: text)
  }

  /// The folder that relative paths in the file start from.
  public var folder: String { (path as NSString).deletingLastPathComponent }

  /// The line with that number from 1, without its end; nil past the file's end.
  public func line(_ number: Int) -> String? {
    let lines = text.split(separator: /\r\n|\n/, omittingEmptySubsequences: false)
    guard lines.indices.contains(number - 1) else { return nil }
    return String(lines[number - 1])
  }

  /// A mistake at a place of this file.
  public func problem(at position: Position, _ message: String) -> Problem {
    Problem(file: path, position: position, message: message, excerpt: line(position.line))
  }
}
