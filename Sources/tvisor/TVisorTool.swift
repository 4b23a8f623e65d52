import ArgumentParser
import Foundation
import Toolkit

/// The command line of the host tool.
@main
struct TVisorTool: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tvisor",
    abstract: "Builds, checks and boots TVisor systems.",
    discussion: "The exit status:\n\n\(ExitStatus.table)", version: version,
    subcommands: [
      Init.self, Run.self, Build.self, Check.self, Bundle.self, Simulate.self, Histogram.self, Bench.self, Attack.self,
      Boards.self, BootFilesCommand.self, Schema.self, Symbolize.self, Release.self,
    ],
    defaultSubcommand: Run.self)
}

extension TVisorTool {
  /// What --version prints. Git is only asked where somebody asks for it.
  private static var version: String {
    CommandLine.arguments.contains("--version")
      ? "tvisor \((try? Project.locate())?.describedVersion ?? "unknown")" : "tvisor"
  }

  /// What is said of a word that is no command and no file.
  static func unknownCommand(_ word: String) -> String {
    let names = configuration.subcommands.map { $0._commandName }
    return "there is no command and no file '\(word)'; \(Suggestion.hint(for: word, among: names))"
  }
}

/// The choices that every command about a board shares.
struct BoardOptions: ParsableArguments {
  @Option(help: "The board; `tvisor boards` lists them.")
  var board = "qemu-virt-armv8"

  @Option(name: .long, help: "The CPU model that QEMU plays, such as cortex-a53.")
  var cpu: String?

  @Option(help: "The version of the board's interrupt controller: 2 or 3.")
  var gic: UInt64?

  @Option(help: "How many CPUs the board has.")
  var smp: UInt64?

  @Option(help: "How much memory the board has, such as 1GiB.")
  var memory: String?

  @Option(
    parsing: .unconditionalSingleValue,
    help: "Further options for QEMU, such as \"-drive file=disk.img,if=none,format=raw,id=d\"; may be given again.")
  var qemu: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: "Where a serial port before the console's goes, as QEMU's -serial takes it, such as pty; may be given again.")
  var port: [String] = []

  /// True where anything was chosen that only QEMU has.
  var isAboutQEMU: Bool {
    cpu != nil || gic != nil || smp != nil || memory != nil || !qemu.isEmpty || !port.isEmpty
  }

  func emulation(in project: Project) async throws -> Emulation {
    let size = try memory.map { text in
      guard let size = Units.size(text) else {
        throw ValidationError("cannot read '\(text)' as a size; write for example 1GiB")
      }
      return size
    }
    let board = try project.board(named: board)
    try await project.provideTree(of: board)
    var emulation = try Emulation(
      board, model: cpu, gicVersion: gic, processorCount: smp, memory: size)
    emulation.options = try qemu.flatMap(ShellWords.split)
    let portCount = try board.playedByQEMU().consoleNumber
    guard port.count <= portCount else {
      throw ValidationError(
        "--port: \(board.name) has \(portCount) serial ports before the console's; give at most as many")
    }
    emulation.otherPorts = port
    return emulation
  }
}

/// Says something on standard error, where it does not mix with a guest's console.
func note(_ text: String) {
  FileHandle.standardError.write(Data((text + "\n").utf8))
}

/// Prints what is wrong as the tool's own message and ends unsuccessfully.
func reporting(_ body: () async throws -> Void) async throws {
  do {
    try await body()
  } catch let problems as Problems {
    note(problems.description)
    throw ExitStatus.failure.code
  } catch let failure as Failure {
    note("error: \(failure)")
    throw ExitStatus.failure.code
  } catch let error where !(error is ExitCode || error is ValidationError || error is CleanExit) {
    note("error: \((error as NSError).localizedDescription)")
    throw ExitStatus.failure.code
  }
}
