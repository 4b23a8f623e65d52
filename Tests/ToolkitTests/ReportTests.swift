import ArgumentParser
import Foundation
import TestSupport
import Testing
import Toolkit

@testable import tvisor

/// What another program reads of a report.
private func read(_ json: JSON) throws -> [String: Any] {
  try #require(try JSONSerialization.jsonObject(with: Data("\(json)".utf8)) as? [String: Any])
}

@Suite("A report for other programs", .timeLimited)
struct ReportTests {
  @Test("of a check has each problem with its place, and what has none without")
  func check() async throws {
    var report = CheckReport(of: "s.yaml", on: "virt")
    try await report.record { _ in
      _ = try SystemFile(
        parsing: SourceText(path: "s.yaml", text: "vms: [{name: a, memory: 2MB, image: x, vcpus: [0]}]"))
    }
    #expect(!report.isSound)
    let problems = try #require(try read(report.json)["problems"] as? [[String: Any]])
    #expect(problems.count == 1)
    #expect(problems[0]["line"] as? Int == 1)
    #expect(problems[0]["column"] as? Int == 25)
    #expect(problems[0]["severity"] as? String == "error")
    #expect((problems[0]["message"] as? String)?.hasPrefix("cannot read '2MB'") == true)

    var other = CheckReport(of: "s.yaml", on: "virt")
    try await other.record { _ in throw Failure("no \"file\"\n") }
    let misplaced = try #require(try read(other.json)["problems"] as? [[String: Any]])
    #expect(misplaced[0]["line"] is NSNull)
    #expect(misplaced[0]["message"] as? String == "no \"file\"\n")
  }

  @Test("of a check that found only warnings is sound, and has the machines")
  func warnings() async throws {
    var report = CheckReport(of: "s.yaml", on: "virt")
    let source = SourceText(path: "s.yaml", text: "vms: [{name: a, memory: 2MiB, image: x, vcpus: [0, 1]}]")
    report.system = try SystemFile(parsing: source)
    report.problems = [Problem(file: "s.yaml", position: .start, message: "hm", isWarning: true)]
    #expect(report.isSound)
    let all = try read(report.json)
    #expect(all["format"] as? String == "tvisor-check-1")
    let machines = try #require(all["machines"] as? [[String: Any]])
    #expect(machines[0]["name"] as? String == "a")
    #expect(machines[0]["vcpus"] as? Int == 2)
    #expect(machines[0]["memoryBytes"] as? Int == 2 << 20)
    #expect((all["problems"] as? [[String: Any]])?[0]["severity"] as? String == "warning")
  }

  @Test("of boards has each, and those whose files are broken with what is wrong")
  func boards() throws {
    var all = try Project.locate().allBoards()
    all.append(("broken", .failure(Failure("it is"))))
    let report = try read(Board.json(of: all))
    let boards = try #require(report["boards"] as? [[String: Any]])
    let virt = try #require(boards.first { $0["name"] as? String == "qemu-virt-armv8" })
    #expect(virt["isa"] as? String == "armv8")
    #expect((virt["qemu"] as? [String: Any])?["gicVersions"] as? [Int] == [3, 2])
    #expect((virt["qemu"] as? [String: Any])?["memoryBytes"] as? Int == 1 << 30)
    #expect(virt["loader"] is NSNull)
    #expect((report["broken"] as? [[String: Any]])?[0]["message"] as? String == "it is")
  }

  @Test("of a simulation has the figures of each vCPU, in nanoseconds")
  func simulation() throws {
    let outcome = try simulated(
      "policy: earliest-deadline, overhead: 0", ["reserve: 2ms every 5ms", "simulate: busy"]
    ).run(for: 100_000_000)
    let report = try read(outcome.json)
    #expect(report["durationNanoseconds"] as? Int == 100_000_000)
    let cpus = try #require(report["cpus"] as? [[String: Any]])
    let vcpus = try #require(cpus[0]["vcpus"] as? [[String: Any]])
    #expect(vcpus[0]["machine"] as? String == "a")
    #expect(vcpus[0]["runNanoseconds"] as? Int == 40_000_000)
    let jobs = try #require(vcpus[0]["jobs"] as? [String: Any])
    #expect(jobs["released"] as? Int == 20)
    #expect(jobs["worstResponseNanoseconds"] as? Int == 2_000_000)
    #expect(jobs["firstMissNanoseconds"] is NSNull)
    #expect(vcpus[1]["jobs"] is NSNull)
  }

  @Test("has the members that the help of its command says", arguments: ["check", "boards", "simulate"])
  func documented(command: String) throws {
    let outcome = try simulated("policy: earliest-deadline", ["reserve: 2ms every 5ms"]).run(for: 10_000_000)
    let reports: [String: JSON] = [
      "check": CheckReport(of: "s", on: "b").json, "boards": Board.json(of: try Project.locate().allBoards()),
      "simulate": outcome.json,
    ]
    let subcommand = try #require(TVisorTool.configuration.subcommands.first { $0._commandName == command })
    let help = TVisorTool.helpMessage(for: subcommand, columns: 400)
    for name in try "\(#require(reports[command]))".matches(of: /"([A-Za-z]+)":/).map(\.1) {
      #expect(help.contains("\"\(name)\""), "\(name)")
    }
  }

  @Test("keeps what JSON cannot say plainly", arguments: ["\u{1}\t\n\"\\", "é…🙂", ""])
  func escapes(text: String) throws {
    #expect(try read(["a": .text(text)])["a"] as? String == text)
  }

  @Test("is not all: how the tool ends is in its help, each status once")
  func statuses() {
    let help = TVisorTool.helpMessage(columns: 200)
    for status in ExitStatus.allCases { #expect(help.contains("\(status.rawValue)  \(status.summary)")) }
    #expect(ExitStatus.allCases.map(\.rawValue) == [0, 1, 3, 64])
  }
}
