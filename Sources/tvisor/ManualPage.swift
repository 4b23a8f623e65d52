import ArgumentParser
import Toolkit

/// The tool's manual page, in man's own macros: its help and that of every command, so that neither lacks what the other has.
enum ManualPage {
  /// The page for a release.
  static func text(version: String) -> String {
    let commands = TVisorTool.configuration.subcommands.map { command in
      ".SS \(command._commandName)\n" + verbatim(TVisorTool.helpMessage(for: command, columns: 78))
    }
    return """
      .TH TVISOR 1 "" "TVisor \(escaped(version))" "User Commands"
      .SH NAME
      tvisor \\- \(escaped(TVisorTool.configuration.abstract))
      .SH SYNOPSIS
      .B tvisor
      .I COMMAND
      [\\fIOPTION\\fR ...]
      .SH COMMANDS
      \(commands.joined(separator: "\n"))
      .SH "EXIT STATUS"
      \(verbatim(ExitStatus.table))
      .SH FILES
      .TP
      .I system.yaml
      What runs on a board; \\fBtvisor schema system \\-\\-markdown\\fR prints its keys.
      .TP
      .I platforms/BOARD/board.yaml
      A board; \\fBtvisor schema board \\-\\-markdown\\fR prints its keys.

      """
  }

  /// Lines as they are.
  private static func verbatim(_ text: String) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      // A full stop or an apostrophe would begin a request.
      (line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" : "") + escaped(String(line))
    }
    return ".nf\n" + lines.joined(separator: "\n") + "\n.fi"
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
  }
}
