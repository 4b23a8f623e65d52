import ArgumentParser
import Foundation
import Toolkit

struct Release: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Puts the folder of a release together: what `make dist` packs.",
    discussion: """
      The images and guests are built before. The folder has the tool, both images, the boards, TVisor's own guests, the pieces of `init`, man page and
      completions, the licences of what is linked, and a bill of materials (CycloneDX).
      """)

  @Argument(help: "The folder to make.")
  var folder: String

  @Option(help: "The tool's executable, which links nothing but the C library.")
  var tool: String

  @Option(help: "A folder with the licences of what is linked.")
  var licences: String

  @Option(help: "The version of Swift's runtime.")
  var swift: String

  @Option(help: "The version of libfdt.")
  var libfdt: String

  @Option(help: "The manual's folder.")
  var manual: String?

  func run() async throws {
    try await reporting {
      let project = try Project.locate()
      guard !project.isRelease else { throw Failure("this is a release already; make one in a checkout") }
      let version = await project.version()
      let resolved = try Files.contents(of: project.path("Package.resolved"))
      let bill = try BillOfMaterials(version: version, resolved: resolved, swift: swift, libfdt: libfdt)
      let release = ReleaseFolder(project: project, at: folder, version: version)
      try release.write(
        tool: tool, licences: licences, manual: manual,
        texts: Self.texts(version) + [("sbom.cdx.json", "\(bill.json)\n")])
      print("\(folder): TVisor \(version)")
    }
  }

  /// What is made of the command line's own description.
  static func texts(_ version: String) -> [(name: String, text: String)] {
    [
      ("share/man/man1/tvisor.1", ManualPage.text(version: version)),
      ("share/bash-completion/completions/tvisor", TVisorTool.completionScript(for: .bash)),
      ("share/zsh/site-functions/_tvisor", TVisorTool.completionScript(for: .zsh)),
      ("share/fish/vendor_completions.d/tvisor.fish", TVisorTool.completionScript(for: .fish)),
      ("share/tvisor/system.schema.json", "\(KeyTable.system.schema(title: "TVisor's system.yaml"))\n"),
      ("share/tvisor/board.schema.json", "\(KeyTable.board.schema(title: "TVisor's board.yaml"))\n"),
    ]
  }
}
