import ArgumentParser

/// How the tool ends: the numbers that scripts may count on.
enum ExitStatus: Int32, CaseIterable {
  /// All is as it should be.
  case success = 0
  /// Something is wrong, and was said.
  case failure = 1
  /// A simulated load missed a deadline.
  case missedDeadline = 3
  /// The command line is wrong.
  case usage = 64

  /// When a command ends with it.
  var summary: String {
    switch self {
    case .success: "all is well; warnings may have been said"
    case .failure:
      "mistakes were found, a figure is worse than its bar, a text was not said, or a file could not be read or written"
    case .missedDeadline: "simulate: a load that admission takes missed a deadline"
    case .usage: "the command line is wrong"
    }
  }

  /// The error that ends the tool like this.
  var code: ExitCode { ExitCode(rawValue) }

  /// A line for each, for the help.
  static var table: String {
    let lines = allCases.map { status in
      let number = "\(status.rawValue)"
      return "  \(String(repeating: " ", count: 3 - number.count))\(number)  \(status.summary)"
    }
    return (lines + ["       run without --headless: what QEMU ends with"]).joined(separator: "\n")
  }
}
