internal import Foundation
internal import Scheduling

extension SystemFile {
  /// What a file says that no rule forbids, and that hardly anybody means: warnings.
  var doubts: [Problem] {
    machines.flatMap { machine in consoleDoubts(machine) + priorityDoubts(machine) }
  }

  private func doubt(at position: Position, _ message: String) -> Problem {
    var problem = source.problem(at: position, message)
    problem.isWarning = true
    return problem
  }

  /// A console that the guest's machine has not, and what nobody reads behind a NUL.
  private func consoleDoubts(_ machine: Machine) -> [Problem] {
    guard let arguments = machine.bootArguments else { return [] }
    var doubts: [Problem] = []
    if arguments.value.unicodeScalars.contains("\0") {
      doubts.append(doubt(at: arguments.position, "bootargs: a kernel reads up to the NUL in it; take that out"))
    }
    // A device of the board's own may be a UART by any name.
    guard machine.devices.isEmpty, case .image = machine.payload else { return doubts }
    for word in arguments.value.split(separator: " ") where word.hasPrefix("console=") {
      let name = word.dropFirst("console=".count).prefix { $0 != "," }
      guard name != "ttyAMA0", name.hasPrefix("tty") || name.hasPrefix("hvc") else { continue }
      doubts.append(
        doubt(
          at: arguments.position, "bootargs: the guest has no '\(name)'; its UART is ttyAMA0 (a PL011 at 0x9000000)"))
    }
    return doubts
  }

  /// A rank that nobody asks for.
  private func priorityDoubts(_ machine: Machine) -> [Problem] {
    machine.virtualCPUs.compactMap { vcpu in
      guard let priority = vcpu.priority else { return nil }
      let policy = processors.first { $0.number.value == vcpu.processor.value }?.policy.value ?? .roundRobin
      guard policy != .fixedPriority else { return nil }
      return doubt(
        at: priority.position,
        "priority: CPU \(vcpu.processor.value) has \(policy.text), which asks for none; it counts under fixed-priority")
    }
  }
}
