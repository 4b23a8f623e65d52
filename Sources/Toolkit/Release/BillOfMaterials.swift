public import Foundation

/// What is in a release besides TVisor itself, in CycloneDX's form (1.5): from the package manager's list, and what it does not know.
public struct BillOfMaterials: Sendable {
  /// One thing that is linked in.
  public struct Component: Equatable, Sendable {
    /// Its name.
    public var name: String
    /// Its version.
    public var version: String
    /// Its licence, by its SPDX name.
    public var licence: String
    /// Where it comes from, as a package URL (purl).
    public var origin: String
  }

  /// The release.
  public var version: String
  /// What is linked in, by name.
  public var components: [Component]

  /// The licences of the packages that we use. One that is not here is a mistake: somebody has to look.
  private static let licences = [
    "swift-argument-parser": "Apache-2.0 WITH Swift-exception", "swift-system": "Apache-2.0 WITH Swift-exception",
    "swift-subprocess": "Apache-2.0 WITH Swift-exception", "yams": "MIT",
  ]

  /// Reads the package manager's list.
  /// - Parameters:
  ///   - resolved: Package.resolved.
  ///   - swift: the toolchain's version.
  ///   - libfdt: the version of libfdt, in the images and in the tool.
  /// - Throws: `Failure` where the list cannot be read, or has a package whose licence nobody has looked at.
  public init(version: String, resolved: Data, swift: String, libfdt: String) throws(Failure) {
    self.version = version
    let pins: [Pin]
    do { pins = try JSONDecoder().decode(List.self, from: resolved).pins } catch {
      throw Failure("cannot read Package.resolved: \(error)")
    }
    components = [
      Component(
        name: "swift-runtime", version: swift, licence: "Apache-2.0 WITH Swift-exception",
        origin: "pkg:github/swiftlang/swift@\(swift)"),
      Component(
        name: "libfdt", version: libfdt, licence: "BSD-2-Clause OR GPL-2.0-or-later",
        origin: "pkg:deb/debian/device-tree-compiler@\(libfdt)"),
      Component(
        name: "libgcc", version: "12", licence: "GPL-3.0-or-later WITH GCC-exception-3.1",
        origin: "pkg:deb/debian/gcc-12"),
    ]
    for pin in pins {
      guard let licence = Self.licences[pin.identity] else {
        throw Failure(
          "nobody has looked at the licence of the package \(pin.identity); add it to BillOfMaterials.swift")
      }
      let path = pin.location.split(separator: "/").suffix(2).joined(separator: "/").replacing(".git", with: "")
      components.append(
        Component(
          name: pin.identity, version: pin.state.version ?? pin.state.revision, licence: licence,
          origin: "pkg:github/\(path)@\(pin.state.version ?? pin.state.revision)"))
    }
    components.sort { $0.name < $1.name }
  }

  private struct List: Decodable { var pins: [Pin] }
  private struct Pin: Decodable {
    var identity: String
    var location: String
    var state: State
    struct State: Decodable {
      var version: String?
      var revision: String
    }
  }

  /// The file. It has no time and no serial number, so that the same release is the same file.
  public var json: JSON {
    [
      "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
      "metadata": [
        "component": [
          "type": "application", "name": "tvisor", "version": .text(version),
          "licenses": [["license": ["id": "Apache-2.0"]]],
        ]
      ],
      "components": .list(
        components.map { component in
          [
            "type": "library", "name": .text(component.name), "version": .text(component.version),
            "licenses": [["expression": .text(component.licence)]], "purl": .text(component.origin),
          ]
        }),
    ]
  }
}
