import Foundation

/// A folder of its own for a test, removed when the value goes.
final class Scratch: Sendable {
  let path: String

  init() throws {
    path = "\(NSTemporaryDirectory())/tvisor-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ data: Data, to name: String) throws {
    try data.write(to: URL(fileURLWithPath: "\(path)/\(name)"))
  }
}
