import Foundation
import TestSupport
import Testing
import Toolkit
import Yams

@Suite("A new system's folder", .timeLimited)
struct StarterTests {
  private static func starter(_ folder: String, _ language: Starter.Language = .c, isa: String = "armv8") throws
    -> Starter
  {
    try Starter(project: .locate(), folder: folder, language: language, isa: isa)
  }

  @Test(
    "has nothing left to fill in, and a system file that is sound", arguments: Starter.Language.allCases,
    ImageBuilder.isas)
  func files(language: Starter.Language, isa: String) throws {
    let scratch = try Scratch()
    let starter = try Self.starter("\(scratch.path)/mine", language, isa: isa)
    let names = try starter.write()
    let ending = language == .rust ? "rs" : language.rawValue
    for name in ["Makefile", "README.md", "guest.ld", "machine.c", "main.\(ending)", "start.S", "system.yaml"] {
      #expect(names.contains(name))
    }
    for name in names {
      let text = try String(contentsOfFile: "\(starter.folder)/\(name)", encoding: .utf8)
      #expect(text.firstMatch(of: /@[A-Z]+@/) == nil, "\(name)")
    }
    let path = "\(starter.folder)/system.yaml"
    let system = try SystemFile(parsing: SourceText(path: path))
    #expect(system.machines.map(\.name.value) == ["mine"])
    let schema = try JSONSchema(String(contentsOfFile: "\(starter.folder)/system.schema.json", encoding: .utf8))
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(schema.mistakes(in: try #require(try Yams.load(yaml: text))) == [])
    // Its comment is the same system with Linux, once the signs are away.
    let full = text.replacing(/\n  # (?=(- |  ))/, with: "\n  ")
    #expect(try SystemFile(parsing: SourceText(path: path, text: full)).machines.count == 2)
  }

  @Test("is not written over what is there")
  func present() throws {
    let scratch = try Scratch()
    let folder = "\(scratch.path)/mine"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try scratch.write(Data("mine".utf8), to: "mine/file")
    let error = #expect(throws: Failure.self) { try Self.starter(folder).write() }
    #expect(
      error?.description
        == "\(folder) is there already, and nothing is written over it; choose another name, or remove it")
    #expect(throws: Failure.self) { try Self.starter("\(folder)/file").write() }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file"])
    // An empty folder is as good as none.
    try FileManager.default.createDirectory(atPath: "\(scratch.path)/empty", withIntermediateDirectories: true)
    #expect(throws: Never.self) { try Self.starter("\(scratch.path)/empty").write() }
  }

  @Test(
    "has a name that a VM can have",
    arguments: ["tvisor", "a b", "", "/", "-x", "a/\(String(repeating: "b", count: 32))"])
  func name(folder: String) {
    let error = #expect(throws: Failure.self) { try Self.starter(folder) }
    #expect(error?.description.contains("cannot be a VM's name") == true)
  }
}
