import Architecture
import Configuration
import DeviceTree
import Foundation
import TestSupport
import Testing

/// The trees of the real `virt`, to hold the ones made here against. Skipped, and said to be, where QEMU is missing.
@Suite("QEMU's own trees", .timeLimited, .enabled(if: Emulator.isInstalled, "qemu-system-aarch64 is not installed"))
struct EmulatorTests {
  @Test("virt's tree is understood as the emulator means it", arguments: [GICVersion.v2, .v3], [1, 4])
  func machine(gic: GICVersion, cpuCount: Int) throws {
    let machine = try MachineDescription(Emulator.tree(gic: gic, cpuCount: cpuCount, virtualization: true))
    #expect(machine.interruptController.version == gic)
    #expect(machine.interruptController.distributor == region(0x800_0000, 0x1_0000))
    #expect(machine.interruptController.maintenanceInterrupt?.identifier == 25)
    #expect(machine.cpus.map(\.affinity) == (0..<cpuCount).map(UInt64.init))
    #expect(machine.timer.hypervisorInterrupt.identifier == 26)
    #expect(machine.console?.registers == region(0x900_0000, 0x1000))
    #expect(machine.console?.interrupt?.identifier == 33)
    #expect(machine.firmware?.conduit == .secureMonitorCall)
    var banks: [AddressRange<PhysicalAddress>] = []
    machine.forEachMemoryBank { banks.append($0) }
    #expect(banks == [region(0x4000_0000, 0x2000_0000)])
  }

  @Test(
    "a guest's tree has only nodes and properties of virt, with virt's values", arguments: [GICVersion.v2, .v3],
    Emulator.Core.allCases)
  func guest(gic: GICVersion, core: Emulator.Core) throws {
    let virt = try Emulator.tree(gic: gic, core: core, cpuCount: 2, virtualization: false)
    let system = SampleSystem(
      vms: [.init(isa: core.isa, memorySize: 0x2000_0000, initrd: nil, bootArguments: nil)])
    let vm = try #require(system.make().vm(0))
    let buffer = unsafe makeBuffer(byteCount: GuestDeviceTree.sizeBound(for: vm))
    let compatible = Array("arm,\(core.rawValue)".utf8).text
    _ = try unsafe GuestDeviceTree.write(vm, gic: gic, cpu: compatible, unsafeInto: buffer)
    let guest = try unsafe DeviceTree(unsafeBytes: UnsafeRawBufferPointer(buffer))

    // Numbers that each tree chooses for itself, and the sizes that GuestMachine says are smaller on purpose.
    let free: Set<String> = ["phandle", "clocks", "interrupt-parent", "/intc@8000000 reg"]
    var comparedCount = 0
    for node in guest.nodes {
      var path = Transcript()
      node.writePath(to: &path)
      // A virt that is nobody's guest has none.
      if path.text == "/hypervisor" { continue }
      let other = try #require(virt.node(path: Array(path.bytes).text), "\(path.text)")
      for (name, value) in node.properties {
        let counterpart = try #require(other[name], "\(path.text) \(name.string)")
        if free.contains(name.string) || free.contains("\(path.text) \(name.string)") { continue }
        #expect(counterpart.array == value.array, "\(path.text) \(name.string)")
        comparedCount += 1
      }
    }
    #expect(comparedCount > 40)
  }
}

/// QEMU, asked for the tree of its virt machine.
enum Emulator {
  /// A core of each instruction set.
  enum Core: String, CaseIterable, Sendable {
    case a53 = "cortex-a53"
    case a15 = "cortex-a15"

    var isa: String { self == .a15 ? "aarch32" : "aarch64" }
  }

  static let program = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .map { "\($0)/qemu-system-aarch64" }.first { FileManager.default.isExecutableFile(atPath: $0) }

  static var isInstalled: Bool { program != nil }

  static func tree(gic: GICVersion, core: Core = .a53, cpuCount: Int, virtualization: Bool) throws -> DeviceTree {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).dtb")
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(program))
    process.arguments = [
      "-nodefaults", "-display", "none", "-cpu", core.rawValue, "-m", "512", "-smp", "\(cpuCount)", "-machine",
      "virt,gic-version=\(gic.rawValue),virtualization=\(virtualization ? "on" : "off"),dumpdtb=\(file.path)",
    ]
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return try unsafe DeviceTree(unsafeBytes: place(Array(Data(contentsOf: file))))
  }
}

extension DeviceTree.Property {
  /// The value's bytes, to compare.
  var array: [UInt8] { (0..<count).map { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) } }
}

extension [UInt8] {
  /// The bytes as text that is never given back.
  var text: Text {
    let buffer = unsafe place(self).bindMemory(to: UInt8.self)
    return unsafe Text(unsafeBase: buffer.baseAddress!, count: count)
  }
}
