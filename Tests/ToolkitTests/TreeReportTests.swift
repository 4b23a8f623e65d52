import DeviceTree
import Foundation
import TestSupport
import Testing
import Toolkit

@Suite("What TVisor finds in a tree", .timeLimited)
struct TreeReportTests {
  private static let unknownUART: NodeContent = { (node) throws(DeviceTreeError) in
    try node.property("compatible", "vendor,strange-uart")
    try node.property("reg", cells: [0, 0x900_0000, 0, 0x1000])
  }

  @Test("is all that it needs, and that it would run")
  func complete() throws {
    let report = try TreeReport(machineTree(), named: "m.dtb")
    #expect(report.verdict == .runs)
    #expect(report.interruptController == "GICv3")
    #expect(report.processors == "1: PSCI")
    #expect(report.console == "arm,pl011")
    #expect(report.memory == "512MiB")
  }

  @Test("is what is missing, and whether a loader adds it")
  func incomplete() throws {
    let open = try TreeReport(machineTree(changing: ["memory@40000000": nil]), named: "m.dtb")
    #expect((open.verdict, open.memory) == (.doesNot, "left to the loader"))
    #expect(open.reason.hasPrefix("memory (a node with device_type"))
    #expect((open.filled.verdict, open.filled.reason) == (.runs, ""))
    let silent = try TreeReport(machineTree(changing: ["serial@9000000": Self.unknownUART]), named: "m.dtb")
    #expect((silent.verdict, silent.console) == (.runsSilent, "vendor,strange-uart, no driver"))
    let both = ["memory@40000000": nil, "timer": nil] as [String: NodeContent?]
    let broken = try TreeReport(machineTree(changing: both), named: "m.dtb")
    #expect(broken.verdict == .doesNot && broken.filled.verdict == .doesNot)
    #expect(broken.filled.reason.hasPrefix("the architected timer"))
  }

  @Test("is counted for all trees of a folder, and what is no tree is said")
  func folder() throws {
    let scratch = try Scratch()
    try scratch.write(machineTree(), to: "a.dtb")
    try scratch.write(machineTree(changing: ["intc@8000000": nil]), to: "b.dtb")
    try scratch.write(Data(count: 80), to: "c.dtb")
    try scratch.write(Data(count: 80), to: "d.txt")
    let table = try TreeTable(at: scratch.path)
    #expect(TreeReport.Verdict.allCases.map(table.count(of:)) == [1, 0, 1])
    #expect(TreeReport.Verdict.allCases.map(table.count(ofFilled:)) == [1, 0, 1])
    #expect(table.failures == ["c.dtb: device tree: no flattened device tree (magic number d00dfeed)"])
    #expect(
      table.description.contains(
        "\n2 trees\nas it is  once its firmware has filled it\n       1         1  runs\n"))
    #expect(throws: Failure.self) { try TreeTable(at: "\(scratch.path)/nowhere") }
    #expect(throws: Failure.self) { try TreeTable(at: "\(scratch.path)/d.txt") }
  }

  @Test("is a warning of the check's where no driver fits the console")
  func warning() async throws {
    let folder = try Scratch()
    try folder.write(Data(count: 8), to: "rom")
    let text = "vms: [{name: a, memory: 2MiB, vcpus: [0], firmware: rom}]\n"
    let project = try Project.locate()
    let bundler = Bundler(project: project)
    let bundle = try await bundler.bundle(SystemFile(parsing: SourceText(path: "\(folder.path)/s.yaml", text: text)))
    let board = try project.board(named: "qemu-virt-armv8")
    #expect(try bundler.check(bundle, on: board, describedBy: machineTree()).warnings.isEmpty)
    let tree = try machineTree(changing: ["serial@9000000": Self.unknownUART])
    let warnings = try bundler.check(bundle, on: board, describedBy: tree).warnings
    #expect(
      warnings.map(\.message) == [
        "no driver for 'vendor,strange-uart', the console of qemu-virt-armv8: TVisor will be silent"
      ])
    #expect(warnings.allSatisfy { $0.isWarning })
    let dangling: NodeContent = { (node) throws(DeviceTreeError) in try node.property("stdout-path", "/nowhere:9600") }
    let passed = try bundler.check(bundle, on: board, describedBy: machineTree(changing: ["chosen": dangling])).warnings
    #expect(
      passed.map(\.message) == [
        "/chosen stdout-path (/nowhere:9600) leads to no node that is in use: the console is /serial@9000000"
      ])
  }
}
