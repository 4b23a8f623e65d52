internal import Architecture
internal import Configuration
internal import DeviceTree
public import Foundation
internal import Planning

extension Bundler {
  /// Checks a bundle with the validator that the hypervisor runs at boot, without a board or with the one that QEMU
  /// describes when it is given the same options.
  /// - Returns: the warnings.
  /// - Throws: `Problems` at the places in the system file, `Failure` where the board itself is wrong.
  @discardableResult
  public func validate(_ bundle: Bundle, on emulation: Emulation? = nil) async throws -> [Problem] {
    guard let emulation else { return try Self.refusing(Self.problems(of: bundle, on: nil, of: nil)) }
    return try validate(bundle, on: emulation.board, describedBy: await Self.deviceTree(of: emulation))
  }

  /// The same on a board as it is by default: as QEMU plays it or, where QEMU does not, as its loader hands its tree over.
  @discardableResult
  public func validate(_ bundle: Bundle, on board: Board, in project: Project) async throws -> [Problem] {
    guard board.qemu == nil, let tree = project.treePath(of: board) else {
      return try await validate(bundle, on: Emulation(board))
    }
    let bytes = try Files.contents(of: tree)
    return try validate(bundle, on: board, describedBy: TreeFilling.filled(bytes, with: board.memory, of: board.name))
  }

  /// The same on a board whose device tree is at hand.
  @discardableResult
  public func validate(_ bundle: Bundle, on board: Board, describedBy tree: Data) throws -> [Problem] {
    let problems = try AlignedBytes(tree).withDeviceTree(of: board.name) { tree throws(Failure) in
      let machine: MachineDescription
      do throws(MachineProblem) { machine = try MachineDescription(tree) } catch {
        throw Failure("TVisor does not run on this \(board.name): \(error.text)")
      }
      let found = try Self.problems(of: bundle, on: machine, of: board)
      return found + TreeReport.consoleWarnings(machine.console, of: board.name, in: bundle.system.source)
    }
    return try Self.refusing(problems)
  }

  /// The warnings, where there is nothing else.
  private static func refusing(_ problems: [Problem]) throws -> [Problem] {
    guard problems.allSatisfy(\.isWarning) else { throw Problems(problems) }
    return problems
  }

  /// The device tree that QEMU gives a board with these options.
  public static func deviceTree(of emulation: Emulation) async throws -> Data {
    let file = "\(NSTemporaryDirectory())/tvisor-\(UUID().uuidString).dtb"
    let kernel = "\(file).kernel"
    defer { for file in [file, kernel] { try? FileManager.default.removeItem(atPath: file) } }
    try Files.write(Data(count: 4096), to: kernel)
    _ = try await emulation.command(writingDeviceTreeTo: file, booting: kernel).output()
    guard let data = FileManager.default.contents(atPath: file) else {
      throw Failure("QEMU wrote no device tree for \(emulation.board.name)")
    }
    return data
  }

  /// All that is wrong, in the order of the file.
  private static func problems(
    of bundle: Bundle, on machine: MachineDescription?, of board: Board?
  ) throws(Failure) -> [Problem] {
    let warnings = treeWarnings(bundle)
    return try AlignedBytes(bundle.bytes).withDeviceTree(of: "the bundle") { tree throws(Failure) in
      var problems = warnings
      let taken = machine.map { Self.taken(by: bundle, on: $0) } ?? []
      let hosted = machine.flatMap { machine in board.map { Self.hosted(by: machine, of: $0) } }
      let system = SystemDescription(tree)
      system.validate(on: machine, hosting: hosted, excluding: taken.span) { problem in
        problems.append(bundle.system.located(problem))
      }
      // Policies calculate with what is valid by itself.
      if problems.allSatisfy(\.isWarning) {
        problems += bundle.system.planProblems(system, rate: machine?.tickRate ?? .nanoseconds).map(\.1)
      }
      return (problems + bundle.system.doubts).sorted { ($0.position, $0.message) < ($1.position, $1.message) }
    }
  }

  /// Programs that lie where their device tree would be sought.
  private static func treeWarnings(_ bundle: Bundle) -> [Problem] {
    zip(bundle.system.machines, bundle.layouts).filter(\.1.isInWayOfTree).map { machine, layout in
      let register = layout.isa == .aarch32 ? "r2" : "x0"
      var warning = bundle.system.source.problem(
        at: machine.payload.position,
        "the program lies where QEMU's virt has the device tree (\(hexadecimal(GuestLayout.memoryStart)) and on), so that this "
          + "goes to \(hexadecimal(layout.deviceTree)): one that does not take the address from \(register) will not find it; "
          + "link it a few KiB higher")
      warning.isWarning = true
      return warning
    }
  }

  /// The guests that a board's cores run: 64-bit cores whose kernels may be AArch32 are known by name.
  private static func hosted(by machine: MachineDescription, of board: Board) -> HostedInstructionSets {
    guard board.isa != "armv7" else { return HostedInstructionSets(aarch32: true, aarch64: false) }
    let core = machine.cpu(0)?.compatible.map { String(decoding: $0, as: UTF8.self) }
    let model = core.flatMap { CPUModel.named(String($0.split(separator: ",").last ?? "")) }
    return HostedInstructionSets(aarch32: model?.runsAArch32Guests ?? false, aarch64: true)
  }

  /// What a boot loader's files occupy, as QEMU lays them: the hypervisor at the start of memory with the device tree
  /// behind it, and the bundle 128 MiB up.
  private static func taken(by bundle: Bundle, on machine: MachineDescription) -> [AddressRange<PhysicalAddress>] {
    var start: PhysicalAddress?
    machine.forEachMemoryBank { bank in start = min(start ?? bank.start, bank.start) }
    guard let start else { return [] }
    return [
      AddressRange(start: start, size: 8 << 20),
      AddressRange(start: start.advanced(by: 128 << 20), size: UInt64(bundle.bytes.count)),
    ]
  }
}

extension MachineDescription {
  /// The counter's rate where the tree has it; most leave it to the register CNTFRQ, which only the board itself knows.
  var tickRate: TickRate? { timer.clockFrequency.map(TickRate.init(perSecond:)) }
}

extension SystemFile {
  /// A problem that the validator found in the bundle, at the place that it comes from.
  func located(_ problem: SystemProblem) -> Problem {
    var sink = TextSink()
    problem.writeMessage(to: &sink)
    let field = String(decoding: Array(problem.field.name), as: UTF8.self)
    var text = sink.text
    if case .exceedsMachine(_, _, let greatest) = problem.kind {
      // People know their VMs by name.
      text = text.replacing("vm \(greatest)", with: "'\(machines[greatest].name.value)'")
    }
    var found = source.problem(at: position(of: problem), "\(field): \(text)")
    found.isWarning = problem.isWarning
    return found
  }

  private func position(of problem: SystemProblem) -> Position {
    switch problem.subject {
    case .system:
      if case .exceedsMachine(_, _, let greatest) = problem.kind { return machines[greatest].memory.position }
      return machines.first?.memory.position ?? .start
    case .cpu(let index): return processors[index].position(of: problem.field)
    case .window(let index, let window): return processors[index].windows[window].position
    case .vm(let index): return machines[index].position(of: problem.field)
    case .vcpu(let machine, let index): return machines[machine].virtualCPUs[index].position(of: problem.field)
    case .image(let machine, let image): return machines[machine].position(ofImage: image)
    case .device(let machine, let index): return machines[machine].devices[index].path.position
    case .interrupt(let machine, let index): return machines[machine].interrupts[index].position
    }
  }
}

extension SystemFile.Processor {
  fileprivate func position(of field: SystemProblem.Field) -> Position {
    switch field {
    case .slice: slice?.position ?? number.position
    case .overhead: overhead?.position ?? number.position
    case .frame: frame?.position ?? number.position
    case .windows: windows.first?.position ?? number.position
    default: number.position
    }
  }
}

extension SystemFile.VirtualCPU {
  fileprivate func position(of field: SystemProblem.Field) -> Position {
    switch field {
    case .reservation: reservation?.position ?? position
    case .priority: priority?.position ?? position
    default: processor.position
    }
  }
}

extension SystemFile.Machine {
  fileprivate func position(of field: SystemProblem.Field) -> Position {
    switch field {
    case .name: name.position
    case .isa: isa?.position ?? payload.position
    case .memorySize: memory.position
    case .vcpus: virtualCPUs.first?.position ?? position
    case .initialRAMDisk: initialRAMDisk?.position ?? position
    case .bootArguments: bootArguments?.position ?? position
    case .onReset: onReset?.position ?? position
    case .devices: devices.first?.path.position ?? position
    case .interrupts: interrupts.first?.position ?? position
    case .placement: placement?.position ?? position
    case .dma: dma?.position ?? position
    default: payload.position
    }
  }

  /// The RAM disk is the last of a machine's images; all others come from what it runs.
  fileprivate func position(ofImage index: Int) -> Position {
    if let initialRAMDisk, index > 0 { return initialRAMDisk.position }
    return payload.position
  }
}

extension SystemFile.Payload {
  fileprivate var position: Position {
    switch self {
    case .image(let path), .firmware(let path): path.position
    case .raw(_, let address, _): address.position
    }
  }
}
