public import Foundation

/// The checkout that the tool works in, and where things lie in it.
public struct Project: Sendable {
  /// The folder with Package.swift.
  public var root: URL

  /// Names a checkout.
  public init(root: URL) {
    self.root = root
  }

  /// Finds the checkout: the nearest folder at or above the working folder, or above the tool itself, that has one.
  public static func locate() throws -> Project {
    let here = URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
    // The program itself, by whatever name and from wherever it was called.
    let tool = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    for start in [here, tool] {
      var folder = start
      while folder.path != "/" {
        if isRoot(folder) { return Project(root: folder) }
        folder.deleteLastPathComponent()
      }
    }
    throw Failure("cannot find TVisor's checkout; run tvisor from inside it")
  }

  private static func isRoot(_ folder: URL) -> Bool {
    ["Package.swift", "boot/toolsets", "platforms"].allSatisfy {
      FileManager.default.fileExists(atPath: folder.appendingPathComponent($0).path)
    }
  }

  /// A path inside the checkout.
  public func path(_ relative: String) -> String { root.appendingPathComponent(relative).path }

  /// What `@guests/` in a system file stands for.
  public var guests: String { path(".build-setup/guests") }
  /// Where a run leaves its bundle and its console's text.
  public var runs: String { path(".build-run") }
  /// The pieces of a new system's folder.
  public var templates: String { path("Sources/Guests/Template") }
  /// The boards, one folder each.
  public var platforms: String { path("platforms") }
}
