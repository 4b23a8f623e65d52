internal import Foundation

/// Puts together the folder of a release, which works from any place without a checkout or Swift: the tool and what it needs beside it.
public struct ReleaseFolder: Sendable {
  private let project: Project
  private let path: String
  private let version: String

  /// A folder that is not there yet, of what is built.
  public init(project: Project, at path: String, version: String) {
    self.project = project
    self.path = path
    self.version = version
  }

  /// What is taken as it is: from where in the checkout, to where in the release.
  private static let copies = [
    ("LICENSE", "LICENSE"), ("README.md", "README.md"), ("boot/release/CHANGELOG.md", "CHANGELOG.md"),
    ("boot/release/SECURITY.md", "SECURITY.md"), ("boot/setup", "boot/setup"), ("Sources/Guests/Template", "template"),
  ]

  /// Writes everything.
  /// - Parameters:
  ///   - tool: the tool's executable, which links nothing but the C library.
  ///   - manual: the manual's folder, where there is one.
  ///   - texts: further files, such as man page and completions.
  ///   - licences: the folder with the licences of what is linked.
  public func write(
    tool: String, licences: String, manual: String?, texts: [(name: String, text: String)]
  ) throws {
    guard !FileManager.default.fileExists(atPath: path) else { throw Failure("\(path) is there already; remove it") }
    for (from, to) in Self.copies { try copy(project.path(from), to: to) }
    try copy(tool, to: "bin/tvisor")
    for board in try project.boards() {
      try copy(project.path("platforms/\(board.name)"), to: "platforms/\(board.name)")
    }
    let builder = ImageBuilder(project: project)
    for isa in ImageBuilder.isas {
      let image = try Files.contents(of: builder.image(isa))
      guard ImageStamp(in: image) == ImageStamp(version: version) else {
        throw Failure("\(builder.image(isa)) is not of version \(version); build it with `tvisor build`")
      }
      try write(image, to: "images/tvisor-\(isa).img")
      try copy(builder.executable(of: ImageBuilder.hypervisor(isa)), to: "images/tvisor-\(isa).elf")
      for guest in ImageBuilder.guests(isa) {
        try copy("\(project.guests)/\(isa)/\(guest.name).elf", to: "guests/\(isa)/\(guest.name).elf")
      }
    }
    try copy(licences, to: "licences")
    if let manual { try copy(manual, to: "doc/manual") }
    for (name, text) in texts { try write(Data(text.utf8), to: name) }
    try write(Data("\(version)\n".utf8), to: "VERSION")
  }

  private func copy(_ from: String, to name: String) throws {
    try makeFolder(of: name)
    do { try FileManager.default.copyItem(atPath: from, toPath: "\(path)/\(name)") } catch {
      throw Failure("cannot copy \(from): \(error.localizedDescription)")
    }
  }

  private func write(_ data: Data, to name: String) throws {
    try makeFolder(of: name)
    try Files.write(data, to: "\(path)/\(name)")
  }

  private func makeFolder(of name: String) throws {
    try Files.makeFolder((("\(path)/\(name)") as NSString).deletingLastPathComponent)
  }
}
