internal import Architecture
internal import Configuration
internal import DeviceTree
internal import Drivers
public import Foundation

/// What TVisor finds in a device tree, and whether it would run there: with the tree as it is, and as the board's firmware fills it.
public struct TreeReport: Sendable {
  /// The file.
  public var name: String
  /// What the machine calls itself.
  public var model: String
  /// The interrupt controller, or what is wrong with it.
  public var interruptController: String
  /// The architected timer, or what is wrong with it.
  public var timer: String
  /// How many CPUs there are and how they start, or what is wrong with them.
  public var processors: String
  /// The console, and whether there is a driver for it.
  public var console: String
  /// How much memory there is, or that the loader has to say.
  public var memory: String
  /// What comes of the tree as it is.
  public var verdict: Verdict
  /// Why TVisor does not run with that; empty where it does.
  public var reason = ""
  /// What comes of it once the board's firmware has filled it.
  public var filled = Filled(verdict: .doesNot, processors: "")

  /// What comes of a tree that firmware has filled (`TreeFilling`).
  public struct Filled: Sendable {
    /// Whether TVisor runs.
    public var verdict: Verdict
    /// Why it does not; empty where it does.
    public var reason = ""
    /// How many CPUs there are and how they start, or what is wrong with them.
    public var processors: String
  }

  /// Whether TVisor runs.
  public enum Verdict: String, CaseIterable, Sendable {
    /// It does, and shows so.
    case runs
    /// It runs, but there is no console that it can use.
    case runsSilent = "runs silent"
    /// Not at all.
    case doesNot = "does not run"
  }

  /// Looks into a flattened tree.
  /// - Throws: `Failure` where the bytes are none.
  public init(_ tree: Data, named name: String) throws(Failure) {
    self = try AlignedBytes(tree).withDeviceTree(of: name) { tree throws(Failure) in TreeReport(tree, name) }
    do throws(Failure) {
      let bytes = try TreeFilling.asFirmwareFills(tree, of: name)
      let after = try AlignedBytes(bytes).withDeviceTree(of: name) { tree throws(Failure) in TreeReport(tree, name) }
      filled = Filled(verdict: after.verdict, reason: after.reason, processors: after.processors)
    } catch { filled = Filled(verdict: .doesNot, reason: error.description, processors: processors) }
  }

  private init(_ tree: DeviceTree, _ name: String) {
    self.name = name
    model = tree.root["model"]?.string.map { String(decoding: $0, as: UTF8.self) } ?? ""
    interruptController = Self.words { () throws(MachineProblem) in
      switch try InterruptControllerDescription(in: tree) {
      case .gicv2: "GICv2"
      case .gicv3: "GICv3"
      case .bcm2836: "BCM2836"
      }
    }
    timer = Self.words { () throws(MachineProblem) in
      let timer = try TimerDescription(in: tree)
      return timer.clockFrequency.map { "\(Double($0) / 1e6) MHz" } ?? "as CNTFRQ says"
    }
    processors = Self.words { () throws(MachineProblem) in try Self.processors(of: tree) }
    console = Self.words { () throws(MachineProblem) in Self.words(try ConsoleDescription(in: tree)) }
    memory = Self.memory(of: tree)
    do throws(MachineProblem) {
      let machine = try MachineDescription(tree)
      verdict = Self.hasDriver(machine.console) ? .runs : .runsSilent
    } catch {
      verdict = .doesNot
      reason = error.text
    }
  }

  private static func words(_ find: () throws(MachineProblem) -> String) -> String {
    do throws(MachineProblem) { return try find() } catch { return "none (\(error.text))" }
  }

  private static func processors(of tree: DeviceTree) throws(MachineProblem) -> String {
    var ways: [String: Int] = [:]
    for cpu in MachineDescription.CPUs(tree) {
      let way =
        switch cpu.start {
        case .firmware: "PSCI"
        case .spinTable: "spin table"
        case .mailbox: "mailboxes"
        case .unknown: "one only (\(Self.method(of: cpu)))"
        }
      ways[way, default: 0] += 1
    }
    return "\(try MachineDescription.checkCPUs(in: tree)): " + ways.keys.sorted().joined(separator: ", ")
  }

  /// What the tree says of how a CPU is started that TVisor cannot start.
  private static func method(of cpu: HostCPU) -> String {
    var sink = TextSink()
    HostCPU.write(enableMethod: cpu.enableMethod, to: &sink)
    return sink.text
  }

  private static func memory(of tree: DeviceTree) -> String {
    do throws(MachineProblem) { try MachineDescription.checkMemory(in: tree) } catch {
      if case .missing = error.kind { return "left to the loader" }
      return "none (\(error.text))"
    }
    var size: UInt64 = 0
    MachineDescription.forEachMemoryBank(of: tree) { size = size.saturating(plus: $0.size) }
    return Units.describe(size: size)
  }
}

// Consoles, and whether there is a driver.

extension TreeReport {
  /// That there is no driver for a board's console, or that it is not the one that the tree names, at the start of the system
  /// file.
  static func consoleWarnings(_ machine: MachineDescription, of board: String, in source: SourceText) -> [Problem] {
    var warnings: [String] = []
    let console = machine.console
    if let console, let path = console.passedOverPath { warnings.append(passingOver(path, console)) }
    if !hasDriver(console) {
      let what =
        console.map { "no driver for '\(name(of: $0))', the console of \(board)" } ?? "\(board) names no console"
      warnings.append("\(what): TVisor will be silent")
    }
    return warnings.map { Problem(file: source.path, position: .start, message: $0, isWarning: true) }
  }

  private static func passingOver(_ path: Text, _ console: ConsoleDescription) -> String {
    var sink = TextSink()
    console.write(passingOver: path, to: &sink)
    return sink.text
  }

  private static func hasDriver(_ console: ConsoleDescription?) -> Bool {
    guard let console else { return false }
    return ConsoleModel.first { console.node.isCompatible(with: Text($0)) } != nil
  }

  private static func words(_ console: ConsoleDescription?) -> String {
    guard let console else { return "none named" }
    guard hasDriver(console) else { return "\(name(of: console)), no driver" }
    return name(of: console) + (console.interrupt == nil ? ", polled" : "")
  }

  private static func name(of console: ConsoleDescription) -> String {
    console.node["compatible"]?.string.map { String(decoding: $0, as: UTF8.self) } ?? "nameless UART"
  }
}

extension TreeReport: Detached {}

extension TreeReport: CustomStringConvertible {
  /// All of it, in lines.
  public var description: String {
    """
    \(name): \(model)
      interrupts  \(interruptController)
      timer       \(timer)
      CPUs        \(processors)
      console     \(console)
      memory      \(memory)
      TVisor      \(verdict.rawValue)\(reason.isEmpty ? "" : ": \(reason)")
      once filled by its firmware
      CPUs        \(filled.processors)
      TVisor      \(filled.verdict.rawValue)\(filled.reason.isEmpty ? "" : ": \(filled.reason)")
    """
  }
}
