internal import Configuration
public import Foundation

/// What a hypervisor's image says of itself, in the place that boot/entry/version.S keeps for it: the tool writes it into the linked
/// image, so that no compiled code depends on it.
public struct ImageStamp: Equatable, Sendable {
  /// The release.
  public var version: String
  /// The format of the bundles that it reads.
  public var format: String

  private static let mark = Data("tvisor,version\0\0".utf8)
  private static let versionSize = 48
  private static let formatSize = 32

  /// The format that this tool writes.
  public static var currentFormat: String { String(decoding: Array(SystemDescription.format), as: UTF8.self) }

  /// A stamp of this tool's format.
  public init(version: String) {
    self.version = version
    format = Self.currentFormat
  }

  /// Reads an image's stamp; nil where it has no place for one.
  public init?(in image: Data) {
    guard let place = Self.place(in: image) else { return nil }
    version = Self.text(image[place..<place + Self.versionSize])
    format = Self.text(image[place + Self.versionSize..<place + Self.versionSize + Self.formatSize])
  }

  /// The image with this stamp.
  /// - Throws: `Failure` where it has no place for one.
  public func written(into image: Data) throws(Failure) -> Data {
    guard let place = Self.place(in: image) else { throw Failure("the image has no place for its version") }
    var copy = image
    let bytes = Self.padded(version, Self.versionSize) + Self.padded(format, Self.formatSize)
    copy.replaceSubrange(place..<place + bytes.count, with: bytes)
    return copy
  }

  /// Refuses an image that does not read what this tool writes. One without a stamp is somebody's own, and passes.
  public static func check(_ image: Data, at path: String) throws(Failure) {
    guard let stamp = ImageStamp(in: image), stamp.format != currentFormat else { return }
    throw Failure(
      "\(path) is TVisor \(stamp.version), which reads bundles of the format \(stamp.format), and this tool writes "
        + "\(currentFormat): build the image anew, or take the tool of its release")
  }

  private static func place(in image: Data) -> Int? {
    guard let found = image.range(of: mark), found.upperBound + versionSize + formatSize <= image.endIndex else {
      return nil
    }
    return found.upperBound
  }

  private static func text(_ bytes: Data) -> String { String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }

  /// The text, cut so that a NUL ends it.
  private static func padded(_ text: String, _ size: Int) -> Data {
    let bytes = Data(text.utf8.prefix(size - 1))
    return bytes + Data(count: size - bytes.count)
  }
}
