import Architecture
import Configuration
import DeviceTree
import TestSupport
import Testing

@Suite("Devices of the host that VMs ask for", .timeLimited)
struct PassthroughValidationTests {
  /// All problems of VMs with these devices on virt with the nodes of `HostDevices`.
  private func problems(
    _ vms: [SampleSystem.VM], machine: VirtMachine = HostDevices.machine
  ) throws -> [SystemProblem] {
    let machine = try MachineDescription(machine.makeTree())
    var problems: [SystemProblem] = []
    let system = try SampleSystem(vms: vms).make()
    system.validate(on: machine) { problems.append($0) }
    var storage = HeapStorage()
    var plan = try MemoryPlan(machine, excluding: Span(), in: &storage)
    _ = try plan.place(system, in: &storage) { problems.append($0) }
    return problems
  }

  private func kinds(_ devices: String...) throws -> [SystemProblem.Kind] {
    try problems([.init(devices: devices)]).map(\.kind)
  }

  @Test("a device that masters no bus, with pages of its own, is given")
  func sound() throws {
    #expect(try kinds("/pl061@9030000") == [])
    #expect(try kinds("/pl031@9010000") == [])
  }

  @Test("an entry of reg without size is no obstacle beside one with registers, and no registers by itself")
  func emptyEntries() throws {
    #expect(try kinds("/gaps@90e0000") == [])
    #expect(try kinds("/empty@9110000") == [.noRegisters])
  }

  @Test("without a machine, only what the file itself says is looked at")
  func withoutMachine() throws {
    var problems: [SystemProblem] = []
    let vm = SampleSystem.VM(devices: ["/no", "/such", "/no"])
    try SampleSystem(vms: [vm]).make().validate(on: nil) { problems.append($0) }
    #expect(problems == [SystemProblem(.device(vm: 0, device: 2), .devices, .duplicate(of: 0))])
  }

  @Test("a device goes to one VM, by whatever path it is named")
  func once() throws {
    let found = try problems([
      .init(memorySize: 0x800_0000, devices: ["/pl061@9030000"]),
      .init(name: "b", memorySize: 0x800_0000, devices: ["/pl061", "/pl061@9030000/"]),
    ])
    #expect(
      found == [
        SystemProblem(.device(vm: 1, device: 0), .devices, .duplicate(of: 0)),
        SystemProblem(.device(vm: 1, device: 1), .devices, .duplicate(of: 0)),
      ])
  }

  @Test("a clock's frequency is for who wants one: not where the tree says it, or where there is no clock")
  func clocks() throws {
    func kinds(_ device: String, clock: UInt32) throws -> [SystemProblem.Kind] {
      try problems([.init(devices: [device], deviceClocks: [clock])]).map(\.kind)
    }
    #expect(try kinds("/timed@90d0000", clock: 48_000_000) == [])
    #expect(try kinds("/pl061@9030000", clock: 48_000_000) == [.unusedClock])
    #expect(try kinds("/pl031@9010000", clock: 48_000_000) == [.unusedClock])
  }

  @Test("a path that leads nowhere is told of")
  func nowhere() throws { #expect(try kinds("/nothing") == [.noSuchDevice("/nothing")]) }

  @Test("the console, the interrupt controller and memory stay the hypervisor's")
  func own() throws {
    #expect(try kinds("/pl011@9000000") == [.usedByHypervisor(.console)])
    #expect(try kinds("/intc@8000000").contains(.usedByHypervisor(.interruptController)))
    #expect(try kinds("/memory@40000000") == [.liesInMemory])
    #expect(try kinds("/framebuffer@50000000") == [.liesInMemory])
    #expect(try kinds("/timer") == [.noRegisters])
    #expect(try kinds("/cpus/cpu@0") == [.noRegisters])
    #expect(try kinds("/beside-the-console@9000800") == [.usedByHypervisor(.console)])
  }

  @Test("what is disabled, or on a bus that is, is not given")
  func disabled() throws {
    #expect(try kinds("/off@9050000") == [.disabledDevice])
    #expect(try kinds("/bus/behind@9060000") == [.disabledDevice])
  }

  @Test("a private interrupt, or another controller's, cannot be given")
  func interrupts() throws {
    #expect(try kinds("/private@9070000") == [.foreignInterrupt])
    #expect(try kinds("/elsewhere@9080000") == [.foreignInterrupt])
  }

  @Test("the interrupt of the hypervisor's console cannot be given, whose device has it too")
  func consoleInterrupt() throws {
    #expect(try kinds("/listener@9130000") == [.usedByHypervisor(.console)])
  }

  @Test("a guest has 256 shared interrupts, of which two are its own devices'")
  func interruptRoom() throws {
    #expect(try kinds("/crowd@9140000", "/crowd@9150000") == [])
    #expect(try kinds("/crowd@9140000", "/crowd@9150000", "/pl061@9030000") == [.noRoomForDevices])
  }

  @Test("registers at 2^48 and beyond are none that a CPU could reach, and no region has so many bytes")
  func unreachable() throws {
    #expect(try kinds("/beyond@2000000000000") == [.noRegisters])
    // It has no room in a guest either.
    #expect(try kinds("/immense@800000000000").first == .noRegisters)
  }

  @Test("what a device's node has within it is part of the device")
  func parts() throws { #expect(try kinds("/whole@9160000") == []) }

  @Test("a neighbour in the page of several devices is told of once")
  func sharedNeighbour() throws {
    let found = try problems([.init(devices: ["/third@9170000", "/third@9170400"])])
    #expect(found.map(\.subject) == [.device(vm: 0, device: 0)])
    #expect(try kinds("/third@9170000", "/third@9170400", "/third@9170800") == [])
  }

  @Test("what moves has 80 MiB, and a guest's tree has room for 128 devices")
  func room() throws {
    #expect(try kinds("/vast@8010000000") == [])
    #expect(try kinds("/vast@8010000000", "/far@8000000000") == [.noRoomForDevices])
    let crowd = VirtMachine(gic: .v3) { (root) throws(DeviceTreeError) in
      for index in 0..<129 as Range<UInt64> {
        try root.node("device", at: 0x1000_0000 + index << 12) { (node) throws(DeviceTreeError) in
          try node.property("reg", numbers: [0x1000_0000 + index << 12, 0x1000])
          try node.property("compatible", "arm,pl061")
        }
      }
    }
    let all = (0..<129).map { "/device@\(String(0x1000_0000 + $0 << 12, radix: 16))" }
    #expect(try problems([.init(devices: Array(all.prefix(128)))], machine: crowd) == [])
    #expect(try problems([.init(devices: all)], machine: crowd).map(\.kind) == [.noRoomForDevices])
  }

  @Test("devices of two VMs have no interrupt in common")
  func sharedInterrupt() throws {
    let found = try problems([
      .init(memorySize: 0x800_0000, devices: ["/pl061@9030000"]),
      .init(name: "b", memorySize: 0x800_0000, devices: ["/twin@9090000"]),
    ])
    #expect(found == [SystemProblem(.device(vm: 1, device: 0), .devices, .sharedInterrupt(vm: 0))])
    #expect(try kinds("/pl061@9030000", "/twin@9090000") == [])
  }

  @Test("a device that may master the bus needs identity placement, or that the risk is taken")
  func dma() throws {
    let device = "/virtio_mmio@a002000"
    #expect(try kinds(device) == [.mastersBus])
    #expect(try problems([.init(devices: [device], isAtRisk: true)]) == [])
    let identity = try problems([.init(memorySize: 0x800_0000, devices: [device], isIdentity: true)])
    #expect(identity == [SystemProblem(.device(vm: 0, device: 0), .devices, .reachesAllMemory)])
    #expect(identity.map(\.isWarning) == [true])
    // Once for a VM, however many there are.
    let several = [device, "/virtio_mmio@a003c00", "/virtio_mmio@a003e00"]
    #expect(
      try problems([.init(memorySize: 0x800_0000, devices: several, isIdentity: true)]).map(\.kind)
        == [.reachesAllMemory])
    // A UART with an engine of its own for memory.
    #expect(try kinds("/engine@9180000") == [.mastersBus])
  }

  @Test("a page that another device shares is refused, and both are named")
  func sharedPage() throws {
    let found = try problems([.init(devices: ["/virtio_mmio@a003e00"], isAtRisk: true)])
    let machine = try HostDevices.machine.makeTree()
    #expect(machine.node(path: "/virtio_mmio@a003c00") != nil)
    #expect(found.count == 1)
    var transcript = Transcript()
    found.first?.writeMessage(to: &transcript)
    #expect(
      transcript.text
        == "/virtio_mmio@a003e00 has registers in the same 4 KiB as /virtio_mmio@a003c00; "
        + "give both to the VM, or none")
    #expect(try problems([.init(devices: ["/virtio_mmio@a003e00", "/virtio_mmio@a003c00"], isAtRisk: true)]) == [])
    let parted = try problems([
      .init(memorySize: 0x800_0000, devices: ["/virtio_mmio@a003e00"], isAtRisk: true),
      .init(name: "b", memorySize: 0x800_0000, devices: ["/virtio_mmio@a003c00"], isAtRisk: true),
    ])
    #expect(parted.map(\.subject) == [.device(vm: 0, device: 0), .device(vm: 1, device: 0)])
  }

  @Test("a disabled device in the page counts only where it might reach memory")
  func disabledNeighbour() throws {
    #expect(try kinds("/uart@90a0000") == [])
    #expect(try kinds("/uart@90b0000").count == 1)
  }

  @Test("identity placement needs memory in one piece, and no firmware")
  func identity() throws {
    #expect(try problems([.init(memorySize: 0x1000_0000, isIdentity: true)]) == [])
    let large = try problems([.init(memorySize: 0x4000_0000, isIdentity: true)])
    #expect(large.contains(SystemProblem(.vm(0), .placement, .noIdentity(0x4000_0000))))
    let firmware = try problems([.init(firmwareSize: 0x1000, isIdentity: true)])
    #expect(firmware == [SystemProblem(.vm(0), .placement, .notWithFirmware)])
  }
}
