import Architecture
import Configuration
import DeviceTree
import Foundation
import TestSupport
import Testing
import Toolkit

@Suite("A bundle", .timeLimited)
struct BundleTests {
  private static let text = """
    cpus:
      - {cpu: 1, policy: round-robin, slice: 2ms}
      - {cpu: 3, policy: earliest-deadline}
      - {cpu: 2, policy: cyclic, overhead: 0, frame: 10ms, windows: [{vm: rom, at: 1ms, for: 4ms}]}
    vms:
      - name: linux
        memory: 64MiB
        vcpus: [0, {cpu: 0, priority: 7}]
        image: Image
        initrd: disk
        bootargs: console=ttyAMA0 quiet
        on-reset: stop
      - {name: rom, memory: 32MiB, vcpus: [2], firmware: rom}
      - {name: timed, memory: 32MiB, vcpus: [{cpu: 3, reserve: 200us every 1ms within 500us}, 3], firmware: rom}
    """

  private static func bundle() async throws -> Bundler.Bundle {
    let folder = try Scratch()
    try folder.write(linuxImage(imageSize: 0x20_0000), to: "Image")
    try folder.write(Data([7, 8, 9]), to: "disk")
    try folder.write(Data(count: 8), to: "rom")
    let system = try SystemFile(parsing: SourceText(path: "\(folder.path)/s.yaml", text: text))
    return try await Bundler(project: Project(root: URL(fileURLWithPath: folder.path))).bundle(system)
  }

  @Test(
    "whose program lies where its device tree will be sought is warned of, where it is named",
    arguments: [("0x4000_0000", true), ("0x4000_1ff0", true), ("0x4000_2000", false), ("0x4010_0000", false)])
  func treeWarning(address: String, isWarned: Bool) async throws {
    let folder = try Scratch()
    try folder.write(Data(count: 32), to: "x")
    let text = "vms:\n  - name: a\n    memory: 64MiB\n    vcpus: [0]\n    raw: {path: x, address: \(address)}\n"
    let system = try SystemFile(parsing: SourceText(path: "\(folder.path)/s.yaml", text: text))
    let bundler = Bundler(project: Project(root: URL(fileURLWithPath: folder.path)))
    let warnings = try await bundler.check(bundler.bundle(system)).warnings
    let found = warnings.filter { $0.message.contains("one that does not take the address from x0 will not find it") }
    #expect(warnings.allSatisfy(\.isWarning) && found.count == (isWarned ? 1 : 0))
    if let warning = found.first {
      #expect(warning.position.line == 5 && warning.message.contains("goes to 0x40200000"))
    }
  }

  @Test("whose numbers make no sense by themselves is refused for that alone: no policy is asked what it makes of them")
  func senseless() async throws {
    let folder = try Scratch()
    try folder.write(Data(count: 8), to: "rom")
    let text = """
      cpus: [{cpu: 0, policy: earliest-deadline}]
      vms:
        - {name: a, memory: 32MiB, firmware: rom, vcpus: [{cpu: 0, reserve: 3ms every 2ms}]}
      """
    let system = try SystemFile(parsing: SourceText(path: "\(folder.path)/s.yaml", text: text))
    let bundler = Bundler(project: Project(root: URL(fileURLWithPath: folder.path)))
    let bundle = try await bundler.bundle(system)
    let error = await #expect(throws: Problems.self) { try await bundler.check(bundle) }
    #expect(
      error?.problems.map(\.message)
        == ["reserve: must have budget, deadline and period in this order of length; lengthen the later ones"])
  }

  @Test("holds all that the system file and its images say")
  func roundTrip() async throws {
    let bundle = try await Self.bundle()
    let bytes = [UInt8](bundle.bytes)
    try unsafe bytes.withUnsafeBytes { memory in
      let system = SystemDescription(try unsafe DeviceTree(unsafeBytes: memory))
      #expect(system.hasKnownFormat)
      #expect(system.vmCount == 3)
      let table = try #require(system.cpu(2))
      #expect((table.overheadNanoseconds, table.frameNanoseconds, table.windowCount) == (0, 10_000_000, 1))
      #expect(
        table.window(0)
          == CPUDescription.Window(vm: 1, vcpu: 0, startNanoseconds: 1_000_000, lengthNanoseconds: 4_000_000))
      let timed = try #require(system.vm(2))
      #expect(
        timed.reservation(vcpu: 0)
          == TimeReservation(budgetNanoseconds: 200_000, periodNanoseconds: 1_000_000, deadlineNanoseconds: 500_000))
      #expect(timed.reservation(vcpu: 1) == nil)
      #expect(system.cpu(1)?.sliceNanoseconds == 2_000_000)
      #expect(system.cpu(1)?.policyName == "round-robin")
      let linux = try #require(system.vm(0))
      #expect(linux.name == "linux")
      #expect(linux.isa == "aarch64")
      #expect(linux.memorySize == 64 << 20)
      #expect((linux.vcpuCount, linux.physicalCPU(vcpu: 0), linux.physicalCPU(vcpu: 1)) == (2, 0, 0))
      #expect((0..<2).map(linux.priority(vcpu:)) == [0, 7])
      #expect(linux.entry.rawValue == 0x4000_0000)
      #expect(linux.initialRAMDisk?.start.rawValue == 0x4020_0000)
      #expect(linux.initialRAMDisk?.size == 3)
      #expect(linux.deviceTree?.rawValue == 0x4040_0000)
      #expect(linux.bootArguments == "console=ttyAMA0 quiet")
      #expect(linux.onReset == .stop)
      #expect(linux.images.map(\.address.rawValue) == [0x4000_0000, 0x4020_0000])
      #expect(linux.images.map { $0.data?.count } == [128, 3])
      let rom = try #require(system.vm(1))
      #expect((rom.entry.rawValue, rom.firmwareSize) == (0, 4096))
      #expect(rom.deviceTree?.rawValue == 0x4000_0000)
    }
  }

  @Test("passes the validator that the hypervisor runs at boot")
  func validates() async throws {
    let bundle = try await Self.bundle()
    let warnings = try await Bundler(project: Project(root: URL(fileURLWithPath: "/"))).check(bundle).warnings
    // A priority under round robin is allowed.
    #expect(warnings.map(\.position.line) == [8])
  }

  @Test("that the board cannot hold is refused at the places of the system file")
  func boardCheck() async throws {
    let folder = try Scratch()
    try folder.write(Data(count: 8), to: "rom")
    let text = """
      vms:
        - name: a
          memory: 4GiB
          vcpus: [0, 3]
          firmware: rom
      """
    let project = try Project.locate()
    let system = try SystemFile(parsing: SourceText(path: "\(folder.path)/s.yaml", text: text))
    let bundle = try await Bundler(project: project).bundle(system)
    let emulation = try Emulation(project.board(named: "qemu-virt-armv8"), processorCount: 2, memory: 1 << 30)
    let error = await #expect(throws: Problems.self) {
      try await Bundler(project: project).check(bundle, on: emulation)
    }
    let narrow = try Emulation(project.board(named: "qemu-virt-armv7"), processorCount: 4)
    let refused = await #expect(throws: Problems.self) {
      try await Bundler(project: project).check(bundle, on: narrow)
    }
    #expect(refused?.problems.contains { $0.message.contains("the machine's CPUs run no aarch64 guests") } == true)
    let places = error?.problems.map(\.position)
    #expect(places == [Position(line: 3, column: 13), Position(line: 4, column: 16)])
    #expect(error?.problems.last?.message == "vcpus: there is no CPU 3; the machine has 2, counted from 0")
  }

  @Test("whose reservations a CPU cannot keep is refused at the reservation that is one too many")
  func admission() async throws {
    let folder = try Scratch()
    try folder.write(Data(count: 8), to: "rom")
    let text = """
      cpus: [{cpu: 1, policy: earliest-deadline, overhead: 0}]
      vms:
        - name: a
          memory: 2MiB
          vcpus: [0, {cpu: 1, reserve: 3ms every 5ms}]
          firmware: rom
        - name: b
          memory: 2MiB
          vcpus: [{cpu: 1, reserve: 3ms every 5ms}]
          firmware: rom
      """
    let system = try SystemFile(parsing: SourceText(path: "\(folder.path)/s.yaml", text: text))
    let bundler = Bundler(project: Project(root: URL(fileURLWithPath: folder.path)))
    let bundle = try await bundler.bundle(system)
    let error = await #expect(throws: Problems.self) { try await bundler.check(bundle) }
    #expect(error?.problems.map(\.position) == [Position(line: 9, column: 31)])
    #expect(error?.problems.first?.message.hasPrefix("cpu 1, b vcpu 0: the reservations up to this one") == true)
    #expect(error?.problems.first?.message.contains("take 120 % of the CPU, and it has 100 %") == true)
  }
}
