internal import Foundation

/// Runs variants of the bench in QEMU, where every instruction is counted, and nothing else.
public struct BenchRunner: Sendable {
  /// The checkout.
  public var project: Project
  /// How long one variant may take: only a hang takes longer.
  public var patience = Duration.seconds(240)

  /// The CPU model; nil for the one that the baseline has.
  public var model: String?
  /// The command line for the hypervisor.
  public var arguments: String?

  /// A runner in a checkout.
  public init(project: Project) {
    self.project = project
  }

  /// Runs one variant to its end.
  /// - Throws: `Failure` with the console's last lines where it hangs, fails, or says nothing.
  public func run(_ variant: BenchVariant) async throws -> [String: BenchFigure] {
    let said = try await transcript(of: variant)
    var figures: [String: BenchFigure] = [:]
    if case .linux = variant.load {
      figures["linux-to-user-space"] = Self.userSpace(in: said.text)
    } else {
      let lines = variant.isNative ? said.text : said.text(of: "bench")
      for line in lines.split(separator: "\n") {
        if let (name, figure) = BenchFigure.reading(line) { figures[name] = figure }
      }
      if variant.isNative { figures["reset-to-first-guest-instruction"] = nil }
    }
    guard !figures.isEmpty else { throw Failure("\(variant.name) measured nothing:\n\(said.tail())") }
    guard figures.values.allSatisfy({ $0.unit == "instructions" }) else {
      throw Failure("\(variant.name): this QEMU does not count instructions:\n\(said.tail())")
    }
    if let arena = Self.arena(in: said.text), let image = try? self.image(variant.isa) {
      let memory = MemoryMapReport(image, name: "").memorySize
      figures["hypervisor-memory"] = BenchFigure(once: arena + memory, unit: "bytes")
    }
    return figures
  }

  /// The parts of the hypervisor's image, which must be built.
  public func imageFigures(_ isa: String) throws -> [String: BenchFigure] {
    var figures: [String: BenchFigure] = [:]
    let sections = try image(isa).sections
    for name in ["text", "rodata", "data", "bss"] {
      let size = sections.filter { $0.name == ".\(name)" }.reduce(0) { $0 + $1.size }
      figures["image-\(name)"] = BenchFigure(once: size, unit: "bytes")
    }
    let stored = ["text", "rodata", "data"].compactMap { figures["image-\($0)"]?.median }.reduce(0, +)
    figures["image-bytes"] = BenchFigure(once: stored, unit: "bytes")
    return figures
  }

  private func image(_ isa: String) throws -> ELFFile {
    let path = ImageBuilder(project: project).executable(of: ImageBuilder.hypervisor(isa))
    let data = try Files.contents(of: path)
    return try ELFFile(data)
  }

  private func transcript(of variant: BenchVariant) async throws -> Transcript {
    let command = try await command(of: variant)
    let patience = patience
    return try await QEMUSession.run(command) { console in
      do {
        switch variant.load {
        case .linux: try await console.expect("as init process", within: patience)
        case .native: try await console.expect("bench: done", within: patience)
        case .system: try await console.expect("bench: done", from: "bench", within: patience)
        }
      } catch let failure as Failure {
        throw Failure("\(variant.name): \(failure)")
      }
      let transcript = await console.transcript
      guard !Launch.hasPanicked(transcript.text) else { throw Failure("the hypervisor failed:\n\(transcript.text)") }
      return transcript
    }
  }

  /// `[tvisor] arena: N of M KiB used`, in bytes.
  public static func arena(in text: String) -> UInt64? {
    text.firstMatch(of: /arena: ([0-9]+) of [0-9]+ KiB used/).flatMap { UInt64($0.1) }.map { $0 << 10 }
  }

  /// The kernel's own stamp of the line before it starts `/init`: seconds to six places since its clock began to count.
  public static func userSpace(in text: String) -> BenchFigure? {
    guard let match = text.firstMatch(of: /\[ *([0-9]+)\.([0-9]{6})\] Run [^ ]+ as init process/),
      let seconds = UInt64(match.1), let micro = UInt64(match.2)
    else { return nil }
    return BenchFigure(once: (seconds * 1_000_000 + micro) * 1000, unit: "instructions")
  }
}

extension BenchRunner {
  /// One tick of the 1 GHz counter is one instruction, and time stands still for nobody's sleep.
  private static let counting = Emulation.counting

  func command(of variant: BenchVariant) async throws -> Command {
    let emulation = try emulation(of: variant)
    var command: Command
    switch variant.load {
    case .system(let text):
      command = try await self.command(booting: text, variant, on: emulation)
    case .native(let arguments):
      let boot = Emulation.Boot(
        kernel: "\(project.guests)/\(variant.isa)/bench.elf", arguments: arguments.isEmpty ? nil : arguments)
      command = emulation.command(booting: boot, console: .pipe)
    case .linux(let isNative):
      let (guest, kernel) = variant.isa == "armv7" ? ("debian-armhf", "zImage") : ("debian-arm64", "Image")
      if isNative {
        let boot = Emulation.Boot(
          kernel: "\(project.guests)/\(guest)/\(kernel)",
          initialRAMDisk: "\(project.guests)/\(guest)/initramfs.cpio.gz", arguments: "console=ttyAMA0")
        command = emulation.command(booting: boot, console: .pipe)
      } else {
        command = try await self.command(booting: linuxSystem(guest, kernel, variant.isa), variant, on: emulation)
      }
    }
    command.arguments += Self.counting
    return command
  }

  private func emulation(of variant: BenchVariant) throws -> Emulation {
    if let board = variant.board {
      return try Emulation(board, model: "\(try model ?? board.playedByQEMU().models[0]),cntfrq=1000000000")
    }
    var board = try project.board(named: "qemu-virt-\(variant.isa)")
    if variant.isNative {
      board.qemu?.machine.replace(",virtualization=on", with: "")
    }
    let model = model ?? (variant.isa == "armv7" ? "cortex-a15" : "cortex-a57")
    return try Emulation(
      board, model: "\(model),cntfrq=1000000000", gicVersion: variant.gic, processorCount: variant.processorCount,
      memory: 1 << 30)
  }

  private func command(booting text: String, _ variant: BenchVariant, on emulation: Emulation) async throws -> Command {
    let system = try SystemFile(parsing: SourceText(path: "\(variant.name).yaml", text: text))
    let bundler = Bundler(project: project)
    let bundle = try await bundler.bundle(system)
    try await bundler.check(bundle, on: emulation)
    return try Launch(project: project, emulation: emulation)
      .command(
        // The same random numbers each time, and so the same count.
        booting: bundle, as: "bench-\(variant.isa)-\(variant.name)",
        arguments: "tvisor.seed=bench" + (arguments.map { " " + $0 } ?? ""), console: .pipe)
  }

  private func linuxSystem(_ guest: String, _ kernel: String, _ isa: String) -> String {
    """
    cpus:
      - {cpu: 0, policy: static}
    vms:
      - name: debian
        isa: \(isa == "armv7" ? "aarch32" : "aarch64")
        memory: 512MiB
        vcpus: [0]
        image: "@guests/\(guest)/\(kernel)"
        initrd: "@guests/\(guest)/initramfs.cpio.gz"
        bootargs: console=ttyAMA0
    """
  }
}
