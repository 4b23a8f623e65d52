import Foundation
import TestSupport
import Testing
import Toolkit
import Yams

@Suite("The JSON schema", .timeLimited)
struct KeySchemaTests {
  /// All files of a name below platforms/.
  private static func files(_ isWanted: (String) -> Bool) -> [String] {
    let root = DocumentedCommands.root.path + "/platforms"
    let all = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
    return all.filter { $0.hasSuffix(".yaml") && isWanted($0) }.sorted().map { "platforms/\($0)" }
  }

  private static let boards = files { $0.hasSuffix("board.yaml") }
  private static let systems = files { !$0.hasSuffix("board.yaml") }

  private static func mistakes(in path: String, _ table: KeyTable) throws -> [String] {
    let text = try String(contentsOfFile: "\(DocumentedCommands.root.path)/\(path)", encoding: .utf8)
    return try JSONSchema("\(table.schema(title: "t"))").mistakes(in: try #require(try Yams.load(yaml: text)))
  }

  @Test("takes every board's file of the tree", arguments: boards)
  func board(path: String) throws { #expect(try Self.mistakes(in: path, .board) == []) }

  @Test("takes every system file of the tree", arguments: systems)
  func system(path: String) throws { #expect(try Self.mistakes(in: path, .system) == []) }

  @Test("finds files to take at all")
  func found() { #expect(Self.boards.count >= 18 && Self.systems.count >= 20) }

  /// A VM with one more line.
  private func machine(_ line: String, name: String = "a", vcpus: String = "[0]") -> String {
    "vms:\n  - name: \(name)\n    memory: 64MiB\n    vcpus: \(vcpus)\n    \(line)\n"
  }

  @Test("refuses what the parser refuses for its shape, and takes its neighbour")
  func shapes() throws {
    let schema = try JSONSchema("\(KeyTable.system.schema(title: "t"))")
    let pairs = [
      (machine("image: x"), machine("bootargs: x")),
      (machine("image: x"), machine("image: x\n    firmware: y")),
      (machine("image: x"), machine("image: x", name: "tvisor")),
      (machine("image: x", name: "tvisor-2"), machine("image: x", name: "b c")),
      (machine("image: x"), machine("image: x", vcpus: "[]")),
      (
        machine("image: x", vcpus: "[{cpu: 1, priority: 255}]"), machine("image: x", vcpus: "[{cpu: 1, priority: 256}]")
      ),
      (
        machine("image: x", vcpus: "[{cpu: 1, simulate: busy}]"),
        machine("image: x", vcpus: "[{cpu: 1, simulate: bussy}]")
      ),
      (
        machine("image: x", vcpus: "[{cpu: 1, reserve: 200 us every 1ms within 500us}]"),
        machine("image: x", vcpus: "[{cpu: 1, reserve: 200us within 1ms}]")
      ),
      (machine("image: x\n    on-reset: stop"), machine("image: x\n    on-reset: restrat")),
      (machine("raw: {path: x, address: 0x4008_0000}"), machine("raw: {path: x, address: 0x}")),
      (machine("image: x\n    devices: [/uart]"), machine("image: x\n    devices: [uart]")),
      (
        machine("image: x").replacing("64MiB", with: "0x400_0000"), machine("image: x").replacing("64MiB", with: "64MB")
      ),
      ("cpus: [{cpu: 0, slice: 1ms}]\n" + machine("image: x"), "cpus: [{cpu: 0, slice: 1}]\n" + machine("image: x")),
      (
        "cpus: [{cpu: 0, policy: cyclic, frame: 1ms, windows: [{vm: a, at: 0, for: 1ms}]}]\n" + machine("image: x"),
        "cpus: [{cpu: 0, policy: cylic, frame: 1ms, windows: [{vm: a, at: 0, for: 1ms}]}]\n" + machine("image: x")
      ),
    ]
    for (good, bad) in pairs {
      #expect(throws: Never.self, "\(good)") { try SystemFile(parsing: SourceText(path: "s.yaml", text: good)) }
      #expect(schema.mistakes(in: try #require(try Yams.load(yaml: good))) == [], "\(good)")
      #expect(throws: Problems.self, "\(bad)") { try SystemFile(parsing: SourceText(path: "s.yaml", text: bad)) }
      #expect(!schema.mistakes(in: try #require(try Yams.load(yaml: bad))).isEmpty, "\(bad)")
    }
  }
}
