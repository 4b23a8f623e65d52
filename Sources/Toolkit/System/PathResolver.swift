internal import Foundation

/// Turns the paths of a system file into real ones.
public struct PathResolver: Sendable {
  /// The folder of the system file.
  public var folder: String
  /// What `@guests/` stands for.
  public var guests: String

  /// A resolver for files in `folder`.
  public init(folder: String, guests: String) {
    self.folder = folder
    self.guests = guests
  }

  /// `@guests/…` is among the set-up's guests; `/…` is as it is; all else is relative to the system file.
  public func resolve(_ path: String) -> String {
    if path.hasPrefix("@guests/") { return guests + path.dropFirst("@guests".count) }
    return path.hasPrefix("/") || folder.isEmpty ? path : "\(folder)/\(path)"
  }

  /// What to do where the file that `path` names is not there.
  public func remedy(for path: String) -> String {
    guard path.hasPrefix("@") else { return "paths start from the system file's folder" }
    if path.hasPrefix("@guests/armv8/") || path.hasPrefix("@guests/armv7/") {
      return "build TVisor's own guests with `tvisor build`"
    }
    return path.hasPrefix("@guests/")
      ? "fetch the guests with `make setup`, or in a release with `boot/setup/setup.sh --guests`"
      : "only '@guests/' may begin with '@'"
  }
}
