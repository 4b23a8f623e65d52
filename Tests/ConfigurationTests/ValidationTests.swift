import Architecture
import Configuration
import DeviceTree
import TestSupport
import Testing

@Suite("Validation", .timeLimited)
struct ValidationTests {
  /// All problems of a system on virt with 512 MiB and four CPUs.
  private func problems(
    _ change: (inout SampleSystem) -> Void, gic: GICVersion = .v3, taken: [AddressRange<PhysicalAddress>] = []
  ) throws -> [SystemProblem] {
    var system = SampleSystem()
    change(&system)
    let machine = try MachineDescription(VirtMachine(gic: gic).makeTree())
    var problems: [SystemProblem] = []
    let description = try system.make()
    description.validate(on: machine) { problems.append($0) }
    var storage = HeapStorage()
    var plan = try MemoryPlan(machine, excluding: taken.span, in: &storage)
    _ = try plan.place(description, in: &storage) { problems.append($0) }
    return problems
  }

  /// All problems of the sample with its one VM changed.
  private func vmProblems(_ change: (inout SampleSystem.VM) -> Void) throws -> [SystemProblem] {
    try problems { change(&$0.vms[0]) }
  }

  /// A problem of the sample's one VM.
  private func vm(_ field: SystemProblem.Field, _ kind: SystemProblem.Kind) -> [SystemProblem] {
    [SystemProblem(.vm(0), field, kind)]
  }

  @Test("the sample is sound, on the machine and without one")
  func sound() throws {
    #expect(try problems { _ in } == [])
    #expect(try problems({ _ in }, gic: .v2) == [])
    var count = 0
    try SampleSystem().make().validate(on: nil) { _ in count += 1 }
    #expect(count == 0)
  }

  @Test("a tree that is no bundle of this version is refused")
  func format() throws {
    let tree = try makeTree { (root) throws(DeviceTreeError) in try root.property("compatible", "tvisor,system-1") }
    var problems: [SystemProblem] = []
    SystemDescription(tree).validate(on: nil) { problems.append($0) }
    #expect(problems == [SystemProblem(.system, .format, .unknownFormat)])
  }

  @Test("there must be a VM, and not more than VMIDs")
  func vmCount() throws {
    #expect(try problems { $0.vms = [] } == [SystemProblem(.system, .vms, .none)])
    let many = try problems { system in
      system.vms = (0..<256).map { .init(name: "vm\($0)") }
    }
    #expect(many == [SystemProblem(.system, .vms, .tooLarge(limit: 255))])
  }

  @Test(
    "a vCPU on a CPU that nobody can start is refused, with what the tree says of it; the CPU that boots needs no start"
  )
  func unstartable() throws {
    func problems(_ method: Text?, vcpus: [UInt32], bootCPU: Int = 0) throws -> [SystemProblem] {
      var system = SampleSystem()
      system.vms[0].vcpus = vcpus
      var machine = try MachineDescription(
        VirtMachine(
          gic: .v3,
          changes: [
            "psci": { (_) throws(DeviceTreeError) in },
            "cpus": { (node) throws(DeviceTreeError) in
              try node.property("#size-cells", 0)
              try node.property("#address-cells", 1)
              if let method { try node.property("enable-method", method) }
              for index in 0..<2 as Range<UInt32> {
                try node.node("cpu", at: UInt64(index)) { (cpu) throws(DeviceTreeError) in
                  try cpu.property("reg", index)
                  try cpu.property("device_type", "cpu")
                }
              }
            },
          ]
        ).makeTree())
      machine.bootCPU = bootCPU
      var found: [SystemProblem] = []
      try system.make().validate(on: machine) { found.append($0) }
      return found
    }
    #expect(try problems("aspeed,ast2600-smp", vcpus: [0, 0]) == [])
    #expect(try problems("aspeed,ast2600-smp", vcpus: [1], bootCPU: 1) == [])
    let refused = try problems("aspeed,ast2600-smp", vcpus: [0, 1])
    #expect(refused.count == 1 && refused[0].subject == .vcpu(vm: 0, vcpu: 1))
    func text(_ problems: [SystemProblem]) -> String {
      var transcript = Transcript()
      problems.first?.write(to: &transcript)
      return transcript.text
    }
    #expect(
      text(refused) == "vm 0, vcpu 1, vcpus: CPU 1 stays off: its enable-method aspeed,ast2600-smp is not known; "
        + "use the CPU that boots")
    #expect(try text(problems(nil, vcpus: [1])).contains("the tree has neither an enable-method nor PSCI"))
    #expect(try text(problems("psci", vcpus: [1])).contains("its enable-method psci has no firmware in the tree"))
  }

  @Test("a name is there, plain, short, not the hypervisor's, and given once")
  func names() throws {
    #expect(try vmProblems { $0.name = nil } == vm(.name, .missing))
    #expect(try vmProblems { $0.name = "" } == vm(.name, .empty))
    #expect(try vmProblems { $0.name = String(repeating: "n", count: 31) } == [])
    #expect(try vmProblems { $0.name = String(repeating: "n", count: 32) } == vm(.name, .tooLong(limit: 31)))
    #expect(try vmProblems { $0.name = "a b" } == vm(.name, .notPlain))
    #expect(try vmProblems { $0.name = "\u{1b}[2J" } == vm(.name, .notPlain))
    #expect(try vmProblems { $0.name = "tvisor" } == vm(.name, .reserved))
    #expect(
      try problems { $0.vms = [.init(memorySize: 0x800_0000), .init(memorySize: 0x800_0000)] }
        == [SystemProblem(.vm(1), .name, .duplicate(of: 0))])
  }

  @Test("words that nobody knows are refused")
  func words() throws {
    #expect(throws: Never.self) { try vmProblems { $0.isa = nil } }
    let isa = try vmProblems { $0.isa = "riscv64" }
    #expect(isa.map(\.field) == [.isa])
    guard case .unknown(let name)? = isa.first?.kind else { throw Unexpected() }
    #expect(name.string == "riscv64")
  }

  @Test("a guest that the machine's CPUs cannot run is refused, where it is known what they run")
  func hosted() throws {
    func problems(_ isa: String?, _ hosted: HostedInstructionSets?) throws -> [SystemProblem] {
      var problems: [SystemProblem] = []
      try SampleSystem(vms: [.init(isa: isa)]).make().validate(on: nil, hosting: hosted) { problems.append($0) }
      return problems
    }
    let old = HostedInstructionSets(aarch32: true, aarch64: false)
    let new = HostedInstructionSets(aarch32: false, aarch64: true)
    #expect(try problems("aarch64", old) == [SystemProblem(.vm(0), .isa, .notHosted("aarch64"))])
    #expect(try problems(nil, old).map(\.field) == [.isa])
    #expect(try problems("aarch32", new) == [SystemProblem(.vm(0), .isa, .notHosted("aarch32"))])
    #expect(try problems("aarch32", old) == [])
    #expect(try problems("aarch64", new) == [])
    #expect(try problems("aarch32", nil) == [])
    #expect(try problems("aarch32", HostedInstructionSets(aarch32: true, aarch64: true)) == [])
  }

  @Test("an unknown word for what follows a reset is refused")
  func onReset() throws {
    let tree = try makeTree { (root) throws(DeviceTreeError) in
      try root.property("compatible", "tvisor,system-2")
      try root.node("vms") { (vms) throws(DeviceTreeError) in
        try vms.node("vm", at: 0) { (vm) throws(DeviceTreeError) in try vm.property("on-reset", "explode") }
      }
    }
    var problems: [SystemProblem] = []
    SystemDescription(tree).validate(on: nil) { problems.append($0) }
    #expect(problems.contains(SystemProblem(.vm(0), .onReset, .unknown("explode"))))
    // All else that a VM needs is missing, and said to be.
    for field: SystemProblem.Field in [.name, .memorySize, .vcpus, .entry] {
      #expect(problems.contains(SystemProblem(.vm(0), field, .missing)))
    }
  }

  @Test("a command line is at most what Linux keeps")
  func bootArguments() throws {
    #expect(try vmProblems { $0.bootArguments = String(repeating: "x", count: 2047) } == [])
    #expect(
      try vmProblems { $0.bootArguments = String(repeating: "x", count: 2048) }
        == vm(.bootArguments, .tooLong(limit: 2047)))
  }

  @Test("memory is whole pages, better whole blocks, and neither nothing nor endless")
  func memorySize() throws {
    #expect(try vmProblems { $0.memorySize = nil }.first == vm(.memorySize, .missing).first)
    #expect(try vmProblems { $0.memorySize = 0 }.first == vm(.memorySize, .tooSmall(limit: 0x20_0000)).first)
    #expect(try vmProblems { $0.memorySize = 0x1000_0800 } == vm(.memorySize, .misaligned(to: 4096)))
    let warning = try vmProblems { $0.memorySize = 0x1000_1000 }
    #expect(warning == vm(.memorySize, .betterAligned(to: 0x20_0000)))
    #expect(warning.map(\.isWarning) == [true])
    #expect(
      try vmProblems { $0.memorySize = .max }.first == vm(.memorySize, .tooLarge(limit: 0x7f_c000_0000)).first)
    #expect(try vmProblems { $0.memorySize = .max }.allSatisfy { !$0.isWarning })
  }

  @Test("all VMs together fit what is free, in blocks of 2 MiB")
  func exceedsMachine() throws {
    func total(_ sizes: [UInt64], firmware: UInt64? = nil, taken: [AddressRange<PhysicalAddress>] = [])
      throws -> [SystemProblem]
    {
      try problems(
        { system in
          system.vms = sizes.enumerated().map { .init(name: "vm\($0)", memorySize: $1, firmwareSize: firmware) }
        }, taken: taken
      ).filter { !$0.isWarning }
    }
    let mega: UInt64 = 1 << 20
    #expect(try total([256 * mega, 256 * mega]) == [])
    #expect(
      try total([256 * mega, 258 * mega])
        == [SystemProblem(.system, .memorySize, .exceedsMachine(needed: 514 * mega, free: 512 * mega, greatest: 1))])
    // 128 MiB and a page take a block more.
    #expect(
      try total([384 * mega, 128 * mega + 4096])
        == [SystemProblem(.system, .memorySize, .exceedsMachine(needed: 514 * mega, free: 512 * mega, greatest: 0))])
    #expect(
      try total([512 * mega], firmware: 4096)
        == [SystemProblem(.system, .memorySize, .exceedsMachine(needed: 514 * mega, free: 512 * mega, greatest: 0))])
    // A reservation that straddles two blocks costs both.
    #expect(
      try total([512 * mega], taken: [region(0x4800_0000 - 4096, 8192)])
        == [SystemProblem(.system, .memorySize, .exceedsMachine(needed: 512 * mega, free: 508 * mega, greatest: 0))])
    #expect(try total([508 * mega], taken: [region(0x4800_0000 - 4096, 8192)]) == [])
  }

  @Test("vCPUs are there, not too many for the GIC, and on CPUs that are there")
  func vcpus() throws {
    #expect(try vmProblems { $0.vcpus = nil } == vm(.vcpus, .missing))
    #expect(try vmProblems { $0.vcpus = [] } == vm(.vcpus, .none))
    #expect(try problems({ $0.vms[0].vcpus = Array(repeating: 0, count: 8) }, gic: .v2) == [])
    #expect(
      try problems({ $0.vms[0].vcpus = Array(repeating: 0, count: 9) }, gic: .v2)
        == vm(.vcpus, .tooLarge(limit: 8)))
    #expect(try problems({ $0.vms[0].vcpus = Array(repeating: 0, count: 9) }, gic: .v3) == [])
    // The map has room for 123 redistributors of 128 KiB; the interrupt controller's model serves 64 vCPUs.
    #expect(try vmProblems { $0.vcpus = Array(repeating: 0, count: 64) } == [])
    #expect(try vmProblems { $0.vcpus = Array(repeating: 0, count: 65) } == vm(.vcpus, .tooLarge(limit: 64)))
    #expect(
      try vmProblems { $0.vcpus = [0, 4] }
        == [SystemProblem(.vcpu(vm: 0, vcpu: 1), .vcpus, .noSuchCPU(4, count: 4))])
    #expect(try vmProblems { $0.vcpus = [0, 1, 2, 3] } == [])
  }

  @Test("a CPU is there, described once, with a slice that makes sense")
  func cpus() throws {
    #expect(try problems { $0.cpus = [.init(index: 0, slice: 10_000), .init(index: 3, slice: 10_000_000_000)] } == [])
    #expect(
      try problems { $0.cpus = [.init(index: 4)] }
        == [SystemProblem(.cpu(index: 0), .cpu, .noSuchCPU(4, count: 4))])
    #expect(
      try problems { $0.cpus = [.init(index: 2), .init(index: 1), .init(index: 2)] }
        == [SystemProblem(.cpu(index: 2), .cpu, .duplicate(of: 0))])
    #expect(
      try problems { $0.cpus = [.init(index: 0, slice: 0)] }
        == [SystemProblem(.cpu(index: 0), .slice, .tooSmall(limit: 10_000))])
    #expect(
      try problems { $0.cpus = [.init(index: 0, slice: .max)] }
        == [SystemProblem(.cpu(index: 0), .slice, .tooLarge(limit: 10_000_000_000))])
  }

  @Test("interrupts without a device are not given")
  func interrupts() throws {
    #expect(try vmProblems { $0.interrupts = [32] } == vm(.interrupts, .notOffered))
  }

  struct Unexpected: Error {}
}
