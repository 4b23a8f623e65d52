/// A board in QEMU: all choices made, ready to become a command.
public struct Emulation: Sendable {
  /// The board.
  public var board: Board
  private let qemu: Board.QEMU
  /// The CPU model.
  public var model: String
  /// The GIC's version, or nil where the board gives no choice.
  public var gicVersion: UInt64?
  /// How many CPUs.
  public var processorCount: UInt64
  /// Bytes of memory.
  public var memory: UInt64
  /// Time counts instructions: one for each nanosecond of a counter of 1 GHz, and none while all CPUs sleep. CPUs run in
  /// turn, so that what a run shows does not depend on the host.
  public var countsInstructions = false
  /// Further options for QEMU, such as a disk for a device that a VM is given.
  public var options: [String] = []
  /// What the serial ports before the console's are connected to, as QEMU's `-serial` takes it; nothing where none is named.
  public var otherPorts: [String] = []
  /// Where QEMU writes what the console says besides showing it.
  public var log: String?

  /// The board with choices; nil takes the board's own.
  public init(
    _ board: Board, model: String? = nil, gicVersion: UInt64? = nil, processorCount: UInt64? = nil,
    memory: UInt64? = nil
  ) throws {
    let qemu = try board.playedByQEMU()
    self.board = board
    self.qemu = qemu
    self.model = model ?? qemu.models[0]
    self.gicVersion = gicVersion ?? qemu.gicVersions.first
    self.processorCount = processorCount ?? qemu.processorCount
    self.memory = memory ?? qemu.memory
    if let gicVersion, !qemu.gicVersions.contains(gicVersion) {
      let known = qemu.gicVersions.map { "\($0)" }.joined(separator: " and ")
      throw Failure("\(board.name) has no GICv\(gicVersion); it has \(known.isEmpty ? "no choice of GIC" : known)")
    }
    if let obstacle = CPUModel.obstacle(to: self.model, onBoardFor: board.isa) {
      throw Failure("\(obstacle); take one of \(qemu.models.joined(separator: ", ")), or another board")
    }
    if self.gicVersion == 2, self.processorCount > 8 {
      throw Failure("a GICv2 has at most 8 CPUs, not \(self.processorCount); take a GICv3, or fewer CPUs")
    }
    guard self.memory % (1 << 20) == 0, self.memory > 0 else {
      throw Failure("QEMU takes memory in whole MiB; write for example 1GiB")
    }
  }

  /// What QEMU starts: a kernel with its initial RAM disk and command line.
  public struct Boot: Sendable {
    /// The kernel's file: the hypervisor's raw image.
    public var kernel: String
    /// The initial RAM disk's file: the bundle.
    public var initialRAMDisk: String?
    /// The command line.
    public var arguments: String?

    /// Names what to start.
    public init(kernel: String, initialRAMDisk: String? = nil, arguments: String? = nil) {
      self.kernel = kernel
      self.initialRAMDisk = initialRAMDisk
      self.arguments = arguments
    }
  }

  /// How the console reaches a person or a program.
  public enum Console: Sendable {
    /// A terminal: every key but Ctrl-A goes to the board; Ctrl-A x ends QEMU.
    case terminal
    /// Pipes, with nothing else on them.
    case pipe
    /// Nobody: only to see what the machine is.
    case nobody
  }

  /// The command that boots.
  public func command(booting boot: Boot, console: Console) -> Command {
    var arguments = setUp(machine, console)
    arguments += ["-kernel", boot.kernel]
    if let disk = boot.initialRAMDisk { arguments += ["-initrd", disk] }
    if let line = boot.arguments { arguments += ["-append", line] }
    return Command(qemu.program, arguments + qemu.arguments + options)
  }

  /// The machine with its serial ports: the same whether it boots or only says what it is.
  private func setUp(_ machine: [String], _ console: Console) -> [String] {
    var arguments = machine + ["-nodefaults", "-display", "none", "-no-reboot"]
    let log = log.map { ",logfile=\($0)" } ?? ""
    for number in 0..<Int(qemu.consoleNumber) {
      arguments += ["-serial", number < otherPorts.count ? otherPorts[number] : "null"]
    }
    switch console {
    case .terminal:
      arguments += ["-chardev", "stdio,id=console,mux=on,signal=off\(log)", "-serial", "chardev:console"]
      arguments += ["-mon", "chardev=console"]
    case .pipe:
      arguments += ["-chardev", "stdio,id=console,signal=off\(log)", "-serial", "chardev:console"]
    case .nobody: arguments += ["-serial", "null"]
    }
    return arguments
  }

  /// The command that writes the board's device tree to a file and ends.
  /// - Parameter kernel: any file that is there. With something to boot QEMU acts as the boards' firmware does, whose PSCI the tree
  ///   then has.
  public func command(writingDeviceTreeTo file: String, booting kernel: String) -> Command {
    var machine = machine
    machine[1] += ",dumpdtb=\(file)"
    return Command(qemu.program, setUp(machine, .nobody) + ["-kernel", kernel] + qemu.arguments + options)
  }

  /// What makes the virtual time count instructions, and the clock go by it from a fixed day on: runs are alike.
  static let counting = ["-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01,clock=vm"]

  private var machine: [String] {
    let gic = gicVersion.map { ",gic-version=\($0)" } ?? ""
    let machine = [
      "-M", qemu.machine + gic, "-cpu", countsInstructions ? "\(model),cntfrq=1000000000" : model,
      "-smp", "\(processorCount)", "-m", "\(memory >> 20)M",
    ]
    return countsInstructions ? machine + Self.counting : machine
  }
}
