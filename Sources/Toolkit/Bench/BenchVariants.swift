extension BenchVariant {
  /// All variants for an instruction set that this version's system files can say.
  public static func all(isa: String) -> [BenchVariant] {
    let versions: [UInt64] = isa == "armv7" ? [2] : [3, 2]
    return versions.flatMap { gic in
      let main = versions.first == gic
      return basic(isa, gic) + (main ? crowds(isa, gic) + interrupts(isa, gic) + linux(isa, gic) : [])
    }
  }

  /// One vCPU alone on its CPU, on a board that gives no choice of interrupt controllers, with all of the board's CPUs.
  public static func alone(on board: Board) -> BenchVariant {
    BenchVariant(
      name: "static-\(board.name)", summary: "one vCPU alone on a CPU of \(board.name)", isa: board.isa, gic: 0,
      board: board, processorCount: board.qemu?.processorCount ?? 1,
      load: .system(BenchSystem(isa: board.isa).text(policy: "static", bench: [0])), isStatic: true)
  }

  /// The CPU alone, static and shared; a second vCPU; the change between VMs.
  private static func basic(_ isa: String, _ gic: UInt64) -> [BenchVariant] {
    let processor = BenchSystem(isa: isa)
    var variants = [
      BenchVariant(
        name: "native-gic\(gic)", summary: "the bench at EL1, no hypervisor", isa: isa, gic: gic, processorCount: 2,
        load: .native(arguments: "")),
      BenchVariant(
        name: "static-gic\(gic)", summary: "one vCPU alone on its CPU", isa: isa, gic: gic,
        load: .system(processor.text(policy: "static", bench: [0])), isStatic: true),
      BenchVariant(
        name: "two-cpus-gic\(gic)", summary: "two vCPUs, each alone on its CPU", isa: isa, gic: gic, processorCount: 2,
        load: .system(processor.text(policy: "static", bench: [0, 1])), isStatic: true, isGeneral: false),
      BenchVariant(
        name: "one-cpu-gic\(gic)", summary: "two vCPUs on one CPU, round robin", isa: isa, gic: gic,
        load: .system(processor.text(policy: "round-robin", bench: [0, 0], arguments: "same-cpu")),
        isGeneral: false),
    ]
    for policy in ["round-robin", "earliest-deadline"] {
      variants.append(
        BenchVariant(
          name: "\(policy)-gic\(gic)", summary: "a sleeping VM shares the CPU, \(policy)", isa: isa, gic: gic,
          load: .system(processor.text(policy: policy, bench: [0], others: 1))))
    }
    for (only, policy, summary) in [
      ("switch", "round-robin", "two busy VMs take turns, round robin"),
      ("preempt", "earliest-deadline", "a sleeping VM preempts a busy one, earliest-deadline"),
    ] {
      let system = processor.text(policy: policy, bench: [0], arguments: only, others: 1, othersAre: "busy")
      variants.append(
        BenchVariant(
          name: "\(only)-gic\(gic)", summary: summary, isa: isa, gic: gic, load: .system(system), isGeneral: false))
    }
    return variants
  }

  /// The same CPU with many VMs on it, none of which ever wants to run.
  private static func crowds(_ isa: String, _ gic: UInt64) -> [BenchVariant] {
    [8, 32].map { count in
      BenchVariant(
        name: "vms\(count)-gic\(gic)", summary: "\(count) VMs on the CPU, round robin", isa: isa, gic: gic,
        load: .system(BenchSystem(isa: isa).text(policy: "round-robin", bench: [0], others: count - 1)),
        isCrowd: true)
    }
  }

  /// Many interrupts that the guest has enabled, none of which ever comes.
  private static func interrupts(_ isa: String, _ gic: UInt64) -> [BenchVariant] {
    [64, 256].map { count in
      BenchVariant(
        name: "interrupts\(count)-gic\(gic)", summary: "\(count) interrupts enabled", isa: isa, gic: gic,
        load: .system(
          BenchSystem(isa: isa).text(policy: "static", bench: [0], arguments: "interrupts=\(count)")), isStatic: true)
    }
  }

  private static func linux(_ isa: String, _ gic: UInt64) -> [BenchVariant] {
    [
      BenchVariant(
        name: "linux-native-gic\(gic)", summary: "Debian's Linux, no hypervisor", isa: isa, gic: gic,
        load: .linux(isNative: true),
        isGeneral: false),
      BenchVariant(
        name: "linux-gic\(gic)", summary: "Debian's Linux alone", isa: isa, gic: gic, load: .linux(isNative: false),
        isStatic: true, isGeneral: false),
    ]
  }
}

/// Writes the system files of the bench.
struct BenchSystem {
  /// The instruction set.
  var isa: String

  /// A system with the bench's VM and `others` beside it on CPU 0.
  func text(
    policy: String, bench processors: [Int], arguments: String = "", others: Int = 0, othersAre role: String = "idle"
  ) -> String {
    var text = "cpus:\n"
    // Slices so short that a change of vCPU comes often, and long enough for a few.
    let slice = policy == "round-robin" ? ", slice: 100us" : ""
    for processor in Set(processors).sorted() { text += "  - {cpu: \(processor), policy: \(policy)\(slice)}\n" }
    let reservation = policy == "earliest-deadline" ? "950us every 1ms" : nil
    text += "vms:\n"
    text += machine("bench", megabytes: 16, on: processors, reservation: reservation, arguments: arguments)
    for number in 0..<others { text += machine("other\(number)", megabytes: 4, on: [0], arguments: role) }
    return text
  }

  private func machine(
    _ name: String, megabytes: Int, on processors: [Int], reservation: String? = nil, arguments: String
  ) -> String {
    let vcpus = processors.map { processor in
      reservation.map { "{cpu: \(processor), reserve: \($0)}" } ?? "\(processor)"
    }
    return """
        - name: \(name)
          isa: \(isa == "armv7" ? "aarch32" : "aarch64")
          memory: \(megabytes)MiB
          vcpus: [\(vcpus.joined(separator: ", "))]
          image: "@guests/\(isa)/bench.elf"
      \(arguments.isEmpty ? "" : "    bootargs: \(arguments)\n")
      """
  }
}
