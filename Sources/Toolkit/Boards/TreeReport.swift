internal import Architecture
internal import Configuration
internal import DeviceTree
internal import Drivers
public import Foundation

/// What TVisor finds in a device tree, and whether it would run there.
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
  /// What comes of it.
  public var verdict: Verdict
  /// Why TVisor does not run, or what its loader has to add; empty where there is nothing to say.
  public var reason = ""

  /// Whether TVisor runs.
  public enum Verdict: String, CaseIterable, Sendable {
    /// As it is.
    case runs
    /// Once the loader has written the memory into the tree, as loaders do.
    case runsOnceFilled = "runs once its loader adds memory"
    /// It runs, but there is no console that it can use.
    case runsSilent = "runs silent"
    /// Not at all.
    case doesNot = "does not run"
  }

  /// Looks into a flattened tree.
  /// - Throws: `Failure` where the bytes are none.
  public init(_ tree: Data, named name: String) throws(Failure) {
    self = try AlignedBytes(tree).withDeviceTree(of: name) { tree throws(Failure) in TreeReport(tree, name) }
    guard verdict == .doesNot, memory == Self.openMemory else { return }
    // What the loader writes there is not known; that it writes something is.
    let filled = try TreeFilling.filled(tree, with: [Board.MemoryBank(start: 0x4000_0000, size: 1 << 30)], of: name)
    let after = try AlignedBytes(filled).withDeviceTree(of: name) { tree throws(Failure) in TreeReport(tree, name) }
    (verdict, reason) = (after.verdict, after.reason)
    if verdict == .runs { verdict = .runsOnceFilled }
  }

  private static let openMemory = "left to the loader"

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
      if case .missing = error.kind { return openMemory }
      return "none (\(error.text))"
    }
    var size: UInt64 = 0
    MachineDescription.forEachMemoryBank(of: tree) { size = size.saturating(plus: $0.size) }
    return Units.describe(size: size)
  }
}

// Consoles, and whether there is a driver.

extension TreeReport {
  /// That there is no driver for a board's console, at the start of the system file.
  static func consoleWarnings(_ console: ConsoleDescription?, of board: String, in source: SourceText) -> [Problem] {
    guard !hasDriver(console) else { return [] }
    let what = console.map { "no driver for '\(name(of: $0))', the console of \(board)" } ?? "\(board) names no console"
    return [Problem(file: source.path, position: .start, message: "\(what): TVisor will be silent", isWarning: true)]
  }

  private static func hasDriver(_ console: ConsoleDescription?) -> Bool {
    guard let console else { return false }
    return ConsoleModel.first { console.node.isCompatible(with: Text($0)) } != nil
  }

  private static func words(_ console: ConsoleDescription?) -> String {
    guard let console else { return "none named" }
    return name(of: console) + (hasDriver(console) ? "" : ", no driver")
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
    """
  }
}
