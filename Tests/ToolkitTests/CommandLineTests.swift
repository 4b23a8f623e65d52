import ArgumentParser
import Foundation
import TestSupport
import Testing
import Toolkit

@testable import tvisor

@Suite("A command line", .timeLimited)
struct CommandLineTests {
  /// What stands for something of the reader's own.
  private static let placeholders = [
    "system.yaml": "s.yaml", "BOARD": "raspberry-pi-4", "NAME": "zcu102", "DIR": "card", "FILE": "f", "LOG": "c.log",
    "TEXT": "text", "TREE": "t.dtb", "FOLDER": "trees",
  ]

  /// The words of a command that a text shows: what is in brackets may as well be given, and of alternatives the first is.
  private static func words(_ command: DocumentedCommand) throws -> [String] {
    let text = command.text.replacing(/\[([a-zA-Z.-]+)\]/) { $0.1 }.replacing(/\|\S+/, with: "").replacing(
      "…", with: "")
    return try ShellWords.split(text).map { placeholders[$0] ?? $0 }
  }

  @Test(
    "that README, the manual, a guide or a demo shows can be given like that",
    arguments: try DocumentedCommands.ofTexts())
  func documented(command: DocumentedCommand) throws {
    let words = try Self.words(command)
    // A command's name alone is a mention.
    let names = TVisorTool.configuration.subcommands.map { $0._commandName }
    if words.count == 1, names.contains(words[0]) { return }
    #expect(throws: Never.self) { try TVisorTool.parseAsRoot(words) }
  }

  @Test("that the help of a command shows can be given like that")
  func help() throws {
    var count = 0
    for subcommand in TVisorTool.configuration.subcommands {
      let help = TVisorTool.helpMessage(for: subcommand, columns: 400)
      for command in DocumentedCommands.commands(in: help, of: "--help") {
        count += 1
        #expect(throws: Never.self, "\(command.description)") { try TVisorTool.parseAsRoot(Self.words(command)) }
      }
      // What a help says in quotes is the value of an option that may begin with a dash.
      for quoted in help.matches(of: /--([a-z]+) <[a-z]+>[^"\n]*"(-[^"]*)"/) {
        count += 1
        let words = [subcommand._commandName, "--\(quoted.1)", String(quoted.2)]
        #expect(throws: Never.self, "\(words)") {
          try TVisorTool.parseAsRoot(words + ["s.yaml"].filter { _ in words[0] != "bench" })
        }
      }
    }
    #expect(count >= 5)
  }

  @Test("of the texts are found at all: those of every command")
  func found() throws {
    let names = Set(try DocumentedCommands.ofTexts().map { $0.text.prefix { $0 != " " } })
    for subcommand in TVisorTool.configuration.subcommands {
      #expect(names.contains(Substring(subcommand._commandName)), "\(subcommand._commandName)")
    }
  }

  @Test("gives QEMU options that begin with dashes, in words as a shell reads them")
  func options() async throws {
    let parsed = try TVisorTool.parseAsRoot(["run", "s.yaml", "--qemu", "-drive 'file=a b.img,if=none' -device x"])
    let run = try #require(parsed as? Run)
    #expect(run.options.qemu == ["-drive 'file=a b.img,if=none' -device x"])
    let emulation = try await run.options.emulation(in: Project.locate())
    #expect(emulation.options == ["-drive", "file=a b.img,if=none", "-device", "x"])
  }

  @Test("that waits for a text without --headless is refused")
  func expectation() {
    #expect(throws: (any Error).self) { try TVisorTool.parseAsRoot(["run", "--expect", "x"]) }
    #expect(throws: (any Error).self) { try TVisorTool.parseAsRoot(["run", "--timeout", "3"]) }
    #expect(throws: Never.self) {
      try TVisorTool.parseAsRoot(["run", "--headless", "--expect", "x", "--timeout", "3"])
    }
  }

  @Test("with a misspelt command is told which one was meant")
  func misspelt() async throws {
    #expect(TVisorTool.unknownCommand("chekc") == "there is no command and no file 'chekc'; did you mean 'check'?")
    #expect(TVisorTool.unknownCommand("boot-flies").hasSuffix("did you mean 'boot-files'?"))
    #expect(TVisorTool.configuration.version == "tvisor")
  }

  @Test(
    "is split into words as a shell does",
    arguments: [
      ("a  b\tc", ["a", "b", "c"]), ("'a b' \"c d\"", ["a b", "c d"]),
      ("a\\ b \"c\\\"d\\e\" ''", ["a b", "c\"d\\e", ""]),
      ("x='1 2'", ["x=1 2"]), ("", []),
    ])
  func splitting(text: String, words: [String]) throws {
    #expect(try ShellWords.split(text) == words)
  }

  @Test("with a quote that is not closed is refused")
  func openQuote() {
    #expect(throws: Failure.self) { try ShellWords.split("a 'b") }
  }
}
