import ArgumentParser
import Foundation
import TestSupport
import Testing
import Toolkit

@testable import tvisor

@Suite("A release", .timeLimited)
struct ReleaseTests {
  private static let resolved = """
    {"pins": [
      {"identity": "yams", "kind": "remoteSourceControl", "location": "https://example.org/jpsim/Yams.git",
       "state": {"revision": "abc", "version": "6.2.2"}},
      {"identity": "swift-system", "kind": "remoteSourceControl", "location": "https://example.org/apple/swift-system",
       "state": {"revision": "def", "version": "1.8.1"}}], "version": 3}
    """

  @Test("has a bill of materials with each package, the runtime and what the images link, each with its licence")
  func bill() throws {
    let bill = try BillOfMaterials(version: "0.2", resolved: Data(Self.resolved.utf8), swift: "6.3.1", libfdt: "1.6.1")
    #expect(bill.components.map(\.name) == ["libfdt", "libgcc", "swift-runtime", "swift-system", "yams"])
    let file = try #require(try JSONSerialization.jsonObject(with: Data("\(bill.json)".utf8)) as? [String: Any])
    #expect(file["bomFormat"] as? String == "CycloneDX")
    let components = try #require(file["components"] as? [[String: Any]])
    let yams = try #require(components.last)
    #expect(yams["version"] as? String == "6.2.2")
    #expect(yams["purl"] as? String == "pkg:github/jpsim/Yams@6.2.2")
    #expect((yams["licenses"] as? [[String: String]])?.first?["expression"] == "MIT")
  }

  @Test("is not made with a package whose licence nobody has looked at")
  func unknownPackage() {
    let text = Self.resolved.replacing("\"yams\"", with: "\"other\"")
    let failure = #expect(throws: Failure.self) {
      try BillOfMaterials(version: "0.2", resolved: Data(text.utf8), swift: "6.3.1", libfdt: "1.6.1")
    }
    #expect(failure?.description.contains("the licence of the package other") == true)
  }

  @Test("knows the licences of all packages that the manifest names")
  func manifest() throws {
    let resolved = try Files.contents(of: DocumentedCommands.root.path + "/Package.resolved")
    #expect(throws: Never.self) {
      try BillOfMaterials(version: "0.2", resolved: resolved, swift: "6.3.1", libfdt: "1.6.1")
    }
  }

  @Test("has a manual page with every command, every option and how the tool ends, in lines that man takes")
  func manualPage() throws {
    let page = ManualPage.text(version: "0.2")
    for subcommand in TVisorTool.configuration.subcommands {
      #expect(page.contains("\n.SS \(subcommand._commandName)\n"))
      for option in TVisorTool.helpMessage(for: subcommand).matches(of: /--[a-z-]+/) {
        #expect(page.contains(option.0.replacing("-", with: "\\-")), "\(option.0)")
      }
    }
    for status in ExitStatus.allCases { #expect(page.contains("\(status.rawValue)  ")) }
    let macros: Set<Substring> = [".TH", ".SH", ".SS", ".TP", ".I", ".B", ".nf", ".fi"]
    for line in page.split(separator: "\n") {
      #expect(!line.hasPrefix("'"))
      if line.hasPrefix(".") { #expect(macros.contains(line.prefix { $0 != " " }), "\(line)") }
    }
    // What is verbatim begins and ends.
    #expect(page.matches(of: /\n\.nf\n/).count == page.matches(of: /\n\.fi\n/).count)
  }

  @Test("has completions of every command for three shells")
  func completions() {
    let texts = Release.texts("0.2").filter { $0.name.contains("completions") || $0.name.contains("site-functions") }
    #expect(texts.count == 3)
    for (name, text) in texts {
      for subcommand in TVisorTool.configuration.subcommands {
        #expect(text.contains(subcommand._commandName), "\(name): \(subcommand._commandName)")
      }
    }
  }

  @Test("is a folder whose tool takes what lies beside it, and builds nothing")
  func places() async throws {
    let scratch = try Scratch()
    for folder in ["images", "platforms"] {
      try FileManager.default.createDirectory(atPath: "\(scratch.path)/\(folder)", withIntermediateDirectories: true)
    }
    try scratch.write(Data("0.2\n".utf8), to: "VERSION")
    let project = Project(root: URL(fileURLWithPath: scratch.path))
    #expect(project.isRelease)
    #expect(await project.version() == "0.2")
    #expect(project.describedVersion == "0.2")
    #expect(project.guests.hasSuffix("/guests") && !project.guests.contains(".build"))
    #expect(!project.runs.hasPrefix(scratch.path))
    #expect(ImageBuilder(project: project).image("armv7").hasSuffix("/images/tvisor-armv7.img"))
    #expect(
      ImageBuilder(project: project).executable(of: ImageBuilder.hypervisor("armv8")).hasSuffix(
        "/images/tvisor-armv8.elf"))
    try await ImageBuilder(project: project).buildGuests("armv8")
    #expect(try !Project.locate().isRelease)
  }
}
