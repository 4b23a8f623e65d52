internal import ARMv7
internal import Architecture
internal import Configuration
internal import DeviceTree
public import Foundation
internal import Planning

extension Bundler {
  /// What a check found where nothing is wrong.
  public struct Findings: Sendable {
    /// What is doubtful.
    public var warnings: [Problem]
    /// Where each VM's memory lies, in words; empty without a board.
    public var places: [String]
    /// What is known of the errata of each kind of core that the board has; empty without a board.
    public var cores: [String] = []
  }

  /// Checks a bundle with the validator that the hypervisor runs at boot, without a board or with the one that QEMU
  /// describes when it is given the same options.
  /// - Returns: the warnings, and where each VM's memory lies.
  /// - Throws: `Problems` at the places in the system file, `Failure` where the board itself is wrong.
  @discardableResult
  public func check(_ bundle: Bundle, on emulation: Emulation? = nil) async throws -> Findings {
    guard let emulation else { return try Self.refusing(Self.findings(of: bundle, on: nil, of: nil)) }
    return try check(bundle, on: emulation.board, describedBy: await Self.deviceTree(of: emulation))
  }

  /// The same on a board as it is by default: as QEMU plays it or, where QEMU does not, as its loader hands its tree over.
  public func check(_ bundle: Bundle, on board: Board, in project: Project) async throws -> Findings {
    guard board.qemu == nil, let tree = project.treePath(of: board) else {
      return try await check(bundle, on: Emulation(board))
    }
    let bytes = try Files.contents(of: tree)
    return try check(bundle, on: board, describedBy: TreeFilling.filled(bytes, with: board.memory, of: board.name))
  }

  /// The same on a board whose device tree is at hand.
  @discardableResult
  public func check(_ bundle: Bundle, on board: Board, describedBy tree: Data) throws -> Findings {
    let findings = try AlignedBytes(tree).withDeviceTree(of: board.name) { tree throws(Failure) in
      let machine: MachineDescription
      do throws(MachineProblem) { machine = try MachineDescription(tree) } catch {
        throw Failure("TVisor does not run on this \(board.name): \(error.text)")
      }
      var found = try Self.findings(of: bundle, on: machine, of: board)
      found.cores = Self.cores(of: machine)
      found.warnings += TreeReport.consoleWarnings(machine, of: board.name, in: bundle.system.source)
      return found
    }
    return try Self.refusing(findings)
  }

  /// The kinds of cores that a board's tree names, each with what is done about its errata, whatever version it is.
  private static func cores(of machine: MachineDescription) -> [String] {
    var lines: [String] = []
    for cpu in machine.cpus {
      let compatible = cpu.compatible.map { String(decoding: $0, as: UTF8.self) } ?? ""
      let name = String(compatible.split(separator: ",").last ?? "")
      let line = "\(name): \(ErrataReport.summary(ofCore: name) ?? "not in the table of errata")"
      if !lines.contains(line) { lines.append(line) }
    }
    return lines
  }

  /// What was found, where that is nothing but warnings.
  private static func refusing(_ findings: Findings) throws -> Findings {
    guard findings.warnings.allSatisfy(\.isWarning) else { throw Problems(findings.warnings) }
    return findings
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

  /// All that is wrong, in the order of the file, and where VMs lie.
  private static func findings(
    of bundle: Bundle, on machine: MachineDescription?, of board: Board?
  ) throws(Failure) -> Findings {
    let warnings = treeWarnings(bundle)
    return try AlignedBytes(bundle.bytes).withDeviceTree(of: "the bundle") { tree throws(Failure) in
      var problems = warnings
      let hosted = machine.flatMap { machine in board.map { Self.hosted(by: machine, of: $0) } }
      let system = SystemDescription(tree)
      system.validate(on: machine, hosting: hosted) { problem in problems.append(bundle.system.located(problem)) }
      let places = machine.map { machine in
        let taken = Self.taken(by: bundle, on: machine, of: board)
        return Self.places(of: system, on: machine, excluding: taken) { problems.append(bundle.system.located($0)) }
      }
      // Policies calculate with what is valid by itself.
      if problems.allSatisfy(\.isWarning) {
        problems += bundle.system.planProblems(system, rate: machine?.tickRate ?? .nanoseconds).map(\.1)
      }
      problems = (problems + bundle.system.doubts).sorted { ($0.position, $0.message) < ($1.position, $1.message) }
      return Findings(warnings: problems, places: places ?? [])
    }
  }

  /// Where the hypervisor will put each VM's memory, in words.
  private static func places(
    of system: SystemDescription, on machine: MachineDescription, excluding taken: [AddressRange<PhysicalAddress>],
    report: (SystemProblem) -> Void
  ) -> [String] {
    var arena = HeapArena()
    // The heap has room for every list.
    guard var plan = try? MemoryPlan(machine, excluding: taken.span, in: &arena),
      let places = try? plan.place(system, in: &arena, report: report)
    else { return [] }
    let words = places.indices.map { index in
      var sink = TextSink()
      places[index].write(to: &sink)
      return "\(String(decoding: system.vm(index)?.name ?? "", as: UTF8.self)): \(sink.text)"
    }
    withExtendedLifetime(arena) {}
    return words
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
  /// behind it, and the bundle 128 MiB up; and what the hypervisor could not reach.
  private static func taken(
    by bundle: Bundle, on machine: MachineDescription, of board: Board?
  ) -> [AddressRange<PhysicalAddress>] {
    var start: PhysicalAddress?
    machine.forEachMemoryBank { bank in start = min(start ?? bank.start, bank.start) }
    guard let start else { return [] }
    var taken = [
      AddressRange(start: start, size: 8 << 20),
      AddressRange(start: start.advanced(by: 128 << 20), size: UInt64(bundle.bytes.count)),
    ]
    if board?.isa == "armv7" {
      let end = PhysicalAddress(AddressSpaceLayout.linearSize)
      taken += [AddressSpaceLayout.imageWindow, AddressRange(start: end, size: .max)]
    }
    return taken
  }
}

extension Bundler.Findings: Detached {}

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
