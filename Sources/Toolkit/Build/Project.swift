public import Foundation

/// Where the tool finds what it works with: a checkout, or the folder of a release, which has the same things ready.
public struct Project: Sendable {
  /// The folder with Package.swift, or with a release's VERSION.
  public var root: URL
  /// True for the folder of a release, in which nothing is built.
  public let isRelease: Bool

  /// Names a checkout, or a release's folder.
  public init(root: URL) {
    self.root = root
    isRelease = Self.has(Self.releaseMarks, root)
  }

  private static let checkoutMarks = ["Package.swift", "boot/toolsets", "platforms"]
  private static let releaseMarks = ["VERSION", "images", "platforms"]

  /// Finds it: the nearest folder at or above the working folder, or above the tool itself.
  public static func locate() throws -> Project {
    let here = URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
    // The program itself, by whatever name and from wherever it was called.
    let tool = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    for start in [here, tool] {
      var folder = start
      while folder.path != "/" {
        // A release's tool has its own things, whatever is about.
        if has(checkoutMarks, folder) || start == tool && has(releaseMarks, folder) { return Project(root: folder) }
        folder.deleteLastPathComponent()
      }
    }
    throw Failure(
      "cannot find TVisor's checkout, nor what a release has beside its tool; run tvisor from inside a checkout")
  }

  private static func has(_ marks: [String], _ folder: URL) -> Bool {
    marks.allSatisfy { FileManager.default.fileExists(atPath: folder.appendingPathComponent($0).path) }
  }

  /// A path inside the folder.
  public func path(_ relative: String) -> String { root.appendingPathComponent(relative).path }

  /// What `@guests/` in a system file stands for.
  public var guests: String { path(isRelease ? "guests" : ".build-setup/guests") }
  /// Where the set-up puts device trees.
  public var trees: String { path(isRelease ? "all-trees" : ".build-setup/all-trees") }
  /// Where a run leaves its bundle and its console's text. A release's folder may be anybody's.
  public var runs: String {
    guard isRelease else { return path(".build-run") }
    let cache = ProcessInfo.processInfo.environment["XDG_CACHE_HOME"] ?? "\(NSHomeDirectory())/.cache"
    return "\(cache)/tvisor/run"
  }
  /// The pieces of a new system's folder.
  public var templates: String { path(isRelease ? "template" : "Sources/Guests/Template") }
  /// The boards, one folder each.
  public var platforms: String { path("platforms") }
}
